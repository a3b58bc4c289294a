import { formatContract } from '../../artifact/contract/format.ts';
import { generate } from '../back/c/generate.ts';
import { toolchainFor } from '../back/c/tool/find.ts';
import { tripleOf } from '../compile.ts';
import { analyse } from '../front/front.ts';
import { searchPathOf } from '../front/package.ts';
import { planBuild, settleBuild } from '../plan/build-plan.ts';
import { type BuildFlags, wishOf } from './flags.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

/** `--emit c|contract|ast`: prints a stage instead of building. Works without a C compiler too. */
export async function emitText(
  file: string,
  flags: BuildFlags,
  what: 'c' | 'contract' | 'ast',
  terminal: Terminal,
): Promise<number> {
  const triple = tripleOf(flags.target);
  const kind = flags.hot ? 'image' : 'program';
  const front = analyse(file, { search: searchPathOf(file), ...(what === 'c' ? { kind } : {}) });
  showDiagnostics(front.diagnostics, terminal);
  if (!front.ok) return 3;
  if (what === 'ast') {
    terminal.write(`${showTree(front.program.root.file.items)}\n`);
    return 0;
  }
  const plan = planBuild(front.program, {
    kind: what === 'contract' && front.program.main === undefined ? 'image' : kind,
    ...wishOf(flags),
  });
  const found = await toolchainFor(triple, plan.compilers, kind);
  const toolchain = found ?? { name: 'gcc' as const, command: 'gcc', version: '0', triples: [triple] };
  const { c, contract } = generate(front.program, { ...settleBuild(plan, toolchain.name), triple, toolchain });
  terminal.write(what === 'c' ? c : `${formatContract(contract).join('\n')}\n`);
  return 0;
}

/** The syntax tree as indented JSON, places as `line:column`. */
function showTree(items: unknown): string {
  const shown = (key: string, inner: unknown): unknown => {
    if (typeof inner === 'bigint') return String(inner);
    if ((key === 'span' || key === 'opSpan') && isSpan(inner)) {
      const { line, column } = inner.source.place(inner.start);
      return `${line}:${column}`;
    }
    return inner;
  };
  return JSON.stringify(items, shown, 2);
}

function isSpan(
  value: unknown,
): value is { source: { place(at: number): { line: number; column: number } }; start: number } {
  return typeof value === 'object' && value !== null && 'source' in value && 'start' in value;
}
