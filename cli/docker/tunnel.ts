import { VaisError } from '../../common/error.ts';
import { AttachedStore } from './attached-store.ts';
import { dial } from './dial.ts';
import { type Found, requireRunning } from './find.ts';
import { Forward } from './forward.ts';
import { findAgent, type InsideAgent, noAgent } from './inside.ts';

/** A way to the agent in one container, which outlasts the container's restarts. */
export interface Tunnel {
  /** As gRPC dials it. */
  readonly dial: string;
  readonly agent: InsideAgent;
  /** True where the agent had to be attached again, so that it may have lost who it was. */
  readonly reattached: boolean;
  /** Why it led nowhere the last time, if it did. */
  readonly failure: VaisError | undefined;
  close(): void;
}

/**
 * Opens a way to the agent of a container. Each connection looks at the container anew, so that it is found again when it has
 * restarted with another address or port.
 *
 * @param config the developer's folder, which knows what was attached
 * @throws VaisError `paused`, `unreachable` when it does not run or has no agent
 */
export async function openTunnel(found: Found, config: string, say: (text: string) => void): Promise<Tunnel> {
  const agents = new Agents(new AttachedStore(config), say);
  const agent = await agents.of(await lookAgain(found));
  const forward = await Forward.open(async () => {
    const now = await lookAgain(found);
    return dial(now, await agents.of(now));
  });
  return {
    dial: forward.address,
    agent,
    reattached: agents.attachedAgain,
    get failure() {
      return forward.failure;
    },
    close: () => forward.close(),
  };
}

/** A container as it is now. @throws VaisError `paused`, `unreachable` when it does not run */
async function lookAgain(found: Found): Promise<Found> {
  const details = await found.engine.inspect(found.details.Id);
  if (details === undefined) throw new VaisError('unreachable', `the container ${found.name} is gone`);
  const now = { ...found, details };
  requireRunning(now);
  return now;
}

/** Finds the agent of a container. One that was attached went when the container restarted, and is attached again. */
class Agents {
  readonly #attached: AttachedStore;
  readonly #say: (text: string) => void;
  #attaching: Promise<InsideAgent> | undefined;
  attachedAgain = false;

  constructor(attached: AttachedStore, say: (text: string) => void) {
    this.#attached = attached;
    this.#say = say;
  }

  async of(found: Found): Promise<InsideAgent> {
    const agent = await findAgent(found);
    if (agent !== undefined) return agent;
    this.#attaching ??= this.#attach(found).finally(() => {
      this.#attaching = undefined;
    });
    return this.#attaching;
  }

  async #attach(found: Found): Promise<InsideAgent> {
    const wish = await this.#attached.find(found.details.Id);
    if (wish === undefined) throw noAgent(found.name);
    const { attach } = await import('./attach.ts');
    const { agent } = await attach(found, wish);
    this.attachedAgain = true;
    this.#say(`${found.name} has restarted: its agent is attached again`);
    return agent;
  }
}
