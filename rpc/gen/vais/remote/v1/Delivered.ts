// Original file: proto/vais/remote/v1/agent.proto


export interface Delivered {
}

export interface Delivered__Output {
}
