// Original file: proto/vais/remote/v1/agent.proto


export interface Verified {
}

export interface Verified__Output {
}
