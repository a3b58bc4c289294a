import { VaisError } from '../../common/error.ts';
import type { ImageSymbol } from '../image/exports.ts';
import type { Die } from './die.ts';
import { At } from './numbers.ts';
import { open, type Scan } from './scan.ts';
import { linkageName, nameOf, qualifiedName, scopeOf } from './scope.ts';
import { parametersOf } from './types.ts';

/**
 * Sections that `HOT` before a function puts it into: in a module that has them, what is in them is hot, and nothing else.
 * As runtime/hot.h has it: for ELF and PE, and for Mach-O.
 */
const hotSections: ReadonlySet<string> = new Set(['vais_hot', '__vais_hot']);

/** A hot function of an image. */
export interface HotFunction {
  /** For people and for comparing: `game::step`, or with the types of its arguments where several have that name. */
  readonly name: string;
  /** What the loader finds it by. */
  readonly symbol: string;
  /** Undefined for a function of which the image tells nothing: a file was compiled without `-g`. */
  readonly die: Die | undefined;
}

/** What linkers and start-up code export in every library. */
const notOurs: ReadonlySet<string> = new Set(['_init', '_fini', 'DllMain', 'DllMainCRTStartup', 'DllEntryPoint']);

/**
 * The hot functions among the exported ones, in order of their names: those marked with `HOT`, or all free functions and static
 * members when none is. Inline functions and templates are not: a library exports those of others, too.
 *
 * @throws VaisError `contract_missing` for a marked function of which the image tells nothing
 */
export function hotFunctions(exported: readonly ImageSymbol[], found: Scan): HotFunction[] {
  const marked = exported.filter(({ section }) => hotSections.has(section.name));
  const some = marked.length > 0 ? marked : exported.filter(({ weak }) => !weak);
  const functions: { symbol: string; die: Die | undefined; plain: string }[] = [];
  for (const { name, address } of some) {
    const die = entryOf(name, address, found);
    if (die === undefined) {
      if (marked.length === 0) {
        // Of C++ and Rust it cannot be told whether it is a member function.
        if (!isMangled(name) && !notOurs.has(name)) functions.push({ symbol: name, die, plain: name });
        continue;
      }
      throw new VaisError('contract_missing', `the library has no debug information of the hot function ${name}`, {
        hint: 'Compile the file with it as well with `-g`.',
      });
    }
    if (marked.length === 0 && (isMember(die) || scopeOf(die)[0] === 'std')) continue;
    functions.push({ symbol: name, die, plain: isMangled(name) ? (qualifiedName(die) ?? name) : name });
  }
  const counts = new Map<string, number>();
  for (const { plain } of functions) counts.set(plain, (counts.get(plain) ?? 0) + 1);
  return functions
    .map(({ symbol, die, plain }) => ({ symbol, die, name: counts.get(plain) === 1 ? plain : `${plain} [${symbol}]` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The error for an image whose contract cannot be read; `versions` of DWARF that it has and we do not read. */
export function noDebugInformation(versions: ReadonlySet<number> = new Set()): VaisError {
  const others = [...versions].join(', ');
  if (others !== '') {
    return new VaisError(
      'contract_missing',
      `the library's debug information is DWARF ${others}, and 4 and 5 are read`,
      {
        hint: 'Build it with `-gdwarf-5`.',
      },
    );
  }
  return new VaisError(
    'contract_missing',
    'the library states no contract and has no debug information of an exported function, so nobody can tell whether it fits',
    { hint: 'Build it with `-g`; what travels is stripped of it. `--unchecked` pushes it as it is.' },
  );
}

/** The function's entry: by its address, and by its name where several share that, or where it is in pieces. */
function entryOf(symbol: string, address: number, { functions, split }: Scan): Die | undefined {
  const here = (functions.get(address) ?? []).map(open);
  const named = (die: Die): boolean => (linkageName(die) ?? nameOf(die)) === symbol;
  return here.find(named) ?? split.map(open).find(named) ?? here[0];
}

/** Whether it is a member function that is called on an object. */
function isMember(die: Die): boolean {
  if (die.has(At.objectPointer)) return true;
  return parametersOf(die)[0]?.flag(At.artificial) === true;
}

function isMangled(symbol: string): boolean {
  return /^_{1,2}[ZR]/.test(symbol);
}
