import { VaisError } from '../../common/error.ts';
import type { ContainerDetails } from './engine.ts';
import type { Found } from './find.ts';

/** A folder in a container that an agent can be put into, and how. */
export interface Place {
  readonly folder: string;
  /** `archive`: the engine unpacks there. `stream`: only a command in the container sees it, as it is in memory. */
  readonly by: 'archive' | 'stream';
}

/** Where files that are nobody's are put, the best first: in the first two any user may remove what is theirs. */
const usual = ['/var/tmp', '/tmp', '/opt', '/'] as const;
const folderBit = 0x8000_0000;

interface Mount {
  readonly path: string;
  readonly kind: 'volume' | 'tmpfs';
  readonly writable: boolean;
  readonly runs: boolean;
}

/**
 * Where an agent can be put, the best first. On a root file system that can be written: a folder of it. On one that is
 * read-only: a volume, by the engine; else a tmpfs that lets code be run, which the engine does not see.
 *
 * @throws VaisError `storage` when there is no such place, with what to add
 */
export async function findPlaces({ engine, details, name }: Found): Promise<readonly [Place, ...Place[]]> {
  const mounts = mountsOf(details);
  const places: Place[] = [];
  if (!details.HostConfig.ReadonlyRootfs)
    for (const folder of usual) {
      const isCovered = mounts.some(({ path }) => folder === path || folder.startsWith(`${path}/`));
      if (isCovered) continue;
      const stat = await engine.stat(details.Id, folder);
      if (stat !== undefined && (stat.mode & folderBit) !== 0) places.push({ folder, by: 'archive' });
    }
  for (const { path, kind, writable, runs } of mounts)
    if (writable && runs) places.push({ folder: path, by: kind === 'volume' ? 'archive' : 'stream' });
  const [first, ...rest] = places;
  if (first !== undefined) return [first, ...rest];
  throw nowhere(name, engine.command, mounts);
}

function mountsOf({ Mounts: mounts, HostConfig: { Tmpfs: tmpfs } }: ContainerDetails): Mount[] {
  const volumes = mounts
    .filter(({ Type: type }) => type !== 'tmpfs')
    .map(({ Destination: path, RW: writable }) => ({ path, kind: 'volume' as const, writable, runs: true }));
  const inMemory = [
    ...Object.entries((tmpfs ?? {}) as Record<string, string>),
    ...mounts
      .filter(({ Type: type }) => type === 'tmpfs')
      .map(({ Destination: path, Mode: mode }) => [path, mode] as const),
  ].map(([path, options]) => {
    const words = options.split(',');
    // Docker's tmpfs runs no code unless it is told to.
    return { path, kind: 'tmpfs' as const, writable: !words.includes('ro'), runs: words.includes('exec') };
  });
  return [...volumes, ...inMemory];
}

function nowhere(name: string, command: string, mounts: readonly Mount[]): VaisError {
  const there = mounts.map(({ path, kind, writable, runs }) => {
    const why = !writable ? 'read-only' : runs ? 'usable' : 'noexec';
    return `${path} (${kind}, ${why})`;
  });
  return new VaisError(
    'storage',
    `an agent cannot be put into ${name}: its root file system is read-only, and ${there.length === 0 ? 'nothing is mounted' : `of what is mounted nothing can be written and run from: ${there.join(', ')}`}`,
    {
      hint: `Start it with a volume for that: ${command} run … --mount type=volume,dst=/vais, or in a compose file \`volumes: [/vais]\`. Or give it an agent as a sidecar: see docs/docker.md.`,
    },
  );
}
