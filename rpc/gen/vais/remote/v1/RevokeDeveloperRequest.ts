// Original file: proto/vais/remote/v1/trust.proto


export interface RevokeDeveloperRequest {
  'developer'?: (string);
}

export interface RevokeDeveloperRequest__Output {
  'developer': (string);
}
