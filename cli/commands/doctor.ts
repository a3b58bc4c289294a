import { access, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { hostTriple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { isPrivateFolder } from '../../common/files.ts';
import { packageRoot, packageVersion } from '../../common/package-root.ts';
import { type TriedToolchain, tryToolchains } from '../../compiler/compile.ts';
import type { Context } from '../show/context.ts';
import { faultsOf, usageOf } from '../show/render-storage.ts';
import type { CheckReport, StorageReport } from '../show/report.ts';
import { storageReport } from '../show/status-report.ts';
import { connect, readTarget } from '../targets/connect.ts';
import { type Edge, jsonOption, type TargetFlags, toOption, wanted } from './flags.ts';
export function command(edge: Edge): Command {
  return new Command('doctor')
    .description('check this machine’s setup')
    .addOption(toOption())
    .addOption(jsonOption())
    .action((flags: TargetFlags) => edge.run('doctor', flags, (context) => doctor(wanted(flags, edge), context)));
}

/** `doctor`: what this machine has, and what would make it better. Fails only when nothing can work without it. */
async function doctor(options: { readonly to?: string }, context: Context): Promise<number> {
  const checks: CheckReport[] = [];
  const tell = (check: CheckReport): void => {
    checks.push(check);
    context.output.show(check);
  };
  tell(node());
  for (const check of compilers(await tryToolchains())) tell(check);
  tell(await runtime());
  tell(await koffi());
  tell(await link(context.env));
  if (options.to !== undefined) for (const check of await agent(options.to, context)) tell(check);
  return checks.some(({ state }) => state === 'missing') ? 1 : 0;
}

function check(name: string, state: CheckReport['state'], message: string, hint?: string): CheckReport {
  return { event: 'check', name, state, message, ...(hint === undefined ? {} : { hint }) };
}

function node(): CheckReport {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const here = `${process.versions.node} on ${process.platform} ${process.arch}; vais-remote ${packageVersion}`;
  if (major > 20 || (major === 20 && minor >= 19)) return check('node', 'ok', here);
  return check('node', 'missing', `${here}: too old`, 'Install Node 20.19 or newer.');
}

/** Each compiler, by what it built; what this machine itself cannot do without is told apart from what is for other platforms. */
function compilers(tried: readonly TriedToolchain[]): CheckReport[] {
  const host = hostTriple();
  const buildsHere = ({ found, faults }: TriedToolchain): boolean =>
    found?.triples.includes(host) === true && !faults.some(({ what }) => what.endsWith(` for ${host}`));
  const listed = tried.map(({ name, purpose, found, faults, install }) => {
    if (found === undefined) return check(name, 'advice', `not found; it is for ${purpose}`, install);
    const [first] = faults;
    const called = found.command === name ? found.version : `${found.version} (${found.command})`;
    if (first === undefined) return check(name, 'ok', `${called}: ${purpose}`);
    const list = faults.map(({ what }) => what).join(', ');
    return check(name, 'advice', `${called}, but it cannot build ${list}: ${first.reason.message}`, install);
  });
  if (tried.some(buildsHere)) return listed;
  return [check('compiler', 'missing', `no C compiler for ${host} that works`, 'apt-get install tcc gcc'), ...listed];
}

async function runtime(): Promise<CheckReport> {
  const header = join(packageRoot, 'runtime', 'hot.h');
  const standard = join(packageRoot, 'std', 'hot.vais');
  for (const path of [header, standard]) {
    try {
      await access(path);
    } catch {
      return check('runtime', 'missing', `${path} is missing`, 'Install vais-remote again.');
    }
  }
  return check('runtime', 'ok', 'hot.h and std/hot.vais are there');
}

/** What the agent loads images with before the program sees them. */
async function koffi(): Promise<CheckReport> {
  try {
    const { default: library } = await import('koffi');
    return check('koffi', 'ok', `${library.version}: loads libraries for the agent's check`);
  } catch (thrown) {
    const why = VaisError.from(thrown).message.split('\n')[0] ?? '';
    return check('koffi', 'missing', `cannot be loaded: ${why}`, 'Install vais-remote again on this machine: npm ci.');
  }
}

/** The folder in which programs look for their agent when VAIS_HOT_LINK does not name one: see docs/link.md. */
async function link(env: Context['env']): Promise<CheckReport> {
  const given = env['VAIS_HOT_LINK'];
  if (given !== undefined && given !== '') return check('link', 'ok', `VAIS_HOT_LINK is ${given}`);
  if (process.platform === 'win32')
    return check('link', 'ok', `programs find their agent at \\\\.\\pipe\\vais-hot-${userInfo().username}`);
  const runtimeFolder = env['XDG_RUNTIME_DIR'] || undefined;
  const folder =
    runtimeFolder === undefined ? `/tmp/vais-hot-${process.getuid?.() ?? 0}` : join(runtimeFolder, 'vais-hot');
  try {
    await stat(folder);
  } catch {
    return check('link', 'ok', `${folder} is free: the first agent makes it`);
  }
  if (await isPrivateFolder(folder)) return check('link', 'ok', `programs find their agent in ${folder}`);
  return check(
    'link',
    'advice',
    `${folder} can be written to by others, so programs do not trust it`,
    'Remove it, or start programs with VAIS_HOT_LINK set to what the agent prints.',
  );
}

async function agent(to: string, context: Context): Promise<CheckReport[]> {
  try {
    const target = await readTarget(to, context);
    const client = await connect(target, context);
    try {
      const answer = await client.getStatus(false);
      const names = answer.programs.map(({ name }) => name).join(', ');
      const there = `${answer.agentVersion} at ${target.address}; connected: ${names || 'no program'}`;
      return [check('agent', 'ok', there), ...disk(storageReport(answer))];
    } finally {
      client.close();
    }
  } catch (thrown) {
    const { message, hint } = VaisError.from(thrown);
    return [check('agent', 'missing', message, hint)];
  }
}

/** The agent's data folder: what it takes, and what is wrong with it. */
function disk(storage: StorageReport | undefined): CheckReport[] {
  if (storage === undefined) return [];
  const hint = 'See docs/durability.md: what each failure means, and what to do about it.';
  const wrong = faultsOf(storage).map((message) => check('disk', 'advice', message, hint));
  return [check('disk', 'ok', usageOf(storage)), ...wrong];
}
