// Original file: proto/vais/remote/v1/agent.proto


export interface Failure {
  'code'?: (string);
  'message'?: (string);
  'hint'?: (string);
}

export interface Failure__Output {
  'code': (string);
  'message': (string);
  'hint': (string);
}
