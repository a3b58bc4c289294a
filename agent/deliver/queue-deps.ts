import type { PushEvent } from '../say/notice.ts';
import type { ImageStore } from '../store/images.ts';
import type { DeathOf } from './delivery.ts';

/** What a queue needs of its surroundings. */
export interface QueueDeps {
  readonly images: ImageStore;
  readonly deathOf: DeathOf;
  /** Given when the agent ends: what is under way is left to the next one. */
  readonly closing: AbortSignal;
  /** Gets the events of what the queue begins by itself. */
  readonly publish: (event: PushEvent) => void;
  readonly warn: (message: string) => void;
  /** Called when what a module runs or should run has changed. */
  readonly changed: () => void;
}
