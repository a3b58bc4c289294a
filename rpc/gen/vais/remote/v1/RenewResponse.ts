// Original file: proto/vais/remote/v1/trust.proto


export interface RenewResponse {
  'certificate'?: (string);
}

export interface RenewResponse__Output {
  'certificate': (string);
}
