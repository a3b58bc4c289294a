// Original file: proto/vais/remote/v1/agent.proto


export interface ReadLogResponse {
  'program'?: (string);
  'lines'?: (string)[];
}

export interface ReadLogResponse__Output {
  'program': (string);
  'lines': (string)[];
}
