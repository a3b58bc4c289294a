import type { VaisError } from '../common/error.ts';

/**
 * The result of `start`, or the error of `late` when it takes longer than `ms` milliseconds.
 *
 * @param start begins the work; what it is given begins the time anew
 */
export async function within<Result>(
  ms: number,
  start: (restart: () => void) => Promise<Result>,
  late: () => VaisError,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([start(() => timer?.refresh()), deadline]);
  } finally {
    clearTimeout(timer);
    timer = undefined;
  }
}
