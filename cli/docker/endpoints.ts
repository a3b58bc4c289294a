import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';

/** Where an engine may be. */
export interface Endpoint {
  /** Who says so: `DOCKER_HOST`, `context NAME`, or that it is a usual place. */
  readonly from: string;
  /** `unix:///…`, `npipe:////./pipe/…`, `tcp://HOST:PORT`, `ssh://[USER@]HOST[:PORT]`. */
  readonly url: string;
  /** PEM, where it is TLS. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where to look for an engine, as the `docker` command does: `DOCKER_HOST`; else the context of `DOCKER_CONTEXT` or of
 * `~/.docker/config.json`. Where neither is set, all of the usual places: Docker's socket, that of rootless Docker, Docker
 * Desktop, and Podman, with root and without.
 *
 * @throws VaisError `usage` when the context that is set is not there
 */
export async function findEndpoints(env: Env): Promise<readonly Endpoint[]> {
  const { DOCKER_HOST: host, DOCKER_CERT_PATH: certificates } = env;
  if (host) {
    const url = host.includes('://') ? host : `tcp://${host}`;
    const verify = env['DOCKER_TLS_VERIFY'] ? certificates || configFolder(env) : undefined;
    return [{ from: 'DOCKER_HOST', url, ...(verify === undefined ? {} : { tls: await readTls(verify) }) }];
  }
  const context = env['DOCKER_CONTEXT'] || (await currentContext(env));
  if (context !== undefined && context !== 'default') return [await readContext(context, env)];
  return usualPlaces(env).map((url) => ({ from: 'a usual place', url }));
}

function usualPlaces(env: Env): string[] {
  if (process.platform === 'win32')
    return ['npipe:////./pipe/docker_engine', 'npipe:////./pipe/podman-machine-default'];
  const { XDG_RUNTIME_DIR: runtime, HOME: home } = env;
  return [
    'unix:///var/run/docker.sock',
    ...(runtime ? [`unix://${runtime}/docker.sock`] : []),
    ...(home ? [`unix://${home}/.docker/run/docker.sock`, `unix://${home}/.docker/desktop/docker.sock`] : []),
    ...(runtime ? [`unix://${runtime}/podman/podman.sock`] : []),
    'unix:///run/podman/podman.sock',
  ];
}

function configFolder(env: Env): string {
  return env['DOCKER_CONFIG'] || join(env['HOME'] || env['USERPROFILE'] || '.', '.docker');
}

async function currentContext(env: Env): Promise<string | undefined> {
  const text = await readFile(join(configFolder(env), 'config.json'), 'utf8').catch(() => '{}');
  try {
    const { currentContext: name } = JSON.parse(text) as { currentContext?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined; // `docker` says what is wrong with it.
  }
}

/** A context stands in a folder that is named by the hash of its name, and its keys beside it. */
async function readContext(name: string, env: Env): Promise<Endpoint> {
  const hash = createHash('sha256').update(name).digest('hex');
  const folder = join(configFolder(env), 'contexts');
  const path = join(folder, 'meta', hash, 'meta.json');
  try {
    const meta = JSON.parse(await readFile(path, 'utf8')) as { Endpoints?: { docker?: { Host?: unknown } } };
    const url = meta.Endpoints?.docker?.Host;
    if (typeof url !== 'string' || url === '') throw new Error('it names no docker endpoint');
    const tls = await readTls(join(folder, 'tls', hash, 'docker'));
    return { from: `context ${name}`, url, ...(Object.keys(tls).length === 0 ? {} : { tls }) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VaisError('usage', `the docker context ${name} cannot be read: ${why}`, {
      hint: 'See `docker context ls`; `docker context use default` goes back to the usual one.',
      cause,
    });
  }
}

async function readTls(folder: string): Promise<NonNullable<Endpoint['tls']>> {
  const read = (name: string): Promise<string | undefined> =>
    readFile(join(folder, `${name}.pem`), 'utf8').catch(() => undefined);
  const [ca, cert, key] = await Promise.all(['ca', 'cert', 'key'].map(read));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
