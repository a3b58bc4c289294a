// Original file: proto/vais/remote/v1/agent.proto


export interface Unchanged {
}

export interface Unchanged__Output {
}
