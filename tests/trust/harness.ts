/** Real agents with TLS in this process, developers that are paired with them, and a real program to push to. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Agent, startAgent } from '../../agent/agent.ts';
import { developers, revoke, token } from '../../agent/commands.ts';
import type { Notice } from '../../agent/say/notice.ts';
import { pairingStatement, signStatement, spkiOf } from '../../artifact/act/act.ts';
import { type Manifest as SignedManifest, validateManifest } from '../../artifact/act/manifest.ts';
import { Signer } from '../../cli/targets/signer.ts';
import { parseTarget, type Target } from '../../rpc/address.ts';
import { makeRequest } from '../../rpc/certificate.ts';
import { AgentClient } from '../../rpc/client.ts';
import { type ClientIdentity, secureChannel } from '../../rpc/credentials.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { Signature } from '../../rpc/gen/vais/remote/v1/Signature.ts';
import { greet } from '../../rpc/greet.ts';
import { type PairingToken, parseToken } from '../../rpc/token.ts';
import { askToPair } from '../../rpc/trust-client.ts';
import { type Ended, Heard, linked, manifestOf, TestSession } from '../agent/harness.ts';
import { type Image, Program } from '../runtime/harness.ts';

/** An agent with TLS, and what it said. */
export interface Guarded extends Agent {
  readonly target: Target;
  readonly data: string;
  readonly notices: Heard<Notice>;
}

/** Somebody who is paired, or says so. */
export class Developer {
  readonly name: string;
  readonly identity: ClientIdentity;
  readonly key: KeyObject;
  readonly signer: Signer;
  readonly #target: Target;
  readonly #open: { close(): void }[] = [];
  #nonce = 1_000;

  constructor(name: string, target: Target, identity: ClientIdentity, key: KeyObject) {
    this.name = name;
    this.identity = identity;
    this.key = key;
    this.signer = new Signer(key, identity.agentId);
    this.#target = target;
  }

  client(target = this.#target): AgentClient {
    const client = new AgentClient(target, secureChannel(this.identity));
    this.#open.push(client);
    return client;
  }

  async session(target = this.#target): Promise<TestSession> {
    const session = new TestSession(this.client(target));
    this.#open.push(session);
    return session.open();
  }

  sign(image: Image, more: Partial<SignedManifest> = {}, lastSequence = 0): Signature {
    return this.signer.push(signed(image, more), { agentId: '', lastSequence });
  }

  /** Offers an image, with whatever signature. Returns how it ended. */
  offer(session: TestSession, image: Image, signature: Signature | null, manifest: Manifest = {}): Promise<Ended> {
    const nonce = ++this.#nonce;
    const bytes = readFileSync(image.path);
    void session.raw.send({
      offer: { nonce, manifest: { ...manifestOf(image), ...manifest }, image: bytes, elapsedUs: 0, signature },
    });
    return endOf(session, nonce);
  }

  /** A push as it should be. */
  async push(image: Image, session?: TestSession): Promise<Ended> {
    return this.offer(session ?? (await this.session()), image, this.sign(image));
  }

  close(): void {
    for (const each of this.#open.splice(0)) each.close();
  }
}

/** How the offer of this number ended. */
export async function endOf({ heard }: TestSession, nonce: number): Promise<Ended> {
  const { ack, nack } = await heard.first((each) => (each.ack ?? each.nack)?.nonce === nonce, `the end of ${nonce}`);
  if (ack) return { kind: 'ack', version: ack.version, unchanged: ack.unchanged };
  const { code = '', message = '' } = nack?.reason ?? {};
  return { kind: 'nack', running: nack?.runningVersion ?? -1, code, message };
}

/** What is signed for an image. */
export function signed(image: Image, more: Partial<SignedManifest> = {}): SignedManifest {
  return { ...validateManifest({ ...manifestOf(image), tier: 'fast' }), ...more };
}

/** A folder with agents, programs and developers; `close()` ends and removes all of it. */
export class Fort {
  readonly folder = mkdtempSync(join(tmpdir(), 'vf-'));
  readonly #closers: (() => unknown)[] = [];

  async agent(more: { data?: string; listen?: string; certificateMs?: number } = {}): Promise<Guarded> {
    const notices = new Heard<Notice>('agent');
    const data = join(this.folder, more.data ?? 'd');
    const agent = await startAgent(
      {
        listen: more.listen ?? '127.0.0.1:0',
        data,
        run: [],
        insecure: false,
        defaultLink: join(this.folder, 'default', 'link.sock'),
        maxImageBytes: 16 * 1024 * 1024,
        maxDiskBytes: 64 * 1024 * 1024,
        certificateMs: more.certificateMs ?? 3_600_000,
        environment: {},
      },
      (notice) => notices.put(notice),
    );
    this.#closers.push(() => agent.close());
    return { ...agent, target: parseTarget(agent.address), data, notices };
  }

  /** A token, as `vais-remote agent token` gives it. */
  async token(agent: Guarded, programs: string[] = [], developer?: string): Promise<PairingToken> {
    const tokens: string[] = [];
    const named = developer === undefined ? {} : { developer };
    await token(agent.data, { programs, minutes: 1, ...named }, ({ token: text }) => tokens.push(String(text)));
    return parseToken(tokens[0] ?? '');
  }

  /** Pairs somebody, as `vais-remote pair` does. */
  async developer(agent: Guarded, name = 'ann', programs: string[] = []): Promise<Developer> {
    return this.pair(agent.target, await this.token(agent, programs), name);
  }

  async pair(
    target: Target,
    { secret }: Pick<PairingToken, 'secret'>,
    name: string,
    key = generateKeyPairSync('ed25519').privateKey,
  ): Promise<Developer> {
    const { agentId, authority, fingerprint } = await greet(target);
    const { key: tlsKey, request } = await makeRequest();
    const digest = createHash('sha256').update(request).digest('hex');
    const { certificate } = await askToPair(
      target,
      { agentId, authority },
      {
        secret,
        certificateRequest: request,
        signingKey: spkiOf(key),
        developer: name,
        proof: signStatement(pairingStatement(fingerprint.toString('hex'), digest, name), key),
      },
    );
    return this.keep(new Developer(name, target, { agentId, authority, own: { key: tlsKey, certificate } }, key));
  }

  keep(developer: Developer): Developer {
    this.#closers.push(() => developer.close());
    return developer;
  }

  async developers(agent: Guarded): Promise<Record<string, unknown>[]> {
    const all: Record<string, unknown>[] = [];
    await developers(agent.data, (json) => all.push(json));
    return all;
  }

  revoke(agent: Guarded, name: string): Promise<void> {
    return revoke(agent.data, name, () => undefined);
  }

  /** Starts a program that makes passes by itself, and waits until the agent knows it. */
  async program(path: string, agent: Guarded, passes = true): Promise<Program> {
    const program = new Program(path, { link: agent.link, env: {} });
    this.#closers.push(() => program.kill());
    if (passes) this.run(program);
    await linked({ ...agent, client: new AgentClient(agent.target), session: () => Promise.reject() }, program.pid);
    return program;
  }

  /** Lets a program make passes from now on. */
  run(program: Program): void {
    const timer = setInterval(() => program.child.stdin.writable && program.send('.'), 3);
    this.#closers.push(() => clearInterval(timer));
  }

  /** Ends something early, or last. */
  onClose(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) await closer();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An error of ours with this code. */
export function refused(code: string, message = ''): unknown {
  return expect.objectContaining({ code, message: expect.stringContaining(message) });
}
