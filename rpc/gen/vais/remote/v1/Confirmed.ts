// Original file: proto/vais/remote/v1/agent.proto


export interface Confirmed {
}

export interface Confirmed__Output {
}
