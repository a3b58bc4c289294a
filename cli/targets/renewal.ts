import { VaisError } from '../../common/error.ts';
import type { Context } from '../show/context.ts';
import { type AgentTarget, type Connection, connect, readTarget, renewalDue } from './connect.ts';
import type { PairedTarget } from './store.ts';

/** A look at the clock is due so often at least and at most, in milliseconds: clocks jump, and machines sleep. */
const pause = { least: 2_000, most: 3_600_000 };

/**
 * Renews the certificate of a command that runs for long, when its time has come. Returns how to stop that.
 *
 * @param use gets a connection with the new certificate, which is the caller's to close
 */
export function keepRenewed(target: AgentTarget, context: Context, use: (next: Connection) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const arm = (paired: PairedTarget): void => {
    const left = Math.min(pause.most, Math.max(pause.least, renewalDue(paired) - Date.now()));
    timer = setTimeout(() => void look(paired), left);
  };
  const look = async (before: PairedTarget): Promise<void> => {
    let paired = before;
    try {
      // What is stored may be newer: another command has renewed it.
      const next = await connect(await readTarget(before.name, context), context);
      if (next.paired !== undefined && next.paired.certificate !== before.certificate && !isOver) {
        paired = next.paired;
        use(next);
      } else {
        next.close();
      }
    } catch (thrown) {
      context.say(VaisError.from(thrown).message);
    }
    if (!isOver) arm(paired);
  };
  if (target.paired !== undefined) arm(target.paired);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
