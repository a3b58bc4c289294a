/**
 * `agent/` is the service beside the program: receive → verify → stage → check → deliver → report. It may import
 * `common/`, `artifact/` and `rpc/`.
 *
 * What the agent has to say is data; `render.ts` makes lines for people of it, `main.ts` chooses between those and JSON.
 */
import type { Detail } from '../../rpc/event.ts';
import type { OriginName } from '../../rpc/names.ts';

/** What each event of a push says, whatever the stage. */
export interface EventHead {
  readonly program: string;
  readonly module: string;
  /** 0 as long as the push has no version. */
  readonly version: number;
  readonly buildId: string;
  /** SHA-256 of the image; empty for the code the program started with. */
  readonly digest: string;
  /** The process that said so; 0 where the agent itself did. */
  readonly pid: number;
  readonly origin: OriginName;
  /** The fast build whose place the image takes in its version. */
  readonly refines?: string;
  /** Who signed it. */
  readonly developer?: string;
  /** Milliseconds since the push began. */
  readonly ms: number;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
}

/** A push reached a stage. */
export type PushEvent = EventHead & Detail;

/** Something is wrong on this machine. */
export interface Warning {
  readonly event: 'warning';
  readonly message: string;
}

/** Everything that the agent says. */
export type Notice =
  | {
      readonly event: 'ready';
      readonly address: string;
      readonly link: string;
      readonly insecure: boolean;
      readonly data: string;
    }
  | { readonly event: 'token'; readonly token: string; readonly seconds: number }
  /** Nobody is paired, and a token would be kept where many can read it. */
  | { readonly event: 'unpaired'; readonly data: string }
  | { readonly event: 'linked' | 'unlinked'; readonly program: string; readonly pid: number }
  | { readonly event: 'started'; readonly program: string; readonly pid: number; readonly adopted: boolean }
  | { readonly event: 'exited'; readonly program: string; readonly how: string; readonly restartMs?: number }
  | { readonly event: 'output'; readonly program: string; readonly text: string }
  | Warning
  | { readonly event: 'stopped' }
  | PushEvent;

/** Where the rooms of the agent say things. */
export type Say = (notice: Notice) => void;
