import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import koffi from 'koffi';
import { hostTriple } from '../artifact/triple.ts';
import { packageRoot } from '../common/package-root.ts';
import { analyse } from '../compiler/front.ts';
import { generate } from '../compiler/generate.ts';
import { flagsOf } from '../compiler/tool/build.ts';
import { toolchainFor } from '../compiler/tool/find.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);
const samples = 100;
const warmUp = 5;

/** What no way from a save to running code can undercut, each measured alone. */
export interface Floor {
  /** The C compiler alone: started, and done with the same C. */
  readonly compile: Row;
  /** The smallest gRPC call and its answer, between two processes. */
  readonly rpc: Row;
  /** Opening the library. */
  readonly dlopen: Row;
}

/**
 * Measures the floor.
 *
 * @param file the Vais source that is compiled to the C of an image
 * @param address of a gRPC server in another process, with the standard health service
 * @param folder for the files that this needs; the caller removes it
 */
export async function measureFloor(
  compiler: 'tcc' | 'gcc',
  file: string,
  address: string,
  folder: string,
): Promise<Floor> {
  await mkdir(folder, { recursive: true });
  const toolchain = await toolchainFor(hostTriple(), [compiler]);
  const front = analyse(file);
  if (toolchain === undefined || !front.ok) throw new Error(`cannot measure ${compiler}`);
  const tier = compiler === 'tcc' ? 'fast' : 'optimized';
  const how = { kind: 'image', triple: hostTriple(), tier, toolchain, opt: 2, debug: false, release: false } as const;
  const c = join(folder, 'game.c');
  await writeFile(c, generate(front.program, how).c);
  const library = join(folder, 'libfloor.so');
  const args = [...flagsOf(how), '-w', '-shared', '-I', join(packageRoot, 'runtime'), c, '-o', library];
  const compile = await measure('compile', `${compiler} alone, on the same C`, () => run(toolchain.command, args));
  const rpc = await measureRpc(address);
  const copies = Array.from({ length: warmUp + samples }, (_, index) => join(folder, `lib${index}.so`));
  for (const copy of copies) await copyFile(library, copy);
  const dlopen = await measure('dlopen', 'a library that was never opened', async (index) => {
    koffi.load(copies[index] ?? library);
  });
  return { compile, rpc, dlopen };
}

async function measureRpc(address: string): Promise<Row> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  try {
    return await measure('grpc', 'an empty call of the health service and its answer', () => {
      return new Promise<void>((resolve, reject) => {
        const done = (error: grpc.ServiceError | null): void => (error === null ? resolve() : reject(error));
        client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, Buffer.alloc(0), done);
      });
    });
  } finally {
    client.close();
  }
}

async function measure(name: string, note: string, once: (index: number) => Promise<unknown>): Promise<Row> {
  const taken: number[] = [];
  for (let index = 0; index < warmUp + samples; index += 1) {
    const begun = performance.now();
    await once(index);
    if (index >= warmUp) taken.push(performance.now() - begun);
  }
  return rowOf(name, 'ms', taken, note);
}
