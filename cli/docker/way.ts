import { VaisError } from '../../common/error.ts';
import type { Context } from '../context.ts';
import { dial } from './dial.ts';
import { type Found, requireRunning } from './find.ts';
import { Forward } from './forward.ts';
import { findAgent, type InsideAgent, noAgent } from './inside.ts';

/** A way to the agent in one container, which outlasts the container's restarts. */
export interface Way {
  /** As gRPC dials it. */
  readonly dial: string;
  readonly agent: InsideAgent;
  /** Why it led nowhere the last time, if it did. */
  readonly failure: VaisError | undefined;
  close(): Promise<void>;
}

/**
 * Opens a way to the agent of a container. Each connection looks at the container anew, so that it is found again when it has
 * restarted with another address or port.
 *
 * @throws VaisError `paused`, `unreachable` when it does not run or has no agent
 */
export async function openWay(found: Found, _context: Context): Promise<Way> {
  requireRunning(found);
  const agent = await requireAgent(found);
  const { engine, name } = found;
  const forward = await Forward.open(async () => {
    const details = await engine.inspect(found.details.Id);
    if (details === undefined) throw new VaisError('unreachable', `the container ${name} is gone`);
    const now = { ...found, details };
    requireRunning(now);
    return dial(now, await requireAgent(now));
  });
  return {
    dial: forward.address,
    agent,
    get failure() {
      return forward.failure;
    },
    close: () => forward.close(),
  };
}

async function requireAgent(found: Found): Promise<InsideAgent> {
  const agent = await findAgent(found);
  if (agent === undefined) throw noAgent(found.name);
  return agent;
}
