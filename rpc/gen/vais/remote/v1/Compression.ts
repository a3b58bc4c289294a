// Original file: proto/vais/remote/v1/agent.proto

export const Compression = {
  COMPRESSION_UNSPECIFIED: 'COMPRESSION_UNSPECIFIED',
  COMPRESSION_BROTLI: 'COMPRESSION_BROTLI',
} as const;

export type Compression =
  | 'COMPRESSION_UNSPECIFIED'
  | 0
  | 'COMPRESSION_BROTLI'
  | 1

export type Compression__Output = typeof Compression[keyof typeof Compression]
