import { machineCause } from './machine.ts';

/**
 * The one error class of the house and its closed table of codes. `common/` holds the words that every room uses; it
 * may import npm packages and `node:` only.
 *
 * Each code maps to a process exit code (the table in docs/cli.md), a gRPC status code (google.rpc.Code) and a hint:
 * what to do next, unless the error that is thrown says something better.
 */
export const errorCodes = {
  internal: { exit: 1, grpc: 13, hint: 'This is a bug in vais-remote. Please report it with the output above.' },
  machine: { exit: 1, grpc: 8, hint: 'See what this machine, and the limits of this process, leave to it.' },
  storage: { exit: 1, grpc: 8, hint: 'Check free space and permissions of the folder named above.' },
  damaged: {
    exit: 1,
    grpc: 15,
    hint: 'Restore the file named above from a backup. docs/durability.md says what each file holds.',
  },
  wrong_format: {
    exit: 1,
    grpc: 9,
    hint: 'Use the vais-remote that wrote it or a newer one, or give another --data folder.',
  },
  busy: { exit: 1, grpc: 10, hint: 'Stop the other process, or choose another folder or address.' },
  toolchain_missing: { exit: 1, grpc: 9, hint: 'Install a C compiler, for example: `apt-get install gcc`.' },
  usage: { exit: 2, grpc: 3, hint: 'Run the command with --help.' },
  compile_failed: { exit: 3, grpc: 3, hint: 'Fix the source and try again; the running program is unchanged.' },
  contract_changed: { exit: 4, grpc: 9, hint: 'Keep the old form, or rebuild and restart the program.' },
  contract_missing: { exit: 4, grpc: 3, hint: 'Build it with `vaisc build --hot`, or state a contract with hot.h.' },
  image_invalid: { exit: 4, grpc: 3, hint: 'Give a shared library that `vaisc build --hot` or a C compiler wrote.' },
  wrong_platform: { exit: 4, grpc: 9, hint: 'Build for the target’s platform: `vaisc build --hot --target`.' },
  digest_mismatch: { exit: 4, grpc: 15, hint: 'Push again. If it happens again, the disk or the network is faulty.' },
  too_large: { exit: 4, grpc: 8, hint: 'Make the library smaller, or raise the limit on the agent.' },
  check_failed: { exit: 4, grpc: 9, hint: 'Fix the library so that it loads on its own; the program never saw it.' },
  load_refused: { exit: 4, grpc: 9, hint: 'The program keeps its version. Fix what is named above and push again.' },
  superseded: { exit: 4, grpc: 10, hint: 'Nothing to do: a newer push took its place.' },
  no_such_version: { exit: 4, grpc: 5, hint: '`vais-remote history` lists the versions.' },
  reverted: { exit: 5, grpc: 10, hint: 'The old version is running. Fix the new code and push again.' },
  unreachable: {
    exit: 6,
    grpc: 14,
    hint: 'Is the agent running there? Start it: `vais-remote agent --listen HOST:PORT --data DIR`.',
  },
  paused: { exit: 6, grpc: 14, hint: 'Resume it, then push again.' },
  restoring: {
    exit: 6,
    grpc: 14,
    hint: 'Try again in a few seconds: programs reconnect on their own. If it has ended, start it.',
  },
  no_such_program: { exit: 6, grpc: 5, hint: 'Start the program, then see `vais-remote status` for its name.' },
  no_such_module: { exit: 6, grpc: 5, hint: '`vais-remote status` lists the program’s modules.' },
  replayed: { exit: 4, grpc: 9, hint: 'Try again: only a developer’s newest signed act counts.' },
  too_many: { exit: 4, grpc: 8, hint: 'Close connections you no longer need, or wait a moment.' },
  no_room: { exit: 4, grpc: 8, hint: 'Raise --max-disk on the agent, or remove old files from its data folder.' },
  not_authorized: {
    exit: 7,
    grpc: 16,
    hint: 'Pair first: `vais-remote pair TOKEN`, with a token from the agent.',
  },
  not_permitted: { exit: 7, grpc: 7, hint: 'Ask whoever runs the agent for a token that covers this program.' },
  revoked: { exit: 7, grpc: 7, hint: 'Ask whoever runs the agent for a new token, then `vais-remote pair TOKEN`.' },
  certificate_expired: { exit: 7, grpc: 16, hint: 'Pair again with a new token; check the clocks of both machines.' },
  certificate_too_early: { exit: 7, grpc: 16, hint: 'Correct the clocks of both machines, then try again.' },
  token_refused: {
    exit: 7,
    grpc: 16,
    hint: 'Get a new one where the agent runs: `vais-remote agent token --data DIR`.',
  },
  rate_limited: { exit: 7, grpc: 8, hint: 'Wait a few seconds and try again.' },
  signature_missing: { exit: 7, grpc: 16, hint: 'Push to the name that you paired the target under: --to NAME.' },
  signature_invalid: {
    exit: 7,
    grpc: 16,
    hint: 'Pair again. If it happens again, something in between is changing the data.',
  },
  identity_changed: {
    exit: 7,
    grpc: 16,
    hint: 'If the agent was set up again, pair again. If not, somebody is impersonating it.',
  },
  identity_lost: { exit: 7, grpc: 13, hint: 'Restore DATA/identity from a backup, or see docs/security.md.' },
  key_exposed: {
    exit: 7,
    grpc: 9,
    hint: 'Restrict it with chmod, and pair again if somebody may have read it.',
  },
  audit_broken: { exit: 1, grpc: 15, hint: 'Compare the log with a copy from elsewhere. See docs/security.md.' },
  timed_out: { exit: 8, grpc: 4, hint: 'The program has not reached a safe point. Does it call hot_check()?' },
} as const satisfies Record<string, { exit: number; grpc: number; hint: string }>;

/** A name in the closed table of codes. */
export type ErrorCode = keyof typeof errorCodes;

/** How an error travels: in JSON output, in events and in `google.rpc.ErrorInfo`. */
export interface ErrorShape {
  readonly code: ErrorCode;
  /** What happened, to what. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}

/**
 * An expected failure. The message says what happened and to what; the hint says what to do next. The cause is kept
 * for the log of this process and is never sent to a peer.
 */
export class VaisError extends Error {
  override readonly name = 'VaisError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? errorCodes[code].hint;
  }

  /** The process exit code: see the table in docs/cli.md. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }

  toJSON(): ErrorShape {
    return { code: this.code, message: this.message, hint: this.hint };
  }

  /** An error of which a message of the system, a loader or a tool tells the cause: its hint is against that, where it is known. */
  static saying(code: ErrorCode, message: string, cause?: unknown): VaisError {
    const hint = (machineCause(cause) ?? machineCause(message))?.hint;
    return new VaisError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
  }

  /** An error that travelled, as one that can be thrown. */
  static of({ code, message, hint }: ErrorShape): VaisError {
    return new VaisError(code, message, { hint });
  }

  /**
   * Any thrown value as a VaisError. What is not one already becomes `machine` where the machine or a limit of it is the
   * cause, else `internal`; the value is its cause.
   */
  static from(thrown: unknown): VaisError {
    if (thrown instanceof VaisError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const machine = machineCause(thrown);
    if (machine !== undefined) {
      const { why, hint } = machine;
      return new VaisError('machine', `${why}: ${message}`, { hint, cause: thrown });
    }
    return new VaisError('internal', message, { cause: thrown });
  }
}

/** The error for a program that ran here before its agent was started, just now, and has not dialed again yet. */
export function restoring(program: string): VaisError {
  return new VaisError(
    'restoring',
    `${program} is being restored: the agent has just started, and it has not dialed again yet`,
  );
}

/** True for a string that is a code of the table: for codes that come from a peer. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}
