// Original file: proto/vais/remote/v1/agent.proto


export interface Swapped {
  'pauseUs'?: (number | string);
  '_pauseUs'?: "pauseUs";
}

export interface Swapped__Output {
  'pauseUs'?: (number);
  '_pauseUs'?: "pauseUs";
}
