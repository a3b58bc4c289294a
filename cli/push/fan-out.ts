import { VaisError } from '../../common/error.ts';
import { type Context, interruptedExit } from '../show/context.ts';
import type { Output } from '../show/output.ts';
import { errorReport, type Report } from '../show/report.ts';
import type { AgentTarget } from '../targets/connect.ts';

/**
 * Does the same to several targets, all at once, and says of each report which target it is about. None waits for another, and
 * one that fails keeps none of the others from going on. With one target, it is as if that were asked for by itself.
 *
 * @returns 0 when all went well, else the exit code of the first target, in their order, that did not
 */
export async function forEach(
  targets: readonly [AgentTarget, ...AgentTarget[]],
  context: Context,
  work: (target: AgentTarget, context: Context) => Promise<number>,
): Promise<number> {
  if (targets.length === 1) return work(targets[0], context);
  const codes = await Promise.all(
    targets.map(async (target, index) => {
      const output = labelled(context.output, target.address, (push) => (push - 1) * targets.length + index + 1);
      try {
        return await work(target, { ...context, output });
      } catch (thrown) {
        if (context.signal.aborted) return interruptedExit;
        const error = VaisError.from(thrown);
        output.show(errorReport(error));
        return error.exitCode;
      }
    }),
  );
  return codes.find((code) => code !== 0) ?? 0;
}

/** @param number the pushes of all targets are counted together, so that they can be told apart */
function labelled(output: Output, target: string, number: (push: number) => number): Output {
  return {
    show: (report) => {
      const push = 'push' in report && report.push !== undefined ? { push: number(report.push) } : {};
      output.show({ ...report, ...push, target } as Report);
    },
    flush: () => output.flush(),
    ...(output.buildsTo === undefined ? {} : { buildsTo: output.buildsTo }),
  };
}
