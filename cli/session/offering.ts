import type { LocalImage } from '../../artifact/transfer/local-image.ts';
import type { Progress } from '../../artifact/transfer/upload.ts';
import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { SessionResponse__Output } from '../../rpc/gen/vais/remote/v1/SessionResponse.ts';

/** What ends an offer: one of the two. */
export type LastWord = {
  readonly [Word in 'ack' | 'nack']?: SessionResponse__Output[Word] | undefined;
};

/** How an image travelled. */
export interface Sent {
  /** `stored`: the agent had it. */
  readonly way: 'stored' | 'inline' | 'delta' | 'chunks';
  /** Bytes that were sent for it. */
  readonly bytes: number;
  /** Bytes of the image that the agent had of an earlier attempt. */
  readonly had: number;
}

/** What is to be offered. */
export interface Offering {
  readonly manifest: Manifest;
  readonly image: LocalImage;
  /** Asked for when the offer is sent: microseconds since the push began. */
  readonly elapsedUs: () => number;
  readonly onEvent: (event: Event__Output) => void;
  /** Hears how much of a large image has come. */
  readonly onProgress?: (progress: Progress) => void;
  /** Hears, once, how the image travelled. */
  readonly onSent?: (sent: Sent) => void;
}
