import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { moduleOfFile } from '../../artifact/contract/name.ts';
import { hostTriple, libraryExtension, type Triple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { packageRoot } from '../../common/package-root.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { finishesHere, finishFile } from '../../linker/finish.ts';
import { runTo } from './build-command.ts';
import { type Compiler, compilerFor, type NativeLanguage } from './compilers.ts';
import { requireInput } from './input.ts';
import { readLibrary } from './library.ts';
import { SharedBuild } from './shared-build.ts';
import type { Prepared, Unit } from './unit.ts';

/** A module in one file of C, C++, Rust or Zig, built with the compiler that is found. */
export function nativeUnit(path: string, language: NativeLanguage): Unit {
  const shared = new SharedBuild();
  return {
    path,
    module: moduleOfFile(path),
    hasTiers: false,
    placesImage: false,
    require: () => requireInput(path),
    build: async (order) => {
      const { triple = hostTriple(), options, folder, onRead } = order;
      const environment = options.environment ?? {};
      const compiler = await compilerFor(language, triple, environment);
      const names = filesIn(folder, path, triple);
      const build = buildIdOf(path, names.dependencies);
      const command = compiler.command({
        source: path,
        ...names,
        build,
        options,
        include: join(packageRoot, 'runtime'),
      });
      const started = performance.now();
      const failure = await shared.run(order, async (signal) => {
        // What Rust and Zig link has no list of variables to finish.
        const finishes = language === 'C' || language === 'C++';
        const own = finishes ? { ...environment, [finishesHere]: '1' } : environment;
        const wrong = await runTo({ command, folder: '.', environment: own }, compiler.name, path, order, signal);
        if (wrong === undefined && finishes) finishFile(names.image, names.image);
        return wrong;
      });
      onRead(readDependencies(names.dependencies));
      if (failure !== undefined) return explained(failure, path, compiler);
      const built = await readLibrary(names.image, order, moduleOfFile(path)).catch((thrown: unknown) => {
        throw named(thrown, names.image, path);
      });
      const compiled = {
        toolchain: `${compiler.name} ${compiler.version}`,
        front: 0,
        back: performance.now() - started,
      };
      return { ok: true, built: { ...built, compiled }, diagnostics: [] };
    },
    watch: (debounceMs, onChange) => SourceWatcher.start(path, debounceMs, onChange),
  };
}

function explained(failure: Prepared, path: string, { name }: Compiler): Prepared {
  return failure.ok ? failure : { ...failure, message: `${path} does not compile: ${failure.message ?? name}` };
}

/** Of the source, not of the file that nobody sees. */
function named(thrown: unknown, image: string, path: string): VaisError {
  const error = VaisError.from(thrown);
  return new VaisError(error.code, error.message.replace(image, path), { hint: error.hint, cause: thrown });
}

function filesIn(folder: string, path: string, triple: Triple): { image: string; dependencies: string } {
  const name = createHash('sha256').update(resolve(path)).digest('hex').slice(0, 16);
  const base = join(folder, name);
  return { image: `${base}${libraryExtension(triple)}`, dependencies: `${base}.d` };
}

/** Names what is built: 32 hex digits of the source and of what it included the last time. */
function buildIdOf(path: string, dependencies: string): string {
  const hash = createHash('sha256');
  for (const file of new Set([path, ...readDependencies(dependencies)])) {
    try {
      hash.update(`${file}\0`).update(readFileSync(file));
    } catch {
      // Missing: the compiler says so better.
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/** The files that a rule for make depends on; the last that was written where a build failed. */
export function readDependencies(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return []; // Of a compiler that writes none.
  }
  return parseDependencies(text);
}

/** Reads what `-MMD` and `--emit dep-info` write: `target: file file \`, with spaces and `#` behind a backslash, `$` doubled. */
export function parseDependencies(text: string): string[] {
  const found = new Set<string>();
  for (const rule of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const colon = /:(?=\s|$)/.exec(rule);
    if (rule.startsWith('#') || colon === null) continue;
    for (const [word] of rule.slice(colon.index + 1).matchAll(/(?:\\[ #\\]|[^\s])+/g))
      found.add(word.replaceAll(/\\([ #\\])/g, '$1').replaceAll('$$', '$'));
  }
  return [...found];
}
