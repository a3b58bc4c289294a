import { VaisError } from '../../common/error.ts';
import type { Context } from '../show/context.ts';
import { errorReport } from '../show/report.ts';

/** What the keys do with one module of one target. */
export interface Watched {
  readonly again: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly rollBack?: () => Promise<void>;
}

/** What the keys do with the command. */
interface Command {
  readonly quit: () => void;
  /** What is built from now on is built anew, also from the same sources. */
  readonly nextRound: () => void;
}

/** Does what the keys say, until what it returns is called. */
export function listenForKeys(context: Context, watched: ReadonlySet<Watched>, command: Command): () => void {
  const { style, output, print } = context;
  const { dim } = style.colors;
  let isPaused = false;
  let isRolling = false;
  const rollBack = async (): Promise<void> => {
    if (isRolling) return; // The key repeats itself while it is held down.
    isRolling = true;
    try {
      for (const { rollBack: back } of watched) await back?.();
    } catch (thrown) {
      output.show(errorReport(VaisError.from(thrown)));
    } finally {
      isRolling = false;
    }
  };
  const pause = (): void => {
    isPaused = !isPaused;
    output.flush();
    print(dim(isPaused ? 'paused: saves are kept; p goes on' : 'going on'));
    for (const each of watched)
      if (isPaused) each.pause();
      else each.resume();
  };
  const again = (): void => {
    command.nextRound();
    for (const each of watched) each.again();
  };
  const stop = context.keys((key) => {
    if (key === 'q') command.quit();
    else if (key === 'r') again();
    else if (key === 'p') pause();
    else if (key === 'b') void rollBack();
  });
  if (stop === undefined) return () => undefined;
  print(dim('r push again · b roll back · p pause · q quit'));
  return stop;
}
