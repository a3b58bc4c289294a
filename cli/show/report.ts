/**
 * `cli/` knows people and their terminals: watch → compile → compare → offer → show. It may import `common/`,
 * `artifact/`, `rpc/` and `compiler/`.
 *
 * This file is everything that a command can say, as data. `render.ts` says it to people, `json.ts` to machines.
 * The field names are what `--json` prints and are kept stable. Times are milliseconds since the push began.
 */
import type { Difference } from '../../artifact/contract/difference.ts';
import type { ErrorShape, VaisError } from '../../common/error.ts';
import type { Diagnostic } from '../../compiler/front/diagnostic.ts';
import type { Detail } from '../../rpc/event.ts';
import type { LoadingName } from '../../rpc/names.ts';

/** What a report is about, where a command has several targets. */
interface OfTarget {
  readonly target?: string;
}

/** What each report of a push says, whatever the stage. */
interface StageHead extends OfTarget {
  /** Counts the pushes of this command, so that their events can be told apart. Missing in events of other commands. */
  readonly push?: number;
  readonly program: string;
  readonly module: string;
  /** Missing as long as the push has none. */
  readonly version?: number;
  readonly buildId?: string;
  readonly digest?: string;
  /** The process that said so, where it was the program. */
  readonly pid?: number;
  readonly ms: number;
  /** Of an optimized build: the fast one whose place it takes, in the same version. */
  readonly refines?: string;
  /** Missing of a push. */
  readonly origin?: string;
  /** Who signed it, as the agent lists them. */
  readonly developer?: string;
  /** Wall clock, in events of other commands. */
  readonly at?: string;
}

/** The source was compiled. */
interface Compiled {
  readonly event: 'compiled';
  readonly file: string;
  readonly tier: string;
  /** The compiler. */
  readonly toolchain?: string;
  /** Milliseconds that Vais to C took, and C to the library. */
  readonly frontMs?: number;
  readonly backMs?: number;
}

/** What the agent says, its trace with names: each stage as its message in `agent.proto` has it. */
type Reached =
  | Exclude<Detail, { readonly event: 'reverted' }>
  | (Omit<Detail<'reverted'>, 'trace'> & { readonly trace?: readonly TraceFrame[] });

/** A push reached a stage. */
export type StageReport = StageHead & (Compiled | Reached);

/** The report of one stage. */
export type ReportOf<Stage extends StageReport['event']> = Extract<StageReport, { readonly event: Stage }>;

/** One call in a failed image. */
export interface TraceFrame {
  /** In the image: what `addr2line -e` takes. */
  readonly address: string;
  /** Missing where the image's symbol table does not tell, or is not here. */
  readonly function?: string;
}

/** How far a large image has come; only of those that take longer than half a second. Bytes are those of the image. */
export interface SendingReport {
  readonly event: 'sending';
  readonly push: number;
  readonly program: string;
  readonly module: string;
  /** What the agent has on its disk. */
  readonly bytes: number;
  readonly of: number;
  /** What of it had come with an earlier attempt. */
  readonly had: number;
  /** What was sent for it, compressed. */
  readonly sent: number;
  readonly bytesPerSecond: number;
  readonly ms: number;
}

/** How an image travelled; not said of a small one, which travels inside its offer. */
export interface SentReport {
  readonly event: 'sent';
  readonly push: number;
  readonly program: string;
  readonly module: string;
  /** `stored`: the agent had it, and nothing was sent. */
  readonly way: 'stored' | 'delta' | 'chunks';
  /** Bytes that were sent. */
  readonly sent: number;
  /** Bytes of the image. */
  readonly of: number;
  /** What of it had come with an earlier attempt. */
  readonly had: number;
  /** With `chunks`: bytes of the image that came in a second. */
  readonly bytesPerSecond?: number;
  readonly ms: number;
}

/** A push ended well: the program runs this version. */
export interface DoneReport extends OfTarget {
  readonly event: 'done';
  readonly push: number;
  readonly program: string;
  readonly module: string;
  readonly version: number;
  /** True when it ran already, so that nothing was done. */
  readonly unchanged: boolean;
  readonly buildId?: string;
  readonly digest?: string;
  readonly tier?: string;
  /** Nothing but the names of functions was compared: it, or what ran, has no debug information. */
  readonly unchecked?: true;
  /** The fast build, by its digest, whose place the optimized one took: the version is the same. */
  readonly refines?: string;
  /** The modules that swapped with it, at the same safe point. */
  readonly together?: readonly string[];
  readonly ms: number;
}

/** Something did not work. */
export interface ErrorReport extends ErrorShape, OfTarget {
  readonly event: 'error';
  /** The exit code that goes with it: see docs/cli.md. */
  readonly exit: number;
  readonly push?: number;
  readonly file?: string;
  readonly diagnostics?: readonly Diagnostic[];
  readonly differences?: readonly Difference[];
}

/** A library was built for a program that follows it without an agent. */
export interface BuiltReport {
  readonly event: 'built';
  readonly file: string;
  readonly image: string;
  readonly module: string;
  readonly digest: string;
  readonly toolchain?: string;
  /** Since the save. */
  readonly ms: number;
}

/** A build says something: in the words, and with the colors, of its tools. */
export interface BuildingReport {
  readonly event: 'building';
  readonly file: string;
  readonly text: string;
}

/** `watch` is ready: a save from now on is seen. */
export interface WatchingReport {
  readonly event: 'watching';
  readonly file: string;
  /** What runs there; missing where there is no agent to ask. */
  readonly program?: string;
  readonly module?: string;
  readonly version?: number;
  /** True where the file system tells of no changes, so that the file is looked at again and again. */
  readonly polling: boolean;
  /** The file has something else than what runs: its next save brings it. */
  readonly differs?: boolean;
}

/** The agent is gone, or back; or it is there and the program is not; or a save waits for the file that it was saved with. */
export type ConnectionReport =
  | { readonly event: 'disconnected'; readonly address: string; readonly message: string }
  | { readonly event: 'connected'; readonly address: string }
  /** The line broke while an image was on its way; it goes on when the line is back. */
  | { readonly event: 'interrupted'; readonly address: string; readonly message: string }
  | { readonly event: 'absent'; readonly program: string; readonly module: string }
  /** Another version took the place of the one that was pushed from here. */
  | {
      readonly event: 'replaced';
      readonly program: string;
      readonly module: string;
      readonly version: number;
      readonly origin: string;
      /** Missing where the agent knows nobody by name. */
      readonly developer?: string;
    }
  | {
      readonly event: 'held';
      readonly program: string;
      readonly module: string;
      readonly file: string;
      readonly by: string;
    };

/** What one module of one running program runs. */
export interface StatusReport extends OfTarget {
  readonly event: 'status';
  readonly program: string;
  readonly pid: number;
  readonly triple: string;
  readonly supervised: boolean;
  readonly module: string;
  readonly source: string;
  readonly version: number;
  readonly desiredVersion: number;
  readonly buildId: string;
  /** Empty for the code that the program started with. */
  readonly digest: string;
  readonly state: 'probation' | 'confirmed' | 'unspecified';
  /** Nothing is known of its code but the names of functions, so nothing else is compared with what is pushed. */
  readonly unchecked?: true;
  /** Whether old versions are unloaded; `keeps`: musl never does; `none`: the program was linked with -static and takes none. */
  readonly loading: LoadingName;
  /** What the program, with all its modules, registered with `hot_state`: pieces, and bytes in all. */
  readonly registered: { readonly count: number; readonly bytes: number };
}

/** The agent itself, before its programs. */
export interface AgentReport extends OfTarget {
  readonly event: 'agent';
  readonly address: string;
  readonly agentVersion: string;
  readonly insecure: boolean;
  readonly programs: number;
  /** Missing where the agent is of an older version. */
  readonly storage?: StorageReport;
}

/** The agent's data folder. */
export interface StorageReport {
  /** How many images, and their bytes; `maxImageBytes` is 0 where there is no limit. */
  readonly images: number;
  readonly imageBytes: number;
  readonly maxImageBytes: number;
  readonly freeBytes: number;
  /** How many versions of each module are kept. */
  readonly keep: number;
  /** What was found broken and set aside: where it stood, where it is, why. */
  readonly quarantined: readonly { readonly file: string; readonly aside: string; readonly why: string }[];
  /** What the agent cannot write or read at the moment. */
  readonly faults: readonly string[];
}

/** Something is wrong on the agent's machine; of `events`. */
export interface WarningReport {
  readonly event: 'warning';
  readonly message: string;
  readonly at: string;
}

/** An agent that this developer is paired with: just now, or of the list. */
export interface TargetReport {
  readonly event: 'paired' | 'target' | 'forgotten';
  readonly name: string;
  readonly address: string;
  readonly agentId: string;
  /** What the agent calls the developer. */
  readonly developer: string;
  /** What the developer may touch there; empty: all. */
  readonly allowed: readonly string[];
  /** Until when the certificate holds; it is renewed before. */
  readonly until: string;
}

/** An agent was put into a container, or taken out of it. */
export interface AttachReport extends OfTarget {
  readonly event: 'attached' | 'detached';
  readonly container: string;
  /** With `attached`: false where it was there already. */
  readonly isNew?: boolean;
  /** What runs it: the container's Node, or this machine's, which was brought along, and why. */
  readonly node?: string;
  /** The one folder in the container that it has, or had; missing with `detached` where there was none. */
  readonly folder?: string;
  /** The programs that have found it. */
  readonly programs?: readonly string[];
  /** With `attached`, where no program has found it: why that may be. */
  readonly hint?: string;
}

/** A container that has an agent. */
export interface ContainerReport {
  readonly event: 'container';
  /** What `--to` takes. */
  readonly name: string;
  readonly state: string;
  readonly image: string;
  /** The replicas that it belongs to, as `--to` takes them. */
  readonly service?: string;
  readonly attached: boolean;
  readonly engine: string;
}

/** A line that a program wrote. */
export interface LogReport extends OfTarget {
  readonly event: 'log';
  readonly program: string;
  readonly text: string;
}

/** One version that a module had, or a push that never became one (version 0). */
export interface VersionReport extends OfTarget {
  readonly event: 'version';
  readonly program: string;
  readonly module: string;
  readonly version: number;
  readonly outcome: string;
  readonly origin: string;
  readonly desired: boolean;
  readonly buildId: string;
  readonly digest: string;
  readonly tier: string;
  /** The fast build that the version began with, where the optimized one took its place. */
  readonly fastDigest?: string;
  readonly at: string;
  readonly rollbackTo?: number;
  /** True when its image was cleaned away, so that nothing can go back to it. */
  readonly cleaned?: boolean;
  /** True when nothing was known of it but the names of its functions. */
  readonly unchecked?: boolean;
  /** The modules that were pushed with it, to swap together. */
  readonly together?: readonly string[];
  /** Who signed it, as the agent lists them. */
  readonly developer?: string;
  readonly reason?: ErrorShape;
}

/** There are versions of the program as it was built before. */
export interface OlderReport {
  readonly event: 'older';
  readonly program: string;
  readonly module: string;
  /** How many older lineages there are. */
  readonly lineages: number;
}

/** `events` hears what happens from now on. */
export interface ListeningReport {
  readonly event: 'listening';
  readonly address: string;
}

/** One thing that `doctor` looked at. */
export interface CheckReport {
  readonly event: 'check';
  readonly name: string;
  /** `advice`: works without, better with. */
  readonly state: 'ok' | 'advice' | 'missing';
  readonly message: string;
  readonly hint?: string;
}

/** `demo` tells its story: what comes now, what the program printed, what was changed, how it ended. */
export type DemoReport =
  | {
      readonly event: 'step';
      readonly step: number;
      readonly of: number;
      readonly title: string;
      readonly text: string;
    }
  | { readonly event: 'output'; readonly program: string; readonly text: string; readonly changed: boolean }
  | { readonly event: 'edit'; readonly file: string; readonly changes: readonly LineChange[] }
  | { readonly event: 'remark'; readonly text: string }
  | {
      readonly event: 'summary';
      readonly ms: number;
      readonly swapMs: readonly number[];
      readonly next: readonly NextStep[];
    };

/** One line of a source, before and after an edit; lines count from 1. */
export interface LineChange {
  readonly line: number;
  readonly was: string;
  readonly is: string;
}

/** A command to try, and what it does. */
export interface NextStep {
  readonly command: string;
  readonly text: string;
}

export type Report =
  | StageReport
  | SendingReport
  | SentReport
  | DoneReport
  | ErrorReport
  | BuildingReport
  | LogReport
  | BuiltReport
  | WatchingReport
  | ConnectionReport
  | StatusReport
  | AgentReport
  | WarningReport
  | VersionReport
  | OlderReport
  | ListeningReport
  | TargetReport
  | AttachReport
  | ContainerReport
  | CheckReport
  | DemoReport;

/** An error as a report. */
export function errorReport(
  error: VaisError,
  more: Pick<ErrorReport, 'push' | 'file' | 'diagnostics' | 'differences'> = {},
): ErrorReport {
  return { event: 'error', ...error.toJSON(), exit: error.exitCode, ...more };
}
