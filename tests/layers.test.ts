/**
 * Holds the house to its plan: which room may import which (docs/architecture.md), and who may touch the process. Each ban
 * has a reason; if one stands in the way of something good, change the reason here first.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../common/package-root.ts';

interface Room {
  /** Its folders from the door to the ground: each may import those to its right. `.` are the files of the room itself. */
  readonly folders?: readonly string[];
  /** Why a folder may not import one to its left; by the folder that is imported, where a better reason is known. */
  readonly up?: Readonly<Record<string, string>>;
  /** The rooms that it may import, besides itself, npm packages and `node:`. */
  readonly may: readonly string[];
  /** Why it may import no other. */
  readonly because: string;
  /** Where a better reason is known. */
  readonly never?: Readonly<Record<string, string>>;
}

const rooms: Readonly<Record<string, Room>> = {
  common: {
    may: [],
    because: 'every room speaks its words, so it would tie any room that it knew to all the others',
  },
  artifact: {
    may: ['common'],
    because: 'what travels must read the same on every side, so it knows of no side',
    never: { rpc: 'an image is the same whether it came over gRPC, from a disk or out of a container' },
    folders: ['transfer', 'delta', 'act', 'statics', 'dwarf', 'contract', 'image'],
    up: {
      transfer: 'what is sent does not know how it is sent',
      delta: 'an image is whole; that a delta of it may travel is none of its business',
      act: 'what is signed does not know its signature',
      statics: 'whoever reads an image does not know what was listed of its variables',
      dwarf: 'a contract is the same whether an image states it or its debug information tells it',
      contract: 'a file format is read without knowing what a contract is',
    },
  },
  rpc: {
    may: ['common'],
    because: 'the wire is below those who speak over it',
    never: { artifact: 'it carries bytes and fields; what they mean is said by those who send and receive them' },
  },
  compiler: {
    may: ['common', 'artifact'],
    because: 'vaisc works with no agent and no network',
    never: { rpc: 'compiling must not need a connection: the target is told to it as a triple' },
    folders: ['command', '.', 'back', 'plan', 'front'],
    up: {
      command: 'what vaisc prints is not known to what compiles',
      back: 'a second back end must stand beside the first without the rest knowing',
      plan: 'the front end knows a program, not what an image of it needs',
    },
  },
  linker: {
    may: ['common', 'artifact'],
    because: 'a build waits for it, so it loads nothing that it does not use',
  },
  agent: {
    may: ['common', 'artifact', 'rpc'],
    because: 'the agent stands alone beside a program',
    never: {
      compiler: 'a target receives machine code; it has no sources and needs no compiler',
      cli: 'the agent is the one that is called; it knows nobody who calls',
      server: 'the agent dials out to a server over the wire and shares no code with it but the wire',
    },
    folders: ['.', 'serve', 'receive', 'trust', 'deliver', 'link', 'check', 'store', 'run', 'say'],
    up: {
      serve: 'what the agent does works for whoever asks, whatever the wire looks like',
      receive: 'rights and delivery do not depend on how the bytes came',
      trust: 'who may do what is decided before anything is delivered, and not again below',
      deliver: 'programs are linked, images checked and stored for any order',
      link: 'an image is checked and stored without a running program',
    },
  },
  server: {
    may: ['common', 'artifact', 'rpc'],
    because: 'the control plane hands signed images on; it neither makes nor runs them',
    never: { agent: 'a server reaches agents over the wire only, as they may be of another version' },
  },
  cli: {
    may: ['common', 'artifact', 'rpc', 'compiler', 'linker'],
    because: 'the command line is a client like any other',
    never: {
      agent: 'whatever it wants from an agent it asks over the wire, else it works on one machine only',
      server: 'whatever it wants from a server it asks over the wire',
    },
    folders: ['.', 'commands', 'demo', 'push', 'session', 'targets', 'docker', 'show'],
    up: {
      commands: 'what a command needs is below it, so that another command can use it as well',
      push: 'a session carries whatever is pushed',
      session: 'a target is found and dialed before there is a session',
      targets: 'containers are found by an engine, whoever is paired',
      show: 'reports are data; who makes them does not know how they look',
    },
  },
  hot: {
    may: ['common', 'artifact', 'compiler'],
    because: 'a Node program that reloads a library needs no network',
  },
  bench: {
    may: ['common', 'artifact', 'rpc', 'compiler', 'agent', 'server', 'cli', 'hot', 'linker'],
    because: 'it measures all',
  },
};

/** Single files that may do what their room may not. */
const exceptions: Readonly<Record<string, string>> = {
  'cli/main.ts -> agent/main.ts': '`vais-remote agent` hands its arguments over, edge to edge, and knows nothing more',
  'agent/bin.ts -> agent/main.ts': 'the agent alone, as an image carries it, is the same agent',
};

/** The only files that read argv and the environment, handle signals and exit. */
const edges = /^[a-z]+\/main\.ts$|^agent\/(?:check\/check-child|bin)\.ts$/;

const processWords = /\bprocess\.(?:argv|env|exit|exitCode|abort|chdir|umask)\b|\bprocess\.(?:on|once|addListener)\(/g;
const processImport = /\bfrom '(?:node:)?process'/g;

/** The specifiers that a source imports, types included. Biome's form puts each import and export at a line's start. */
function importsOf(source: string): string[] {
  const forms = [
    /^(?:import|export)\s[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm,
    /^import\s+['"]([^'"]+)['"]/gm,
    /\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/g,
  ];
  return forms.flatMap((form) => Array.from(source.matchAll(form), ([, specifier = '']) => specifier));
}

/** What the file does that it may not, each with the reason. */
function complaints(file: string, source: string, dependencies: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const [home = ''] = file.split('/');
  const room = rooms[home];
  if (room === undefined) return [`${file}: there is no room ${home}; give it a place in tests/layers.test.ts`];
  for (const specifier of importsOf(source)) {
    if (specifier.startsWith('.')) found.push(...complainAboutRoom(file, specifier, home, room));
    else if (isBuiltin(specifier)) {
      if (!specifier.startsWith('node:')) found.push(`${file} imports ${specifier}: write node:${specifier}`);
    } else {
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      if (!dependencies.has(name)) found.push(`${file} imports ${name}: it is not in package.json's dependencies`);
    }
  }
  if (/\bimport\(\s*[^'"\s]/.test(source)) found.push(`${file} imports what nobody can tell by reading it`);
  if (!edges.test(file)) {
    for (const [word] of [...source.matchAll(processWords), ...source.matchAll(processImport)]) {
      found.push(
        `${file} uses ${word}: only a room's main.ts touches the process, so that all else can be called from a test`,
      );
    }
  }
  return found;
}

function complainAboutRoom(file: string, specifier: string, home: string, room: Room): string[] {
  const target = normalize(join(dirname(file), specifier));
  const [there = ''] = target.split('/');
  if (!/\.(?:ts|json)$/.test(specifier)) return [`${file} imports ${specifier}: a path ends in .ts`];
  if (`${file} -> ${target}` in exceptions) return [];
  if (edges.test(target)) return [`${file} imports ${target}: an edge is started, not imported`];
  if (there === home) return edges.test(file) ? [] : complainAboutFolder(file, target, room);
  if (room.may.includes(there)) return [];
  return [`${file} imports ${target}: ${room.never?.[there] ?? room.because}`];
}

/** The folder of a room that a file is in, `.` for the room's own files. */
function folderOf(file: string): string {
  const [, folder = '.', deeper] = file.split('/');
  return deeper === undefined ? '.' : folder;
}

function complainAboutFolder(file: string, target: string, { folders, up = {}, because }: Room): string[] {
  if (folders === undefined) return [];
  const [from, to] = [folderOf(file), folderOf(target)];
  const [here, there] = [folders.indexOf(from), folders.indexOf(to)];
  if (here < 0) return [`${file}: there is no folder ${from}; give it a place in tests/layers.test.ts`];
  if (there >= here) return [];
  return [`${file} imports ${target}, which is above it: ${up[to] ?? because}`];
}

function sourcesOf(room: string): string[] {
  const folder = join(packageRoot, room);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${room}/${path.replaceAll('\\', '/')}`);
}

/** What each file of a room needs of its neighbors to run: types are gone by then. */
function valueImports(room: string): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>();
  for (const file of sourcesOf(room)) {
    const source = readFileSync(join(packageRoot, file), 'utf8').replaceAll(/^(?:import|export) type\b[^;]*;/gm, '');
    const near = importsOf(source).filter((specifier) => specifier.startsWith('.'));
    graph.set(
      file,
      near.map((specifier) => normalize(join(dirname(file), specifier))),
    );
  }
  return graph;
}

/** Groups of files that need each other in a circle (Tarjan's strongly connected components). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const own = index.size;
    index.set(file, own);
    let lowest = own;
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, low.get(next) ?? index.get(next) ?? lowest);
    }
    low.set(file, lowest);
    if (lowest === own) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return lowest;
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** Expressions hold statements, which hold expressions: who reads, checks or emits a grammar calls in a circle. */
const grammar = /^compiler\/(?:front\/(?:check|parse)|back\/c\/emit)\//;

function packageJson(): { dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
}

describe('the layers', () => {
  const dependencies = new Set(Object.keys(packageJson().dependencies));

  it.each(Object.keys(rooms))('%s keeps to what it may import and touch', (room) => {
    const found = sourcesOf(room).flatMap((file) =>
      complaints(file, readFileSync(join(packageRoot, file), 'utf8'), dependencies),
    );
    expect(found).toEqual([]);
  });

  it.each(Object.keys(rooms))('%s has no circle of files', (room) => {
    const circles = circlesOf(valueImports(room));
    expect(circles.filter((circle) => !circle.every((file) => grammar.test(file)))).toEqual([]);
  });

  it('finds circles', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['d2']],
      ['d2', []],
    ]);
    expect(circlesOf(graph)).toEqual([['a', 'b', 'c']]);
  });

  it('are all of the rooms that are compiled', () => {
    const { include } = JSON.parse(readFileSync(join(packageRoot, 'tsconfig.build.json'), 'utf8')) as {
      include: string[];
    };
    expect(Object.keys(rooms).sort()).toEqual([...include].sort());
  });

  it('hold each exception to a file that is there and uses it', () => {
    for (const exception of Object.keys(exceptions)) {
      const [file = '', target = ''] = exception.split(' -> ');
      const source = readFileSync(join(packageRoot, file), 'utf8');
      expect(importsOf(source).map((specifier) => normalize(join(dirname(file), specifier)))).toContain(target);
    }
  });

  it.each([
    [
      'a room above',
      'artifact/image.ts',
      "import { dial } from '../rpc/client.ts';",
      'an image is the same whether it came over gRPC',
    ],
    [
      'a neighbour',
      'agent/deep/check.ts',
      "export {\n  compile,\n} from '../../compiler/compile.ts';",
      'needs no compiler',
    ],
    [
      'a folder above',
      'agent/store/images.ts',
      "import type { Push } from '../deliver/push.ts';",
      'programs are linked, images checked and stored for any order',
    ],
    [
      'a folder that nobody planned',
      'agent/misc/x.ts',
      "import './y.ts';\nimport '../store/images.ts';",
      'no folder misc',
    ],
    ['a type', 'common/error.ts', "import type { Image } from '../artifact/image.ts';", 'every room speaks its words'],
    ['an import on demand', 'cli/push.ts', "  const agent = await import('../agent/agent.ts');", 'asks over the wire'],
    ['an effect', 'rpc/client.ts', "import '../agent/agent.ts';", 'the wire is below'],
    ['an edge', 'cli/push.ts', "import { main } from './main.ts';", 'an edge is started, not imported'],
    ['a test', 'cli/push.ts', "import { build } from '../tests/build.setup.ts';", 'a client like any other'],
    ['no ending', 'cli/push.ts', "import { push } from './session';", 'a path ends in .ts'],
    [
      'a package of nobody',
      'cli/push.ts',
      "import lodash from '@lodash/fp/get';",
      "@lodash/fp: it is not in package.json's",
    ],
    ['a bare builtin', 'cli/push.ts', "import { join } from 'path';", 'write node:path'],
    ['a secret import', 'cli/push.ts', 'await import(name);', 'nobody can tell'],
    [
      'the environment',
      'cli/push.ts',
      'const home = process.env["HOME"];',
      "only a room's main.ts touches the process",
    ],
    ['an exit', 'compiler/compile.ts', 'process.exit(1);', "only a room's main.ts touches the process"],
    ['a signal', 'agent/agent.ts', "process.once('SIGTERM', stop);", "only a room's main.ts touches the process"],
    [
      'the process by import',
      'agent/agent.ts',
      "import { env } from 'node:process';",
      "only a room's main.ts touches the process",
    ],
    ['a room that nobody planned', 'utils/string.ts', '', 'there is no room utils'],
  ])('forbid %s', (_, file, source, reason) => {
    expect(complaints(file, source, dependencies).join('\n')).toContain(reason);
  });

  it.each([
    ['agent/agent.ts', "import { readImage } from '../artifact/image.ts';\nimport { Server } from '@grpc/grpc-js';"],
    ['agent/check/check-child.ts', 'process.exit(0);'],
    ['cli/main.ts', "await import('../agent/main.ts');\nprocess.env['HOME'];"],
    ['cli/style.ts', "process.platform === 'linux'"],
  ])('allow %s what it needs', (file, source) => {
    expect(complaints(file, source, dependencies)).toEqual([]);
  });
});
