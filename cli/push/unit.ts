import type { Contract } from '../../artifact/contract/contract.ts';
import type { Triple } from '../../artifact/image/triple.ts';
import type { LocalImage } from '../../artifact/transfer/local-image.ts';
import type { Digest } from '../../common/digest.ts';
import type { Change } from '../../common/watch/burst.ts';
import type { Diagnostic } from '../../compiler/front/diagnostic.ts';
import type { ImageCache } from '../session/image-cache.ts';
import type { Output } from '../show/output.ts';

/** How an image is built, as the user wants it. */
export interface CompileOptions {
  readonly tier?: 'fast' | 'optimized';
  readonly opt?: 0 | 1 | 2 | 3;
  readonly debug?: boolean;
  /** Push a library also where nothing can be known of it. */
  readonly unchecked?: boolean;
  /** Of what builds; this process's own unless given. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** An image that can be offered. */
export interface BuiltModule {
  readonly image: LocalImage;
  readonly digest: Digest;
  readonly contract: Contract;
  /** Where it was built just now: by what, and the milliseconds of the two halves. */
  readonly compiled?: { readonly toolchain: string; readonly front: number; readonly back: number };
}

/** What came of a build: an image, or what is wrong with the source. */
export type Prepared =
  | { readonly ok: true; readonly built: BuiltModule; readonly diagnostics: readonly Diagnostic[] }
  /** Without a message, the diagnostics say it all. */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly message?: string };

/** What a build gets. */
export interface BuildOrder {
  /** The platform to build for; undefined while nobody knows which program it is for: then this machine's. */
  readonly triple: Triple | undefined;
  readonly options: CompileOptions;
  /** For what is built on the way; the caller's to remove. One build of a unit at a time writes there. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly cache: ImageCache;
  /** Gives the text of a file, undefined where there is none; of units that compile in this process. */
  readonly read: (path: string) => string | undefined;
  /** Hears which files went into it, besides those that `read` gave. */
  readonly onRead: (paths: readonly string[]) => void;
  /** Shows what a build says, as it says it. */
  readonly output: Output;
  /** Names the state of the sources where that is known: a build of the same state need not be made twice. */
  readonly revision?: string;
}

/** What tells of changes. */
export interface UnitWatcher {
  /** True where the file system tells of no changes, so that the files are looked at again and again. */
  readonly polling: boolean;
  /** True as long as another build would show what of the changes are its own. */
  readonly isUnsure?: boolean;
  /** Looks now whether something has changed: the system may not have told yet. */
  look(): void;
  /** What is there was not taken up: the next save is a change, also when it is of the same again. */
  want(): void;
  /** Tells of a change now, whether there was one or not. */
  again(): void;
  /** Watches these files too. */
  follow(paths: readonly string[]): void;
  close(): Promise<void>;
}

/** One module as it is pushed: what it is called, how an image of it is made, and what is watched for it. */
export interface Unit {
  /** What reports call it: the path of the source, of the library, or of the image that a command builds. */
  readonly path: string;
  /** The module; undefined where only the image can tell. */
  readonly module: string | undefined;
  /** Whether a fast build may be followed by an optimized one of the same text. */
  readonly hasTiers: boolean;
  /** True where a build leaves its image where the program looks for it: at `path`. */
  readonly placesImage: boolean;
  /** @throws VaisError `usage` when what it is made of is not there */
  require(): Promise<void>;
  /** @throws VaisError `toolchain_missing`, `usage`, and what reading the image does */
  build(order: BuildOrder): Promise<Prepared>;
  watch(debounceMs: number, onChange: (change: Change) => void): Promise<UnitWatcher>;
}
