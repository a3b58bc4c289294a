// Original file: proto/vais/remote/v1/agent.proto


export interface WatchEventsRequest {
}

export interface WatchEventsRequest__Output {
}
