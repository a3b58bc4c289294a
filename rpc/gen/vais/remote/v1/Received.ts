// Original file: proto/vais/remote/v1/agent.proto


export interface Received {
}

export interface Received__Output {
}
