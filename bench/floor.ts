import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import koffi from 'koffi';
import { hostTriple } from '../artifact/image/triple.ts';
import { packageRoot } from '../common/package-root.ts';
import { generate } from '../compiler/back/c/generate.ts';
import { toolchainFor } from '../compiler/back/c/tool/find.ts';
import { flagsOf } from '../compiler/back/c/tool/flags.ts';
import { analyse } from '../compiler/front/front.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);

/** What no way from a save to running code can undercut, each measured alone. */
export interface Floor {
  /** The C compiler alone: started, and done with the same C. */
  readonly compile: Row;
  /** The smallest gRPC call and its answer, between two processes. */
  readonly rpc: Row;
  /** Opening the library. */
  readonly dlopen: Row;
}

/** Measures the floor, one sample at a time, so that it can be done between the saves and under the same load. */
export class FloorMeter {
  readonly #compile: () => Promise<unknown>;
  readonly #client: grpc.Client;
  readonly #library: string;
  readonly #samples = { compile: [] as number[], rpc: [] as number[], dlopen: [] as number[] };
  readonly #compiler: string;
  #count = 0;

  private constructor(compiler: string, compile: () => Promise<unknown>, library: string, address: string) {
    this.#compiler = compiler;
    this.#compile = compile;
    this.#library = library;
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure());
  }

  /**
   * @param file the Vais source that is compiled to the C of an image
   * @param address of a gRPC server in another process, with the standard health service
   * @param folder for the files that this needs; the caller removes it
   */
  static async make(compiler: 'tcc' | 'gcc', file: string, address: string, folder: string): Promise<FloorMeter> {
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
    return new FloorMeter(compiler, () => run(toolchain.command, args), library, address);
  }

  /** Takes one sample of each. */
  async sample(): Promise<void> {
    this.#samples.compile.push(await timed(this.#compile));
    this.#samples.rpc.push(await timed(() => this.#call()));
    const copy = `${this.#library}.${++this.#count}`; // One that was never opened.
    await copyFile(this.#library, copy);
    this.#samples.dlopen.push(await timed(async () => koffi.load(copy)));
  }

  /** The samples so far, without the first `skip`. */
  rows(skip: number): Floor {
    const { compile, rpc, dlopen } = this.#samples;
    return {
      compile: rowOf('compile', 'ms', compile.slice(skip), `${this.#compiler} alone, on the same C`),
      rpc: rowOf('grpc', 'ms', rpc.slice(skip), 'an empty call of the health service and its answer'),
      dlopen: rowOf('dlopen', 'ms', dlopen.slice(skip), 'a library that was never opened'),
    };
  }

  close(): void {
    this.#client.close();
  }

  #call(): Promise<void> {
    const same = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve, reject) => {
      const done = (error: grpc.ServiceError | null): void => (error === null ? resolve() : reject(error));
      this.#client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, Buffer.alloc(0), done);
    });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
