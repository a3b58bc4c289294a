import { join } from 'node:path';
import { Command } from 'commander';
import { VaisError } from '../../common/error.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import type { Target } from '../../rpc/address.ts';
import type { AgentClient } from '../../rpc/client.ts';
import type { Child } from '../demo/child.ts';
import {
  applyEdit,
  brighter,
  demoName,
  demoSource,
  type Edit,
  framesPerLine,
  misfit,
  mistyped,
} from '../demo/source.ts';
import { Stage } from '../demo/stage.ts';
import { PushClock } from '../push/clock.ts';
import type { Outcome } from '../push/outcome.ts';
import { pushOnce } from '../push/push-once.ts';
import { readAnswers } from '../push/rollback-answers.ts';
import { vaisUnit } from '../push/vais.ts';
import { ImageCache } from '../session/image-cache.ts';
import type { PushSession } from '../session/push-session.ts';
import { type Context, interruptedExit, withFolder } from '../show/context.ts';
import type { Report, StageReport } from '../show/report.ts';
import { formatMs } from '../show/style.ts';
import { type CommonFlags, type Edge, jsonOption } from './flags.ts';

export function command({ run }: Edge): Command {
  return new Command('demo')
    .description('see it work, in under 20 seconds: nothing to set up, nothing left behind')
    .addOption(jsonOption())
    .action((flags: CommonFlags) => run('demo', flags, demo));
}

const steps = 6;
const timeoutMs = 10_000;

/** `demo`: the whole way, once, for real, in a temporary folder. What it claims, it checks. */
async function demo(context: Context): Promise<number> {
  const { signal } = context;
  try {
    await withFolder(async (folder) => {
      const stage = new Stage(folder, context);
      try {
        await play(stage, folder, context);
      } finally {
        await stage.close();
      }
    });
    return 0;
  } catch (thrown) {
    if (signal.aborted) return interruptedExit;
    throw thrown;
  }
}

async function play(stage: Stage, folder: string, context: Context): Promise<void> {
  const { output } = context;
  const begun = performance.now();
  const step = (number: number, title: string, text: string): void =>
    output.show({ event: 'step', step: number, of: steps, title, text });

  step(
    1,
    'Build a program',
    `${demoName}.vais has a loop, some state, and one function marked #[hot]. It becomes an ordinary executable.`,
  );
  await stage.save(demoSource);
  const built = await stage.build();
  output.show({ event: 'remark', text: `Built with ${built.toolchain} in ${formatMs(built.ms)}.` });

  step(
    2,
    'Run it, with an agent beside it',
    'The program owns its state. The agent listens for new code and checks it before the program sees it.',
  );
  const target = await stage.startAgent();
  const program = stage.startProgram();
  const scene = new Scene(stage, folder, context, program);
  await scene.watch(8);
  const { session, client } = await stage.openSession();

  step(
    3,
    'Save a change while it runs',
    'One line of the hot function, compiled, sent, checked, and swapped in between two calls.',
  );
  const pushed = await scene.push(brighter, session, target);
  expect(pushed, 'done');
  await scene.watch(8);
  output.show({ event: 'remark', text: scene.continuity() });

  step(4, 'Go back', 'Every version is kept. The one before is one command away: vais-remote rollback');
  const back = await scene.rollback(client);
  expect(back, 'done');
  await scene.watch(8);

  step(5, 'Make a mistake', 'A field that does not exist. All errors come at once, with their places.');
  expect(await scene.push(mistyped, session, target), 'compile_failed');
  output.show({ event: 'remark', text: 'Nothing was sent. The program has not noticed:' });
  await scene.watch(4);

  step(
    6,
    'Make a change that cannot fit',
    'The running loop calls glow with one argument. Code that expects two would read garbage.',
  );
  expect(await scene.push(misfit, session, target), 'contract_changed');
  output.show({ event: 'remark', text: 'Refused by name, before a byte was sent. And still:' });
  await scene.watch(4);
  scene.continuity();

  output.show({
    event: 'summary',
    ms: performance.now() - begun,
    swapMs: scene.swapMs,
    next: [
      { command: 'vaisc build game.vais', text: 'your program, version 1 inside' },
      { command: 'vais-remote agent --help', text: 'an agent beside it' },
      { command: 'vais-remote watch game.vais --to …', text: 'a push at each save' },
      { command: 'vais-remote doctor', text: 'is this machine as fast as it can be?' },
      { command: 'docs/cli.md', text: 'every command, and the exit codes' },
    ],
  });
}

/** The running program as the audience sees it, and what is done to it. */
class Scene {
  readonly #stage: Stage;
  readonly #folder: string;
  readonly #context: Context;
  readonly #program: Child;
  #shown = 0;
  #version = '';
  #source = demoSource;
  #pushes = 0;
  readonly swapMs: number[] = [];

  constructor(stage: Stage, folder: string, context: Context, program: Child) {
    this.#stage = stage;
    this.#folder = folder;
    this.#context = context;
    this.#program = program;
  }

  /** Shows the program's next lines, as they come. */
  async watch(lines: number): Promise<void> {
    for (let index = 0; index < lines; index += 1) {
      await this.#program.line(this.#shown, this.#context.signal);
      this.#showNext();
    }
  }

  /** Shows what the old version said while a push was on its way. */
  #catchUp(): void {
    for (;;) {
      const text = this.#program.lines[this.#shown];
      if (text === undefined || parseLine(text).version !== this.#version) return;
      this.#showNext();
    }
  }

  #showNext(): void {
    const text = this.#program.lines[this.#shown];
    if (text === undefined) return;
    const { version } = parseLine(text);
    const changed = this.#version !== '' && version !== this.#version;
    this.#version = version;
    this.#shown += 1;
    this.#context.output.show({ event: 'output', program: demoName, text, changed });
  }

  /** Edits the source, saves it and pushes it. A change that was taken stays in the source. */
  async push(edit: Edit, session: PushSession, target: Target): Promise<Outcome> {
    const { output, signal } = this.#context;
    const { text, changes } = applyEdit(this.#source, edit);
    output.show({ event: 'edit', file: `${demoName}.vais`, changes });
    const push = {
      id: ++this.#pushes,
      unit: vaisUnit(this.#stage.file),
      clock: new PushClock(),
      read: readFromDisk,
    };
    await this.#stage.save(text);
    const heard = { show: (report: Report): void => this.#hear(report), flush: () => output.flush() };
    const cache = new ImageCache(join(this.#folder, 'cache'));
    const pushContext = { output: heard, options: {}, folder: this.#folder, cache, timeoutMs };
    const outcome = await pushOnce(push, session, target, pushContext, signal);
    if (outcome.event === 'done') this.#source = text;
    this.#catchUp();
    output.show(this.#tidy(outcome));
    return outcome;
  }

  async rollback(client: AgentClient): Promise<Outcome> {
    const { output, signal } = this.#context;
    const clock = new PushClock();
    const request = { program: demoName, module: demoName, version: 0, elapsedUs: clock.offer() };
    const push = ++this.#pushes;
    const show = (report: StageReport): void => this.#hear({ ...report, push });
    const outcome = await readAnswers(client.rollback(request, signal), clock, request, show);
    this.#catchUp();
    output.show({ ...outcome, push });
    return outcome;
  }

  /** That no frame was lost or counted twice, over all swaps. @throws VaisError when that is not so */
  continuity(): string {
    const lines = this.#program.lines.map(parseLine);
    for (const [index, { frame }] of lines.entries()) {
      const due = framesPerLine * (index + 1);
      if (frame !== due) throw new VaisError('internal', `the program counted ${frame} where ${due} was due`);
    }
    const first = lines.find(({ version }) => version === '2');
    if (first === undefined) throw new VaisError('internal', 'the new version never ran');
    const before = first.frame - framesPerLine;
    return `Frame ${before} ran the old code, frame ${first.frame} the new one. Nothing was restarted: the count went on.`;
  }

  #hear(report: Report): void {
    if (report.event === 'swapped' && report.origin !== 'rollback') this.swapMs.push(report.ms);
    this.#context.output.show(this.#tidy(report));
  }

  /** Without the temporary folder's path, which tells nobody anything. */
  #tidy<Each extends Report>(report: Each): Each {
    const plain = (_key: string, value: unknown): unknown =>
      typeof value === 'string' ? value.replaceAll(`${this.#folder}/`, '') : value;
    return JSON.parse(JSON.stringify(report, plain)) as Each;
  }
}

function parseLine(text: string): { readonly frame: number; readonly version: string } {
  const [, frame, version] = /^frame +(\d+) +version (\d+)/.exec(text) ?? [];
  if (frame === undefined || version === undefined) throw new VaisError('internal', `the demo's program said: ${text}`);
  return { frame: Number(frame), version };
}

function expect(outcome: Outcome, what: string): void {
  const got = outcome.event === 'done' ? 'done' : outcome.code;
  if (got === what) return;
  const why = outcome.event === 'error' ? `: ${outcome.message}` : '';
  throw new VaisError('internal', `the demo expected ${what} and got ${got}${why}`);
}
