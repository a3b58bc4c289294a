// Original file: proto/vais/remote/v1/trust.proto


export interface ListDevelopersRequest {
}

export interface ListDevelopersRequest__Output {
}
