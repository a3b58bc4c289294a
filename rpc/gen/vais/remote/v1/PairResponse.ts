// Original file: proto/vais/remote/v1/trust.proto


export interface PairResponse {
  'certificate'?: (string);
  'agentId'?: (string);
  'agentName'?: (string);
  'developer'?: (string);
  'programs'?: (string)[];
}

export interface PairResponse__Output {
  'certificate': (string);
  'agentId': (string);
  'agentName': (string);
  'developer': (string);
  'programs': (string)[];
}
