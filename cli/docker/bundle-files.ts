import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { packageRoot, packageVersion } from '../../common/package-root.ts';
import { agentFiles, agentProgram } from './bundle.ts';
import type { Runner } from './platform.ts';
import type { User } from './user.ts';

/** The one folder that an attached agent has in its place. */
export const topName = '.vais-remote';

/** What is put into a container: an agent, and Node where it has none. */
export interface Bundle {
  /** The name of its folder: the same for the same content. */
  readonly version: string;
  /** Paths in that folder, and where they are here. */
  readonly files: readonly { readonly path: string; readonly from: string; readonly mode: number }[];
  /** What runs a program of the folder when it stands at `root`. */
  node(root: string): string[];
  /** The agent's program, when the folder stands at `root`. */
  program(root: string): string;
}

/** Gathers what a runner needs. */
export async function makeBundle(runner: Runner): Promise<Bundle> {
  const own = (await agentFiles()).map((path) => ({ path, from: join(packageRoot, path), mode: 0o644 }));
  const brought = runner.kind === 'ours' ? [runner.node, ...runner.libraries] : [];
  const node = brought.map((from) => ({ path: `node/${basename(from)}`, from, mode: 0o755 }));
  const files = [...own, ...node];
  const hash = createHash('sha256');
  for (const { path, from } of files) {
    // Of this machine's Node its version and size will do: it is large, and nobody builds it anew.
    const content = path.startsWith('node/') ? `${process.version} ${(await stat(from)).size}` : await readFile(from);
    hash.update(`${path}\0`).update(content).update('\0');
  }
  const [executable = '', loader = ''] = brought.map((from) => basename(from));
  return {
    version: `${packageVersion}-${hash.digest('hex').slice(0, 12)}`,
    files,
    node: (root) =>
      runner.kind === 'theirs'
        ? ['node']
        : [`${root}/node/${loader}`, '--library-path', `${root}/node`, `${root}/node/${executable}`],
    program: (root) => `${root}/${agentProgram}`,
  };
}

/** A top folder as it is put into a container. */
export interface Shipment {
  readonly bundle: Bundle;
  /** What the bundle's folder is called. */
  readonly folder: string;
  /** Whose all of it is, but what the agent writes. */
  readonly owner: User;
  /** Whom the agent runs as. */
  readonly user: User;
  /** What whoever removes it has to know. */
  readonly notes: Notes;
}

/** What stands in `notes.json` in the top folder. */
export interface Notes {
  readonly owner: User;
  /** When the folder above was changed last, before this. */
  readonly mtime?: string;
  /** What runs Node in that container, once all is in its place. */
  readonly node: readonly string[];
}

/** The shipment as a tar. */
export function tarOf({ bundle, folder, owner: { uid, gid }, user, notes }: Shipment): Readable {
  const tar = pack();
  const out = new PassThrough();
  tar.pipe(out);
  const mtime = new Date(0); // Whatever the clocks say.
  const owner = { uid, gid, mtime };
  const add = async (): Promise<void> => {
    const put = (
      header: { name: string; mode: number; type?: 'directory'; uid?: number; gid?: number },
      content?: Buffer,
    ): Promise<void> =>
      new Promise((resolve, reject) => {
        const done = (error?: Error | null): void => (error ? reject(error) : resolve());
        if (content === undefined) tar.entry({ ...owner, ...header }, done);
        else tar.entry({ ...owner, ...header, size: content.length }, content, done);
      });
    const folders = new Set<string>();
    for (const { path } of bundle.files) {
      const parts = `${topName}/${folder}/${path}`.split('/').slice(0, -1);
      for (let depth = 1; depth <= parts.length; depth += 1) folders.add(parts.slice(0, depth).join('/'));
    }
    for (const name of folders) await put({ name, mode: 0o755, type: 'directory' });
    await put({ name: `${topName}/notes.json`, mode: 0o644 }, Buffer.from(JSON.stringify(notes)));
    await put({ name: `${topName}/data`, mode: 0o700, type: 'directory', ...user });
    for (const { path, from, mode } of bundle.files)
      await put({ name: `${topName}/${folder}/${path}`, mode }, await readFile(from));
    tar.finalize();
  };
  add().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  return out;
}
