// Original file: proto/vais/remote/v1/agent.proto


export interface ListHistoryRequest {
  'program'?: (string);
  'module'?: (string);
  'line'?: (number);
}

export interface ListHistoryRequest__Output {
  'program': (string);
  'module': (string);
  'line': (number);
}
