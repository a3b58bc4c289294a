// Original file: proto/vais/remote/v1/agent.proto


export interface ReadLogRequest {
  'program'?: (string);
  'lines'?: (number);
  'follow'?: (boolean);
}

export interface ReadLogRequest__Output {
  'program': (string);
  'lines': (number);
  'follow': (boolean);
}
