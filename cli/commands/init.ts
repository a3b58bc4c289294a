import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { VaisError } from '../../common/error.ts';
import { packageRoot } from '../../common/package-root.ts';
import { amalgamationFolder } from '../../linker/host.ts';
import type { Edge } from './flags.ts';

/** How a project of a language is built, run and watched. */
interface Language {
  readonly build: string;
  readonly run: string;
  readonly edit: string;
  /** What `watch` is told, where vais.toml does not say it. */
  readonly watch?: string;
  /** With a compiler for it and Node inside. */
  readonly image: string;
  /** Goes into the folder besides the language's own files. */
  readonly copies?: Readonly<Record<string, string>>;
}

const node = 'node:22-bookworm';
const languages: Readonly<Record<string, Language>> = {
  c: { build: 'make', run: './main', edit: 'game.c', image: node },
  cpp: { build: 'make', run: './main', edit: 'game.cpp', image: node },
  rust: {
    build: 'cargo build && cargo build -p game',
    run: './target/debug/app',
    edit: 'game/src/lib.rs',
    image: 'an image with Node and cargo',
  },
  zig: {
    build: 'make',
    run: './main',
    edit: 'game.zig',
    image: 'an image with Node and zig',
    copies: {
      'hot.zig': join(packageRoot, 'bindings', 'zig', 'hot.zig'),
      'hot.c': join(amalgamationFolder, 'hot.c'),
      'hot.h': join(amalgamationFolder, 'hot.h'),
    },
  },
  vais: { build: 'vaisc build game.vais', run: './game', edit: 'game.vais', watch: 'game.vais', image: node },
};

const templates = join(packageRoot, 'bindings', 'templates');

export function command(edge: Edge): Command {
  return new Command('init')
    .description('write a small project that runs at once and takes new code')
    .argument('[folder]', 'where; it is made if it is missing', '.')
    .addOption(new Option('--lang <language>', 'which language').choices(Object.keys(languages)).default('c'))
    .action((folder: string, { lang }: { readonly lang: string }) =>
      edge.run('init', { json: false }, async ({ print }) => {
        const language = languages[lang];
        if (language === undefined) throw new VaisError('usage', `init knows no language ${lang}`);
        const files = filesOf(lang, language);
        refuseWhatIsThere(folder, Object.keys(files));
        for (const [name, write] of Object.entries(files)) {
          mkdirSync(dirname(join(folder, name)), { recursive: true });
          write(join(folder, name));
        }
        print(nextSteps(folder, language));
        return 0;
      }),
    );
}

function filesOf(lang: string, language: Language): Readonly<Record<string, (path: string) => void>> {
  const own = treeOf(join(templates, lang));
  const shared = treeOf(join(templates, 'shared'));
  const copies = Object.entries(language.copies ?? {});
  return {
    ...Object.fromEntries([...own, ...shared].map(([name, from]) => [name, (to) => fill(from, to, language)])),
    ...Object.fromEntries(copies.map(([name, from]) => [name, (to: string) => copyFileSync(from, to)])),
  };
}

/** Each file below a folder, by its name there. */
function treeOf(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(folder, path), path]);
}

function fill(from: string, to: string, { build, run, image }: Language): void {
  const values: Readonly<Record<string, string>> = { bindings: join(packageRoot, 'bindings'), build, run, image };
  writeFileSync(
    to,
    readFileSync(from, 'utf8').replace(/@(\w+)@/g, (whole, key: string) => values[key] ?? whole),
  );
}

/** Nothing of the user's is written over. */
function refuseWhatIsThere(folder: string, names: readonly string[]): void {
  const there = names.filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return;
  throw new VaisError('usage', `${folder} has ${there.slice(0, 3).join(', ')} already`, {
    hint: 'Choose an empty folder: vais-remote init FOLDER.',
  });
}

function nextSteps(folder: string, { build, run, edit, watch }: Language): string {
  const name = basename(resolve(folder));
  const into = folder === '.' ? [] : [`  cd ${folder}`];
  return [
    `${name} is ready. Build and run it:`,
    ...into,
    `  ${build}`,
    `  ${run}`,
    `In another terminal, build at each save, then change ${edit}:`,
    `  vais-remote watch --local${watch === undefined ? '' : ` ${watch}`}`,
    'Over the network: an agent beside the program, then watch without --local:',
    `  vais-remote agent --listen 127.0.0.1:7777 --data ./agent-data --insecure --run ${basename(run)}=${run}`,
  ].join('\n');
}
