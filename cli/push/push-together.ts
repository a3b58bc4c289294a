import { mostTogether } from '../../artifact/act/manifest.ts';
import { VaisError } from '../../common/error.ts';
import type { Offerer } from '../session/reconnecting-session.ts';
import { type ErrorReport, errorReport } from '../show/report.ts';
import type { Outcome } from './outcome.ts';
import { groupOf, type Push } from './push.ts';
import { bring, isReady, type Planned, type PushOnceContext, type PushTarget, plan } from './push-once.ts';

/** What became of one push of several. */
export interface Ended {
  readonly planned: Planned;
  readonly outcome: Outcome;
}

/**
 * Several files at once: those for one program swap together, or none of them does. Those for other programs are pushed
 * all the same. Gives how each ended, one program after the other, until the signal is given.
 */
export async function* pushTogether(
  pushes: readonly Push[],
  session: Offerer,
  target: PushTarget,
  context: PushOnceContext,
  signal: AbortSignal,
): AsyncGenerator<Ended> {
  const planned: Planned[] = [];
  for (const push of pushes) {
    if (signal.aborted) return;
    planned.push(await plan(push, session, target, context, signal));
  }
  for (const members of byProgram(planned)) {
    const together = asGroup(members);
    const waiting = new Set<() => void>();
    const outcomes = await Promise.all(together.map((each) => bring(each, session, context, waiting)));
    if (signal.aborted) return;
    for (const [index, outcome] of outcomes.entries()) {
      const each = together[index];
      if (each !== undefined) yield { planned: each, outcome };
    }
  }
}

function byProgram(planned: readonly Planned[]): Planned[][] {
  const programs = new Map<string | number, Planned[]>();
  for (const each of planned) {
    const key = each.destination?.program ?? each.push.id;
    programs.set(key, [...(programs.get(key) ?? []), each]);
  }
  return [...programs.values()];
}

/** The pushes of one program, to be offered together; or each with what keeps them all from it. */
function asGroup(members: readonly Planned[]): readonly Planned[] {
  if (members.length < 2) return members;
  const faulty = members.find((each) => !isReady(each));
  const modules = members.map(({ destination }) => destination?.module ?? '');
  const twice = modules.find((module, index) => modules.indexOf(module) !== index);
  if (faulty !== undefined) return members.map((each) => (isReady(each) ? refuse(each, faulty) : each));
  if (twice !== undefined) return members.map((each) => refuseFor(each, `two of the files are module ${twice}`));
  if (members.length > mostTogether)
    return members.map((each) => refuseFor(each, `at most ${mostTogether} modules can swap together`));
  const group = groupOf(modules);
  return members.map((each) => (isReady(each) ? { ...each, made: { ...each.made, group } } : each));
}

function refuse(planned: Planned, { push, made }: Planned): Planned {
  const { code, message } = made as ErrorReport;
  const path = planned.push.unit.path;
  const why = code === 'contract_changed' ? 'the running program cannot take it' : (message.split('\n')[0] ?? '');
  const error = new VaisError(code, `${path} is not pushed, as ${push.unit.path} is not: ${why}`, {
    hint: 'Modules of one program that are pushed together swap together. Push them one by one if they need not.',
  });
  return failed(planned, error);
}

function refuseFor(planned: Planned, why: string): Planned {
  const hint = 'Push them one after the other.';
  return failed(planned, new VaisError('usage', `${planned.push.unit.path} is not pushed: ${why}`, { hint }));
}

function failed({ push, destination }: Planned, error: VaisError): Planned {
  const made = errorReport(error, { push: push.id, file: push.unit.path });
  return { push, made, ...(destination === undefined ? {} : { destination }) };
}
