// Original file: proto/vais/remote/v1/agent.proto


export interface Open {
  'clientVersion'?: (string);
}

export interface Open__Output {
  'clientVersion': (string);
}
