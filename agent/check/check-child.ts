/**
 * The check process: loads images that the agent has staged, so that a program never sees one that does not load. It
 * is an edge of its own, as `main.ts` is: whatever happens in here must not reach the agent, so it is started with nothing but a pipe.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import koffi, { type LibraryHandle } from 'koffi';
import { isPrintable } from '../../artifact/contract/name.ts';
import { contractLimits, readContract } from '../../artifact/contract/records.ts';
import { VaisError } from '../../common/error.ts';
import { type CheckAnswer, type CheckRequest, checkChannel, formatCheckLine } from './check-protocol.ts';

/** The head of `struct hot_image` in runtime/hot.h, and HOT_ABI there. */
const hotAbi = 1;
const HotImage = koffi.struct('hot_image', {
  abi: 'uint32',
  size: 'uint32',
  module: 'str',
  build_id: 'str',
  triple: 'str',
  contract: 'void *',
  contract_size: 'uint64',
});
const buffer = Buffer.allocUnsafe(262_144);

interface HotImageHead {
  readonly abi: number;
  readonly size: number;
  readonly module: string | null;
  readonly build_id: string | null;
  readonly contract: bigint | null;
  readonly contract_size: number;
}

const channel = new Socket({ fd: checkChannel, readable: true, writable: true });

function say(answer: CheckAnswer): void {
  channel.write(formatCheckLine(answer));
}

function check(request: CheckRequest): void {
  const digest = digestOfFile(request.path);
  if (digest !== request.digest) {
    throw new VaisError('digest_mismatch', `the staged image is not what it was: its SHA-256 is ${digest} now`);
  }
  say({ kind: 'stage', stage: 'load' });
  // Windows takes a name without an end for that of a .dll, unless a point says that it has none.
  const library = koffi.load(process.platform === 'win32' ? `${request.path}.` : request.path);
  try {
    say({ kind: 'stage', stage: 'read' });
    if (request.functions === undefined) compare(request, readHead(library));
    else for (const name of request.functions) requireFunction(library, name);
  } finally {
    say({ kind: 'stage', stage: 'unload' });
    library.unload();
  }
}

function digestOfFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function requireFunction(library: LibraryHandle, name: string): void {
  try {
    library.symbol(name);
  } catch {
    throw failed(`the library does not export the function ${shown(name)}, which its contract names`);
  }
}

function readHead(library: LibraryHandle): HotImageHead {
  let symbol: unknown;
  try {
    symbol = library.symbol('vais_hot_image');
  } catch {
    throw failed('the library does not export vais_hot_image, so no program can take it');
  }
  const [abi, size] = koffi.decode(symbol, 'uint32', 2) as [number, number];
  if (abi !== hotAbi) {
    throw failed(`the library was built for version ${abi} of the runtime's interface, and this is version ${hotAbi}`);
  }
  if (size < koffi.sizeof(HotImage)) throw failed(`its vais_hot_image has ${size} bytes, which is too few`);
  return koffi.decode(symbol, HotImage) as HotImageHead;
}

function compare({ module, buildId }: CheckRequest, head: HotImageHead): void {
  if (head.module !== module) throw failed(`the loaded library is the module ${shown(head.module)}, not ${module}`);
  if (head.build_id !== buildId)
    throw failed(`the loaded library is the build ${shown(head.build_id)}, not ${buildId}`);
  if (head.contract === null || head.contract_size === 0 || head.contract_size > contractLimits.bytes) {
    throw failed(`the loaded library points to no contract: ${head.contract_size} bytes`);
  }
  const contract = readContract(new Uint8Array(koffi.view(head.contract, head.contract_size)));
  if (contract.module !== module || contract.buildId !== buildId) {
    throw failed(`the loaded library points to the contract of the build ${contract.buildId} of ${contract.module}`);
  }
}

function failed(message: string): VaisError {
  return new VaisError('check_failed', message);
}

/** A string from the library, fit for a message. */
function shown(text: string | null): string {
  if (text === null) return '(none)';
  return isPrintable(text) ? text.slice(0, 64) : '(not printable)';
}

/** What went wrong, as an answer; the loader's own words have the path in them, which says nothing to a developer. */
function answerFor(thrown: unknown, { path }: CheckRequest): CheckAnswer {
  if (thrown instanceof VaisError) {
    return {
      kind: 'failed',
      code: thrown.code === 'digest_mismatch' ? thrown.code : 'check_failed',
      message: thrown.message,
    };
  }
  const words = (thrown instanceof Error ? thrown.message : String(thrown))
    .replace('Failed to load shared library: ', '')
    .replaceAll(`${path}: `, '')
    .replaceAll(path, 'it');
  return { kind: 'failed', code: 'check_failed', message: `the library does not load: ${words.slice(0, 1_024)}` };
}

/**
 * The agent may be killed while a constructor hangs in here, with nobody left who would end this process. Linux does
 * it by itself when asked; elsewhere an alarm does.
 */
function dieWithTheAgent(): void {
  if (process.platform !== 'linux') return;
  const PR_SET_PDEATHSIG = 1;
  const PR_SET_DUMPABLE = 4;
  const SIGKILL = 9;
  // Where memory runs out because of a library, this is the process to end, and not the program.
  writeFileSync('/proc/self/oom_score_adj', '1000');
  const prctl = koffi.load(null).func('int prctl(int option, ulong value)');
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0); // no core file
}

dieWithTheAgent();
channel.on('close', () => process.exit(0));
channel.on('error', () => process.exit(0));
createInterface({ input: channel }).on('line', (line) => {
  const request = JSON.parse(line) as CheckRequest;
  try {
    check(request);
    say({ kind: 'passed' });
  } catch (thrown) {
    say(answerFor(thrown, request));
  }
});
say({ kind: 'ready' });
