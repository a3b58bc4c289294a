// Original file: proto/vais/remote/v1/agent.proto


export interface GetStatusRequest {
  'includeContracts'?: (boolean);
}

export interface GetStatusRequest__Output {
  'includeContracts': (boolean);
}
