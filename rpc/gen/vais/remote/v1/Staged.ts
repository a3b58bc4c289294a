// Original file: proto/vais/remote/v1/agent.proto


export interface Staged {
}

export interface Staged__Output {
}
