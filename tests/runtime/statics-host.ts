/** A program with a plain library whose variables it reports, and versions of that library. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compilerFamily, moduleFlags } from '../../linker/flags.ts';
import { Agent, type Line, Program } from './harness.ts';

const run = promisify(execFile);

export interface Build {
  readonly compiler: string;
  readonly language?: 'c' | 'c++';
  readonly flags: readonly string[];
}

let count = 0;

/** Compiles a source and links it, as a Makefile does: in two steps. */
export async function buildStatics(folder: string, source: string | readonly string[], build: Build): Promise<string> {
  const name = `statics-${++count}`;
  const language = build.language ?? 'c';
  const driver = language === 'c' ? build.compiler : build.compiler.replace('gcc', 'g++').replace('clang', 'clang++');
  const keeping = moduleFlags(compilerFamily(build.compiler, ''), process.env);
  const sources = typeof source === 'string' ? [source] : source;
  const objects = await Promise.all(
    sources.map(async (text, index) => {
      const object = join(folder, `${name}-${index}.o`);
      const file = join(folder, `${name}-${index}`, `part${index}.${language === 'c' ? 'c' : 'cc'}`);
      await run('mkdir', ['-p', join(folder, `${name}-${index}`)]);
      writeFileSync(file, text);
      await run(driver, [...keeping.compile, ...build.flags, '-c', file, '-o', object]);
      return object;
    }),
  );
  const library = join(folder, `${name}.so`);
  const link = [...keeping.link, ...build.flags, ...objects, '-o', library];
  await run(driver, link);
  return library;
}

/** One variable as the module saw it. */
export interface Seen {
  readonly value: number;
  readonly address: string;
}

export class StaticsHost {
  readonly agent: Agent;
  readonly program: Program;
  #version = 1;

  private constructor(agent: Agent, program: Program) {
    this.agent = agent;
    this.program = program;
  }

  static async start(host: string, folder: string, library: string): Promise<StaticsHost> {
    const link = join(folder, `link-${++count}.sock`);
    const opened = join(folder, `libstatics-${count}.so`);
    copyFileSync(library, opened);
    const agent = await Agent.listen(link);
    const program = new Program(host, { link, args: [opened], env: { XDG_RUNTIME_DIR: folder } });
    await program.take('started');
    await agent.take('ready');
    return new StaticsHost(agent, program);
  }

  /** Delivers it as the next version; undefined: it runs. Otherwise why it was refused. */
  async push(library: string): Promise<Line | undefined> {
    const nonce = `statics-${++count}`;
    this.agent.send('load', { module: 'statics', version: this.#version + 1, nonce, path: library, ...sumOf(library) });
    const answer = await this.agent.lines.take(
      (line) => line['nonce'] === nonce && (line.verb === 'loaded' || line.verb === 'refused'),
      'loaded or refused',
    );
    if (answer.verb === 'refused') return answer;
    this.#version += 1;
    return undefined;
  }

  /** What all variables are, after the module's code has gone over each once. */
  async report(thread: 'main' | 'new' = 'main'): Promise<ReadonlyMap<string, Seen>> {
    this.program.send(thread === 'main' ? 'p' : 't');
    const pass = await this.program.take('pass ');
    if (Number(pass['version']) !== this.#version)
      throw new Error(`version ${pass['version']} ran, not ${this.#version}`);
    const seen = new Map<string, Seen>();
    for (const [, name, value, address] of (pass['line'] ?? '').matchAll(/(\S+)=(-?\d+)@(\S+)/g))
      if (name !== undefined && address !== undefined) seen.set(name, { value: Number(value), address });
    return seen;
  }

  async close(): Promise<void> {
    this.program.kill();
    await this.program.ended;
    await this.agent.close();
  }
}

function sumOf(path: string): { digest: string; size: number } {
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { digest, size: statSync(path).size };
}
