import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type CompileOptions, type CompileResult, compile, renderDiagnostics } from '../../../compiler/compile.ts';
import { missingBuild } from '../../platforms/tools.ts';

/** A folder of this test file's own, gone when it ends. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vaisc-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a program to its end. */
export function runProgram(path: string, args: readonly string[] = [], cwd?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout: 20_000, maxBuffer: 16 * 1024 * 1024, ...(cwd === undefined ? {} : { cwd }) };
    execFile(path, args, options, (error, stdout) => {
      const ended = error as (Error & { code?: number; signal?: string }) | null;
      resolve({ code: ended === null ? 0 : (ended.code ?? null), signal: ended?.signal ?? null, output: stdout });
    });
  });
}

/** Compiles, and fails the test with the messages when that does not work. */
export async function compiled(options: CompileOptions): Promise<Extract<CompileResult, { ok: true }>> {
  const result = await compile(options);
  if (!result.ok) throw new Error(renderDiagnostics(result.diagnostics));
  return result;
}

/** Every way in which C is made of a source. */
const allWays = [
  { name: 'tcc', compiler: 'tcc', tier: 'fast', opt: 0 },
  { name: 'gcc -O0', compiler: 'gcc', tier: 'optimized', opt: 0 },
  { name: 'gcc -O1', compiler: 'gcc', tier: 'optimized', opt: 1 },
  { name: 'gcc -O2', compiler: 'gcc', tier: 'optimized', opt: 2 },
  { name: 'gcc -O3', compiler: 'gcc', tier: 'optimized', opt: 3 },
  { name: 'clang -O0', compiler: 'clang', tier: 'optimized', opt: 0 },
  { name: 'clang -O1', compiler: 'clang', tier: 'optimized', opt: 1 },
  { name: 'clang -O2', compiler: 'clang', tier: 'optimized', opt: 2 },
  { name: 'clang -O3', compiler: 'clang', tier: 'optimized', opt: 3 },
] as const;

export type Way = (typeof allWays)[number];

/** Why a compiler builds nothing here; undefined when it does. */
export const missingCompilers = {
  tcc: await missingBuild({ kind: 'program', compiler: 'tcc' }),
  gcc: await missingBuild({ kind: 'program', compiler: 'gcc' }),
  clang: await missingBuild({ kind: 'program', compiler: 'clang' }),
} as const;

/** The ways that there are on this machine: in CI, where nothing is skipped, all of them. */
export const ways: readonly Way[] =
  process.env['CI'] === 'true' ? allWays : allWays.filter(({ compiler }) => missingCompilers[compiler] === undefined);
