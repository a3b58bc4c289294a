import type { VaisError } from './error.ts';

/**
 * The result of `work`, or the error of `late` when it takes longer than `ms` milliseconds.
 *
 * @param begun gets what begins the time anew
 */
export async function within<Result>(
  ms: number,
  work: Promise<Result>,
  late: () => VaisError,
  begun: (restart: () => void) => void = () => undefined,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  begun(() => timer?.refresh());
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
    timer = undefined;
  }
}
