// Original file: proto/vais/remote/v1/trust.proto


export interface PairRequest {
  'secret'?: (Buffer | Uint8Array | string);
  'certificateRequest'?: (Buffer | Uint8Array | string);
  'signingKey'?: (Buffer | Uint8Array | string);
  'developer'?: (string);
  'proof'?: (Buffer | Uint8Array | string);
}

export interface PairRequest__Output {
  'secret': (Buffer);
  'certificateRequest': (Buffer);
  'signingKey': (Buffer);
  'developer': (string);
  'proof': (Buffer);
}
