import type { ServerWritableStream } from '@grpc/grpc-js';
import { VaisError } from '../../common/error.ts';
import type { ReadLogRequest__Output } from '../../rpc/gen/vais/remote/v1/ReadLogRequest.ts';
import type { ReadLogResponse } from '../../rpc/gen/vais/remote/v1/ReadLogResponse.ts';
import { hideInternals, toStatus } from '../../rpc/status.ts';
import type { CallerOf } from '../trust/limits.ts';

/** A program that the agent started, as far as what it writes goes. */
export interface Logged {
  listen(lines: number, onLines: (lines: readonly string[]) => void): Promise<() => void>;
}

interface LogDeps {
  readonly supervised: ReadonlyMap<string, Logged>;
  readonly callerOf: CallerOf;
}

/** At most so many of the newest lines are sent, and so many in one message. */
const mostLines = 10_000;
const batch = 500;
/** A reader that leaves so many messages unread is let go, rather than kept in memory. */
const mostUnread = 1_024;

/** Sends what a program wrote, to those who may touch it. */
export async function readLog(call: ServerWritableStream<ReadLogRequest__Output, ReadLogResponse>, deps: LogDeps) {
  let stop: () => void = () => undefined;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    stop();
  };
  call.on('cancelled', end).on('close', end).on('error', end);
  try {
    const { lines, follow } = call.request;
    const program = programOf(call, deps);
    const logged = deps.supervised.get(program);
    if (logged === undefined) throw notKept(program, deps);
    call.write({ program, lines: [] }); // So that whoever asked knows that it is kept.
    stop = await logged.listen(Math.max(0, Math.min(lines, mostLines)), (said) => {
      for (let from = 0; from < said.length && !isOver; from += batch) {
        call.write({ program, lines: said.slice(from, from + batch) });
        if (call.writableLength <= mostUnread) continue;
        end();
        call.emit('error', toStatus(new VaisError('busy', 'the client does not read the log')));
      }
    });
    if (isOver) stop();
    else if (!follow) {
      stop();
      call.end();
    }
  } catch (thrown) {
    call.emit('error', toStatus(hideInternals(VaisError.from(thrown))));
  }
}

/** Which program is meant, where the caller may read of it. @throws VaisError */
function programOf(call: ServerWritableStream<ReadLogRequest__Output, ReadLogResponse>, deps: LogDeps): string {
  const { name, programs } = deps.callerOf(call);
  const may = (program: string): boolean => programs.length === 0 || programs.includes(program);
  const asked = call.request.program;
  if (asked !== '') {
    if (may(asked)) return asked;
    throw new VaisError('not_permitted', `${name} may read of ${programs.join(', ')}, and of no other program`);
  }
  const theirs = [...deps.supervised.keys()].filter(may);
  const [only, second] = theirs;
  if (only === undefined) throw notKept('', deps);
  if (second === undefined) return only;
  throw new VaisError('no_such_program', `the agent has started several programs: ${theirs.join(', ')}`, {
    hint: 'Name one: vais-remote logs PROGRAM.',
  });
}

function notKept(program: string, { supervised }: LogDeps): VaisError {
  const what = program === '' ? 'the agent has started no program' : `the agent has not started ${program}`;
  const has = [...supervised.keys()].join(', ');
  return new VaisError('no_such_program', `${what}, so it keeps no output of it`, {
    hint:
      has === '' ? 'It keeps what programs write that it starts: agent --run NAME=COMMAND.' : `It has started ${has}.`,
  });
}
