import type { Contract } from '../../artifact/contract/contract.ts';
import { readContract } from '../../artifact/contract/records.ts';
import { parseTriple, type Triple, triples } from '../../artifact/image/triple.ts';
import { restoring, VaisError } from '../../common/error.ts';
import type { Module__Output } from '../../rpc/gen/vais/remote/v1/Module.ts';
import type { Program__Output } from '../../rpc/gen/vais/remote/v1/Program.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';

/** The module that a push is for, as the target runs it now; with several processes of one name, in each of them. */
export interface Destination {
  readonly program: string;
  readonly module: string;
  readonly triple: Triple;
  /** The processes, the first of which stands for all where one must. */
  readonly instances: readonly [Module__Output, ...Module__Output[]];
}

/**
 * Finds the module among the running programs: in the named program, else in the only one that has it.
 *
 * @throws VaisError `no_such_program` or `no_such_module`, with what there is; `restoring` for one that is awaited
 */
export function chooseModule(
  { programs, awaited }: Pick<State__Output, 'programs' | 'awaited'>,
  wanted: { readonly program?: string; readonly module: string },
  address: string,
): Destination {
  const named = programs.filter(({ name }) => wanted.program === undefined || name === wanted.program);
  if (named.length === 0) throw noProgram(programs, awaited, wanted.program, address);
  const found = named.flatMap((program) =>
    program.modules.filter(({ name }) => name === wanted.module).map((module) => ({ program, module })),
  );
  const [first, ...rest] = found;
  if (first === undefined) throw noModule(named, wanted, address);
  requireLoader(found.map(({ program }) => program));
  const names = [...new Set(found.map(({ program }) => program.name))];
  if (names.length > 1) {
    throw new VaisError(
      'no_such_program',
      `several programs at ${address} have the module ${wanted.module}: ${names.join(', ')}`,
      {
        hint: `Say which one: --to ${names.map((name) => `${address}/${name}`).join(' or --to ')}`,
      },
    );
  }
  return {
    program: first.program.name,
    module: wanted.module,
    triple: oneTriple(found.map(({ program }) => program)),
    instances: [first.module, ...rest.map(({ module }) => module)],
  };
}

/** Read once for each state of the agent: a push should not wait for it. */
const contracts = new WeakMap<Module__Output, Contract>();

/** The contracts that a new version has to fit: those of each process, each different one once. */
export function contractsOf({ instances }: Destination): Contract[] {
  const found = new Map<string, Contract>();
  for (const module of instances) {
    if (module.contract.length === 0 || found.has(module.buildId)) continue;
    const contract = contracts.get(module) ?? readContract(module.contract);
    contracts.set(module, contract);
    found.set(module.buildId, contract);
  }
  return [...found.values()];
}

/** Reads the contracts now, so that the next push finds it done. One that cannot be read is an error of that push. */
export function warmContracts(destination: Destination): void {
  try {
    contractsOf(destination);
  } catch {
    // Said when it matters: see above.
  }
}

function oneTriple(programs: readonly Program__Output[]): Triple {
  const all = [...new Set(programs.map(({ triple }) => triple))];
  const [text = ''] = all;
  const triple = parseTriple(text);
  const name = programs[0]?.name ?? '';
  if (all.length > 1)
    throw new VaisError('wrong_platform', `${name} runs on several platforms at once: ${all.join(', ')}`, {
      hint: 'Start the processes for different platforms under different names: VAIS_HOT_NAME.',
    });
  if (triple !== undefined) return triple;
  throw new VaisError('wrong_platform', `${name} runs on ${text}, which this vais-remote does not know`, {
    hint: `It knows ${triples.join(', ')}. A newer vais-remote may know more.`,
  });
}

function requireLoader(programs: readonly Program__Output[]): void {
  const fixed = programs.find(({ loading }) => loading === 'LOADING_NONE');
  if (fixed === undefined) return;
  throw new VaisError(
    'load_refused',
    `${fixed.name} (pid ${fixed.pid}) takes no new code: it was linked with -static`,
    {
      hint: 'musl loads no library into a static program. Link it without -static, and put musl’s loader beside it.',
    },
  );
}

function noProgram(
  programs: readonly Program__Output[],
  awaited: readonly string[],
  wanted: string | undefined,
  address: string,
): VaisError {
  const coming = awaited.find((name) => wanted === undefined || name === wanted);
  if (coming !== undefined) return restoring(coming);
  const names = [...new Set(programs.map(({ name }) => name))];
  const whom = wanted === undefined ? 'no program is' : `no program \`${wanted}\` is`;
  const there = names.length === 0 ? '' : ` (connected: ${names.join(', ')})`;
  return new VaisError('no_such_program', `${whom} connected to the agent at ${address}${there}`, {
    hint:
      names.length === 0
        ? 'Start the program, or let the agent start it: --run. If it does not find the agent, set VAIS_HOT_LINK to the link that the agent printed.'
        : `Push to one of those: --to ${address}/${names[0]}. A program’s name is VAIS_HOT_NAME, else that of its executable.`,
  });
}

function noModule(
  programs: readonly Program__Output[],
  wanted: { readonly module: string; readonly program?: string },
  address: string,
): VaisError {
  const candidates = [
    ...new Set(programs.flatMap(({ name, modules }) => modules.map((module) => `${name} (${module.name})`))),
  ];
  const where = wanted.program === undefined ? `at ${address}` : `of \`${wanted.program}\` at ${address}`;
  return new VaisError(
    'no_such_module',
    `no module \`${wanted.module}\` ${where}; there is ${candidates.join(', ') || 'none'}`,
    {
      hint: 'A module is named after its source file: game.vais is `game`. Push the file that the program was built from.',
    },
  );
}
