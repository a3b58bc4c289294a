/** Which engine is taken, and what is said of those that are not. The engine is real, reached through sockets of the test's own. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseContainerTarget } from '../../cli/docker/query.ts';
import { type Ended, World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';
import { missingDocker } from './docker.ts';

const real = '/var/run/docker.sock';
const last = ({ json }: Ended) => json.at(-1);

describeWhere('the engine', missingDocker(), () => {
  let world: World;
  const servers: Server[] = [];

  /** A place that leads to the real engine. */
  async function lead(at: string | number): Promise<Server> {
    const server = createServer((socket) => {
      const engine = createConnection(real);
      socket.pipe(engine).pipe(socket);
      for (const each of [socket, engine]) each.on('error', () => undefined);
    });
    servers.push(server);
    const where = typeof at === 'number' ? { host: '127.0.0.1', port: at } : { path: at };
    await new Promise<void>((resolve) => server.listen(where, resolve));
    return server;
  }

  /** A command that asks for a container that there is not, so that it says where it looked. */
  async function ask(env: NodeJS.ProcessEnv): Promise<Ended> {
    const own = {
      DOCKER_HOST: '',
      DOCKER_CONTEXT: '',
      DOCKER_CONFIG: world.path('docker'),
      HOME: world.path('home'),
      ...env,
    };
    const args = ['status', '--to', 'docker://not-there', '--json'];
    const running = world.start(
      process.execPath,
      [new URL('../../dist/cli/main.js', import.meta.url).pathname, ...args],
      own,
    );
    const { code } = await running.exited;
    return { code, json: running.json, stdout: '', stderr: running.stderr };
  }

  beforeAll(() => {
    world = new World();
    for (const folder of ['home', 'docker']) mkdirSync(world.path(folder));
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await world?.close();
  });

  it('is that of DOCKER_HOST, over a socket or TCP', async () => {
    await lead(world.path('own.sock'));
    const unix = await ask({ DOCKER_HOST: `unix://${world.path('own.sock')}` });
    expect(last(unix)?.['message']).toBe(
      `no container or service is called not-there, at unix://${world.path('own.sock')}`,
    );
    const { port } = (await lead(0)).address() as AddressInfo;
    const tcp = await ask({ DOCKER_HOST: `tcp://127.0.0.1:${port}` });
    expect(last(tcp)?.['message']).toContain(`at tcp://127.0.0.1:${port}`);
  });

  it('is that of the context, in the environment or in config.json', async () => {
    await lead(world.path('context.sock'));
    const hash = createHash('sha256').update('box').digest('hex');
    const url = `unix://${world.path('context.sock')}`;
    mkdirSync(world.path('docker', 'contexts', 'meta', hash), { recursive: true });
    const meta = { Name: 'box', Endpoints: { docker: { Host: url } } };
    writeFileSync(world.path('docker', 'contexts', 'meta', hash, 'meta.json'), JSON.stringify(meta));
    expect(last(await ask({ DOCKER_CONTEXT: 'box' }))?.['message']).toContain(`at ${url}`);
    writeFileSync(world.path('docker', 'config.json'), JSON.stringify({ currentContext: 'box' }));
    expect(last(await ask({}))?.['message']).toContain(`at ${url}`);
    const missing = await ask({ DOCKER_CONTEXT: 'nowhere' });
    expect(missing.code).toBe(2);
    expect(last(missing)?.['message']).toContain('the docker context nowhere cannot be read');
    writeFileSync(world.path('docker', 'config.json'), '{}');
  });

  it('is each of the usual places that answers: rootless Docker’s and Podman’s too', async () => {
    const runtime = world.path('runtime');
    mkdirSync(`${runtime}/podman`, { recursive: true });
    await lead(`${runtime}/docker.sock`);
    await lead(`${runtime}/podman/podman.sock`);
    const message = String(last(await ask({ XDG_RUNTIME_DIR: runtime }))?.['message']);
    for (const path of [real, `${runtime}/docker.sock`, `${runtime}/podman/podman.sock`])
      expect(message).toContain(`unix://${path}`);
  });

  it('that does not answer is named, with why', async () => {
    const because = async (url: string): Promise<string> => String(last(await ask({ DOCKER_HOST: url }))?.['message']);
    expect(await because('unix:///nowhere/docker.sock')).toBe(
      'no container engine answers: unix:///nowhere/docker.sock (DOCKER_HOST): no socket there',
    );
    const closed = await lead(0);
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await because(`tcp://127.0.0.1:${port}`)).toContain('nobody listens there');
    expect(await because('gopher://there')).toContain('gopher:// is no way to an engine');
  });

  it('is reached over ssh by what docker itself runs there, and only where the host’s key is known', async () => {
    // In ssh's place something that runs the command here; the command, and the engine behind it, are real.
    mkdirSync(world.path('bin'));
    const said = world.path('ssh-arguments');
    const script = `#!/bin/sh\necho "$@" > ${said}\nwhile [ "$1" != -- ]; do shift; done; shift 2\nexec env -u DOCKER_HOST "$@"\n`;
    writeFileSync(world.path('bin', 'ssh'), script, { mode: 0o755 });
    const url = 'ssh://somebody@box:2222';
    const ended = await ask({ DOCKER_HOST: url, PATH: `${world.path('bin')}:${process.env['PATH']}` });
    expect(last(ended)?.['message']).toContain(`no container or service is called not-there, at ${url}`);
    const words = readFileSync(said, 'utf8').trim();
    expect(words).toContain('-o BatchMode=yes -o StrictHostKeyChecking=yes');
    expect(words).toMatch(/-l somebody -p 2222 -- box docker system dial-stdio$/);
  });

  // The system's own ssh: nothing of the test's own could stand in for it.
  it.skipIf(spawnSync('ssh', ['-V']).error !== undefined)(
    'over ssh that cannot be reached says what ssh said (needs ssh)',
    async () => {
      const closed = await lead(0);
      const { port } = closed.address() as AddressInfo;
      await new Promise((resolve) => closed.close(resolve));
      const ended = await ask({ DOCKER_HOST: `ssh://somebody@127.0.0.1:${port}` });
      expect(ended.code).toBe(6);
      expect(last(ended)?.['message']).toMatch(
        /ssh:\/\/somebody@127\.0\.0\.1:\d+ \(DOCKER_HOST\): .*Connection refused/,
      );
    },
  );
});

it.each([
  ['docker://game', { kind: 'name', name: 'game' }, undefined],
  ['docker://game/second', { kind: 'name', name: 'game' }, 'second'],
  ['docker://label=app=a%2Fb/second', { kind: 'label', label: 'app=a/b' }, 'second'],
  ['compose://shop/web/second', { kind: 'service', project: 'shop', service: 'web' }, 'second'],
])('%s is read', (text, query, program) => {
  expect(parseContainerTarget(text)).toEqual({ text, query, ...(program === undefined ? {} : { program }) });
});

it.each([
  'docker://',
  'docker:///x',
  'docker://a b',
  'docker://-a',
  'docker://label=',
  'docker://label=%',
  'compose://a',
  'compose:///b',
])('%s is no container', (text) => {
  expect(() => parseContainerTarget(text)).toThrow('is no container');
});
