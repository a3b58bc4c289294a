// Original file: proto/vais/remote/v1/agent.proto


export interface Loaded {
  'resident'?: (string);
}

export interface Loaded__Output {
  'resident': (string);
}
