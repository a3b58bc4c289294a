import { hostTriple, type Triple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { run } from '../../compiler/back/c/tool/run.ts';
import { type CompilerFamily, compilerFamily, moduleFlags } from '../../linker/flags.ts';
import type { CompileOptions } from './unit.ts';

export type NativeLanguage = 'C' | 'C++' | 'Rust' | 'Zig';

/** What one file is built from and to. */
interface OneFile {
  readonly source: string;
  readonly image: string;
  /** Where the compiler writes which files it read. */
  readonly dependencies: string;
  /** What names this build, for a module that states its own contract with hot.h. */
  readonly build: string;
  readonly options: CompileOptions;
  /** Where `hot.h` is. */
  readonly include: string;
}

/** A compiler that was found. */
export interface Compiler {
  readonly name: string;
  readonly version: string;
  readonly command: (file: OneFile) => readonly [string, ...string[]];
}

/** Which commands build a language, the best first, and how each is called. */
interface Known {
  /** The variable that names another one, and those that add flags: as make knows them. */
  readonly variable: string;
  readonly flags: readonly string[];
  readonly commands: readonly string[];
  readonly install: string;
  /** What stands before the command for another platform than this machine's. */
  readonly cross: boolean;
  readonly build: (file: OneFile, flags: readonly string[], keeping: readonly string[]) => readonly string[];
}

const known: Readonly<Record<NativeLanguage, Known>> = {
  C: {
    variable: 'CC',
    flags: ['CPPFLAGS', 'CFLAGS', 'LDFLAGS', 'LDLIBS'],
    commands: ['gcc', 'clang', 'cc'],
    install: 'apt-get install gcc',
    cross: true,
    build: buildC,
  },
  'C++': {
    variable: 'CXX',
    flags: ['CPPFLAGS', 'CXXFLAGS', 'LDFLAGS', 'LDLIBS'],
    commands: ['g++', 'clang++', 'c++'],
    install: 'apt-get install g++',
    cross: true,
    build: buildC,
  },
  Rust: {
    variable: 'RUSTC',
    flags: ['RUSTFLAGS'],
    commands: ['rustc'],
    install: 'curl https://sh.rustup.rs | sh',
    cross: false,
    build: ({ source, image, dependencies, options }, flags) => [
      ...['--crate-type', 'cdylib', '--edition', '2021', '-g', '-C', `opt-level=${options.opt ?? 1}`],
      ...[`--emit=dep-info=${dependencies},link=${image}`, ...flags, source],
    ],
  },
  Zig: {
    variable: 'ZIG',
    flags: [],
    commands: ['zig'],
    install: 'see https://ziglang.org/download',
    cross: false,
    build: ({ source, image, options }) => [
      ...['build-lib', '-dynamic', '-fno-strip', '-O', (options.opt ?? 0) > 0 ? 'ReleaseSafe' : 'Debug'],
      ...[`-femit-bin=${image}`, source],
    ],
  },
};

/** What stands before the names of compilers for other platforms, as Debian has them. */
const prefixes: Readonly<Partial<Record<Triple, string>>> = {
  'aarch64-linux-gnu': 'aarch64-linux-gnu-',
  'x86_64-linux-gnu': 'x86_64-linux-gnu-',
  'x86_64-windows-gnu': 'x86_64-w64-mingw32-',
};

function buildC(
  { source, image, dependencies, build, options, include }: OneFile,
  flags: readonly string[],
  keeping: readonly string[],
) {
  return [
    ...keeping,
    ...['-g', `-O${options.opt ?? 1}`, '-MMD', '-MF', dependencies, '-I', include],
    ...['-DHOT_IMAGE', `-DHOT_BUILD=${build}`],
    ...['-o', image, source, ...flags],
  ];
}

/** What makes it a library, and one whose variables keep their values where the platform lets them. */
function keepingFlags(triple: Triple, family: CompilerFamily, environment: NodeJS.ProcessEnv): readonly string[] {
  if (triple === 'x86_64-windows-gnu') return ['-shared'];
  if (triple !== 'x86_64-linux-gnu' && triple !== 'aarch64-linux-gnu') return ['-shared', '-fPIC'];
  const { compile, link } = moduleFlags(family, environment, triple === 'x86_64-linux-gnu' ? 'x86_64' : 'aarch64');
  return [...compile, ...link];
}

/** Found once for each language, platform and choice of the user's. */
const found = new Map<string, Promise<Compiler>>();

/**
 * Finds the compiler of a language for a platform: the user's (`CC`, `CXX`, `RUSTC`, `ZIG`), else the first that answers.
 *
 * @throws VaisError `toolchain_missing`
 */
export function compilerFor(
  language: NativeLanguage,
  triple: Triple,
  environment: NodeJS.ProcessEnv,
): Promise<Compiler> {
  const { variable, flags } = known[language];
  const chosen = environment[variable]?.trim() || undefined;
  const extra = flags.flatMap((name) => words(environment[name] ?? ''));
  const key = JSON.stringify([language, triple, chosen, extra]);
  const before = found.get(key);
  if (before !== undefined) return before;
  const looking = look(language, triple, chosen, extra, environment);
  looking.catch(() => found.delete(key)); // It may be installed meanwhile.
  found.set(key, looking);
  return looking;
}

async function look(
  language: NativeLanguage,
  triple: Triple,
  chosen: string | undefined,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Compiler> {
  const { commands, cross, install, build, variable } = known[language];
  const isOurs = triple === hostTriple();
  const prefix = isOurs ? '' : prefixes[triple];
  const able = isOurs || (cross && prefix !== undefined) ? commands.map((name) => `${prefix ?? ''}${name}`) : [];
  for (const line of chosen === undefined ? able : [chosen]) {
    const [command = line, ...own] = words(line);
    const { code, output } = await run(command, [...own, language === 'Zig' ? 'version' : '--version']);
    if (code !== 0) continue;
    const version = /\d+\.\d+(?:\.\d+)?/.exec(output)?.[0] ?? '';
    const isC = language === 'C' || language === 'C++';
    const keeping = isC ? keepingFlags(triple, compilerFamily(command, output), environment) : [];
    return { name: command, version, command: (file) => [command, ...own, ...build(file, flags, keeping)] };
  }
  const what =
    chosen === undefined
      ? `no compiler of ${language} for ${triple} was found`
      : `${variable} is ${chosen}, which cannot be run`;
  throw new VaisError('toolchain_missing', what, {
    hint: isOurs ? `Install one: ${install}.` : `Set ${variable} to one, or say how it is built with --build.`,
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
