import type { Contract } from '../../artifact/contract/contract.ts';
import { isName } from '../../artifact/contract/name.ts';
import { readContract } from '../../artifact/contract/records.ts';
import { type Digest, parseDigest } from '../../common/digest.ts';
import { contractOfOpened } from './opened.ts';

/** What a program runs of one of its modules. */
export interface LinkedModule {
  readonly name: string;
  readonly source: string;
  /** The build id of the code the program started with. */
  readonly base: string;
  version: number;
  buildId: string;
  /** Undefined for the code the program started with. */
  digest: Digest | undefined;
  state: 'probation' | 'confirmed';
  contract: Contract;
}

/** What the loader of a program does: see `loading` in docs/link.md. */
export type Loading = 'unloads' | 'keeps' | 'none';

type Fields = ReadonlyMap<string, string>;

const maxModules = 256;
/** All contracts of one program together. */
const maxContractBytes = 8 * 1024 * 1024;

/** What a program says of itself at the start of a connection: docs/link.md. A string that comes back is a complaint. */
export class Hello {
  name = '';
  pid = 0;
  /** The pid namespace that `pid` counts in, by its inode; undefined where the program does not say. */
  pidNamespace: string | undefined;
  triple = '';
  runtimeVersion = '';
  loading: Loading = 'unloads';
  /** Whether it can start its own executable to try an image. */
  checks = false;
  readonly #modules = new Map<string, { fields: Fields; records: string[]; more: boolean }>();
  #bytes = 0;

  hello(fields: Fields): string | undefined {
    if (fields.get('protocol') !== '1')
      return `the program speaks link protocol ${fields.get('protocol')}, this agent 1`;
    const name = fields.get('program') ?? '';
    const pid = integer(fields.get('pid'));
    if (!isName(name) || pid === undefined) return 'the hello names no program or no pid';
    this.name = name;
    this.pid = pid;
    this.pidNamespace = fields.get('pidns');
    this.triple = fields.get('triple') ?? '';
    this.runtimeVersion = fields.get('runtime') ?? '';
    this.checks = fields.get('checks') === '1';
    const loading = fields.get('loading');
    this.loading = loading === 'keeps' || loading === 'none' ? loading : 'unloads';
    return undefined;
  }

  module(fields: Fields): string | undefined {
    const name = fields.get('name') ?? '';
    if (!isName(name) || this.#modules.has(name) || this.#modules.size >= maxModules)
      return 'a module line that does not fit';
    this.#modules.set(name, { fields, records: [], more: false });
    return undefined;
  }

  /** The source file of a module. */
  sourceOf(module: string): string | undefined {
    return this.#modules.get(module)?.fields.get('source');
  }

  /** A record, or a part of one: `more=1` says that the next line goes on with it. */
  contract(fields: Fields): string | undefined {
    const module = this.#modules.get(fields.get('module') ?? '');
    const text = fields.get('record');
    if (module === undefined || text === undefined) return 'a contract line without its module';
    this.#bytes += text.length;
    if (this.#bytes > maxContractBytes) return 'a contract that is too large';
    if (module.more) module.records.push((module.records.pop() ?? '') + text);
    else module.records.push(text);
    module.more = fields.get('more') === '1';
    return undefined;
  }

  /** The modules, once the hello is complete. */
  modules(): Map<string, LinkedModule> | string {
    const modules = new Map<string, LinkedModule>();
    for (const [name, { fields, records }] of this.#modules) {
      const running = runningOf(fields);
      const base = fields.get('base');
      if (running === undefined || base === undefined) return `module ${name} says too little`;
      try {
        const image = fields.get('image');
        const contract =
          records.length === 0 && image !== undefined
            ? contractOfOpened(image, { module: name, triple: this.triple, buildId: running.buildId })
            : readContract(records);
        modules.set(name, { name, source: fields.get('source') ?? '', base, ...running, contract });
      } catch (thrown) {
        return `the contract of module ${name} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`;
      }
    }
    return modules;
  }
}

/** The part of a module line that changes while the program runs. */
export function runningOf(fields: Fields): Pick<LinkedModule, 'version' | 'buildId' | 'digest' | 'state'> | undefined {
  const version = integer(fields.get('version'));
  const buildId = fields.get('build');
  if (version === undefined || buildId === undefined) return undefined;
  const digest = parseDigest(fields.get('digest') ?? '-');
  return { version, buildId, digest, state: fields.get('state') === 'probation' ? 'probation' : 'confirmed' };
}

/** A whole number as the link writes it. */
export function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
