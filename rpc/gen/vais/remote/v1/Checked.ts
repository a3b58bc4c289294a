// Original file: proto/vais/remote/v1/agent.proto


export interface Checked {
}

export interface Checked__Output {
}
