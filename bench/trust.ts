import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolder } from '../agent/store/data-folder.ts';
import { StorageFaults } from '../agent/store/faults.ts';
import { AuditLog } from '../agent/trust/audit.ts';
import { isSigned, pushStatement, signStatement } from '../artifact/act/act.ts';
import { type Manifest, validateManifest } from '../artifact/act/manifest.ts';
import { hostTriple } from '../artifact/image/triple.ts';
import { inMemory } from '../artifact/transfer/local-image.ts';
import { Child } from '../cli/demo/child.ts';
import { PushSession } from '../cli/session/push-session.ts';
import { withFolder } from '../cli/show/context.ts';
import { Connection } from '../cli/targets/connect.ts';
import { openSigningKey, Signer } from '../cli/targets/signer.ts';
import { configFolder, TargetStore } from '../cli/targets/store.ts';
import { digestOf } from '../common/digest.ts';
import { packageRoot } from '../common/package-root.ts';
import { compile } from '../compiler/compile.ts';
import { parseTarget } from '../rpc/address.ts';
import { fromFailure } from '../rpc/status.ts';
import { gameSource } from './game-source.ts';
import { type Row, rowOf } from './report.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const pushes = 200;
const warmUp = 20;
const handshakes = 60;
const main = join(packageRoot, 'dist', 'cli', 'main.js');

interface BenchImage {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
}

/**
 * What trust costs a small push: the same pushes, once in plain text with nothing signed, once over TLS 1.3 with client
 * certificates, signatures and a ledger. Both write an audit log. A real agent, a real program, two images that take turns.
 */
export async function trustBench(
  env: Environment,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(async (folder) => {
    const images = [await build(folder, 1, signal), await build(folder, 2, signal)] as const;
    const plain = await measure(join(folder, 'plain'), true, images, env, signal);
    tell('plain done');
    const secure = await measure(join(folder, 'secure'), false, images, env, signal);
    const median = (name: 'swapped' | 'confirmed' | 'opened'): number => rowOf('', '', plain[name], '').p50;
    const note = 'TLS 1.3, signed; floor: the same without';
    add(
      rowOf('trust/push_swapped', 'ms', secure.swapped, `offer to swapped, small module, ${note}`, median('swapped')),
    );
    add(rowOf('trust/push_confirmed', 'ms', secure.confirmed, `offer to the last word, ${note}`, median('confirmed')));
    add(rowOf('trust/open', 'ms', secure.opened, `connect and learn what runs, ${note}`, median('opened')));
    signatures(images[0].manifest, add);
    await auditLog(join(folder, 'audit'), add);
  });
}

interface Samples {
  readonly swapped: number[];
  readonly confirmed: number[];
  readonly opened: number[];
}

async function measure(
  folder: string,
  insecure: boolean,
  images: readonly [BenchImage, BenchImage],
  env: Environment,
  signal: AbortSignal,
): Promise<Samples> {
  await mkdir(folder);
  const own = {
    ...env,
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    VAIS_HOT_NAME: 'game',
  };
  const children: Child[] = [];
  const start = (name: string, command: string, args: readonly string[], more: Environment = {}): Child => {
    const child = new Child(name, command, args, { cwd: folder, env: { ...own, ...more } });
    children.push(child);
    return child;
  };
  try {
    const flags = [
      '--listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'd'),
      '--json',
      ...(insecure ? ['--insecure'] : []),
    ];
    const agent = start('agent', process.execPath, [main, 'agent', ...flags]);
    const ready = JSON.parse(await agent.line(0, signal)) as { address: string; link: string };
    const connect = insecure ? () => new Connection(parseTarget(ready.address), undefined) : await pair();
    start('program', join(folder, '..', 'game'), [], { VAIS_HOT_LINK: ready.link });
    for (let index = 1; ; index += 1)
      if ((JSON.parse(await agent.line(index, signal)) as { event: string }).event === 'linked') break;
    const opened = await openAgainAndAgain(connect, signal);
    return { ...(await pushAgainAndAgain(connect(), ready.address, images, signal)), opened };

    async function pair(): Promise<() => Connection> {
      const { token } = JSON.parse(await agent.line(1, signal)) as { token: string };
      await start('pair', process.execPath, [main, 'pair', token, '--as', 'bench', '--json']).line(0, signal);
      const config = configFolder(own);
      const paired = await new TargetStore(config).find('bench');
      if (paired === undefined) throw new Error('the benchmark could not pair');
      const signer = new Signer(await openSigningKey(config), paired.agentId);
      return () => new Connection({ ...parseTarget(paired.address), paired }, signer);
    }
  } finally {
    await Promise.all(children.map((child) => child.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function openAgainAndAgain(connect: () => Connection, signal: AbortSignal): Promise<number[]> {
  const taken: number[] = [];
  for (let index = 0; index < handshakes && !signal.aborted; index += 1) {
    const begun = performance.now();
    const connection = connect();
    await connection.getStatus(false);
    taken.push(performance.now() - begun);
    connection.close();
  }
  return taken.slice(5);
}

async function pushAgainAndAgain(
  connection: Connection,
  address: string,
  images: readonly [BenchImage, BenchImage],
  signal: AbortSignal,
): Promise<Pick<Samples, 'swapped' | 'confirmed'>> {
  const samples = { swapped: [] as number[], confirmed: [] as number[] };
  const session = await PushSession.open(connection, address, signal);
  try {
    for (let index = 0; index < warmUp + pushes; index += 1) {
      const { manifest, bytes } = images[index % 2 === 0 ? 0 : 1];
      const begun = performance.now();
      let swapped = 0;
      const wire = {
        ...manifest,
        tier: manifest.tier === 'fast' ? ('TIER_FAST' as const) : ('TIER_OPTIMIZED' as const),
      };
      const { nack } = await session.offer({
        manifest: wire,
        image: inMemory(bytes),
        elapsedUs: () => 0,
        onEvent: ({ detail }) => {
          if (detail === 'swapped') swapped = performance.now() - begun;
        },
      });
      if (nack) throw fromFailure(nack.reason);
      if (index < warmUp) continue;
      samples.swapped.push(swapped);
      samples.confirmed.push(performance.now() - begun);
    }
  } finally {
    session.close();
    connection.close();
  }
  return samples;
}

function signatures(manifest: Manifest, add: (row: Row) => void): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const stamp = { keyId: 'a'.repeat(64), agentId: 'b'.repeat(32), sequence: 1, nonce: 'c'.repeat(32), signedAt: 1 };
  const taken: { sign: number[]; verify: number[] } = { sign: [], verify: [] };
  for (let index = 0; index < 2_000; index += 1) {
    const begun = performance.now();
    const statement = pushStatement(manifest, { ...stamp, sequence: index });
    const signature = signStatement(statement, privateKey);
    const signed = performance.now();
    if (!isSigned(statement, signature, publicKey)) throw new Error('a good signature was not taken');
    if (index < 200) continue;
    taken.sign.push((signed - begun) * 1000);
    taken.verify.push((performance.now() - signed) * 1000);
  }
  add(rowOf('trust/sign', 'us', taken.sign, 'a manifest, Ed25519'));
  add(rowOf('trust/verify', 'us', taken.verify, 'a manifest, Ed25519'));
}

async function auditLog(folder: string, add: (row: Row) => void): Promise<void> {
  await mkdir(folder);
  const log = await AuditLog.open(await DataFolder.open(folder, () => undefined), new StorageFaults(() => undefined));
  const taken: number[] = [];
  for (let index = 0; index < 220; index += 1) {
    const begun = performance.now();
    await log.append('renewed', { developer: 'ann@laptop', until: 'never' });
    if (index >= 20) taken.push(performance.now() - begun);
  }
  await log.close();
  add(rowOf('trust/audit', 'ms', taken, 'one entry, on the disk'));
}

async function build(folder: string, number: number, signal: AbortSignal): Promise<BenchImage> {
  const file = join(folder, 'game.vais');
  await writeFile(file, gameSource(number));
  const triple = hostTriple();
  if (number === 1) await compile({ file, kind: 'program', triple, output: join(folder, 'game'), signal });
  const output = join(folder, `libgame${number}.so`);
  const built = await compile({ file, kind: 'image', triple, output, signal });
  if (!built.ok) throw new Error(`the benchmark's source does not compile: ${built.diagnostics[0]?.message}`);
  const bytes = await readFile(built.output);
  const { module, buildId, tier } = built.contract;
  const digest = digestOf(bytes);
  const manifest = { program: 'game', module, triple, digest, size: bytes.length, parentVersion: 0, tier, buildId };
  return { bytes, manifest: validateManifest(manifest) };
}
