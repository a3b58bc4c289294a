import { createHash } from 'node:crypto';
import { baseTypeText } from './base-type.ts';
import { damagedDebug } from './debug-sections.ts';
import type { Definitions } from './definitions.ts';
import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';
import { inherited, nameOf, qualifiedName } from './scope.ts';
import { shapeOf } from './shape.ts';
import { arrayLengths } from './size.ts';
import { unitName } from './variables.ts';

const deepest = 200;
/** A longer text is cut, and its digest stands for the rest: it is compared, and seldom read. */
const longestText = 600;

const conventions: Readonly<Record<number, string>> = {
  192: 'vectorcall ',
  193: 'win64 ',
  194: 'sysv64 ',
  195: 'aapcs ',
  196: 'aapcs-vfp ',
  200: 'swift ',
  201: 'preserve-most ',
  202: 'preserve-all ',
  203: 'regcall ',
};

/** A record or enum whose layout the contract has to state. */
export interface ReachedType {
  readonly die: Die;
  readonly name: string;
}

/**
 * Writes types as contracts do, `*game::World`, `[f32; 3]`, `fn(i32) -> bool`, and keeps which records and enums were named
 * on the way. Typedefs and qualifiers change nothing in a layout and are not told.
 */
export class Types {
  readonly #definitions: Definitions;
  readonly #texts = new Map<number, string>();
  readonly #names = new Map<number, string>();
  readonly #owners = new Map<string, Die[]>();
  readonly #reached: ReachedType[] = [];

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /** Takes the next record or enum that was named and not taken yet. */
  next(): ReachedType | undefined {
    return this.#reached.shift();
  }

  /** The type's text; `void` for none. `hint` names a record without a name of its own. */
  text(type: Die | undefined, hint: string, depth = 0): string {
    if (type === undefined) return 'void';
    if (depth > deepest) throw damagedDebug('a type that contains itself');
    const known = this.#texts.get(type.key);
    if (known !== undefined) return known;
    const text = shortened(this.#write(type, hint, depth + 1));
    this.#texts.set(type.key, text);
    return text;
  }

  /** The type of a function from its entry, a subprogram or a subroutine type: `fn(*State, f64) -> i64`. */
  signature(fn: Die, hint: string, depth = 0): string {
    const parameters = parametersOf(fn).map((one, index) =>
      one.tag === Tag.unspecifiedParameters ? '...' : this.text(typeOf(one), `${hint}.${index + 1}`, depth),
    );
    const result = typeOf(fn);
    const convention = inherited(fn, (one) => one.number(At.callingConvention));
    const tail = result === undefined ? '' : ` -> ${this.text(result, `${hint}.result`, depth)}`;
    return `fn${conventionText(convention)}(${parameters.join(', ')})${tail}`;
  }

  /** The definition of a record or enum, where the image has it. */
  resolve(type: Die): Die | undefined {
    const signed = type.die(At.signature);
    if (signed !== undefined) return signed;
    return type.flag(At.declaration) ? this.#definitions.of(type) : type;
  }

  #write(type: Die, hint: string, depth: number): string {
    const target = () => type.die(At.type);
    switch (type.tag) {
      case Tag.baseType:
        return baseTypeText(type);
      case Tag.pointer: {
        const to = target();
        return bare(to)?.tag === Tag.subroutine ? this.text(to, hint, depth) : `*${this.text(to, hint, depth)}`;
      }
      case Tag.reference:
        return `&${this.text(target(), hint, depth)}`;
      case Tag.rvalueReference:
        return `&&${this.text(target(), hint, depth)}`;
      case Tag.pointerToMember:
        return `${this.text(type.die(At.containingType), hint, depth)}::*${this.text(target(), hint, depth)}`;
      case Tag.array: {
        const element = this.text(target(), hint, depth);
        if (type.flag(At.vector)) return `simd[${element}; ${arrayLengths(type).join(', ')}]`;
        return arrayLengths(type).reduceRight<string>(
          (inner, length) => (length === undefined ? `[${inner}]` : `[${inner}; ${length}]`),
          element,
        );
      }
      case Tag.subroutine:
        return this.signature(type, hint, depth);
      case Tag.structure:
      case Tag.class:
      case Tag.union:
      case Tag.enumeration:
        return this.#record(type, hint);
      case Tag.unspecifiedType:
        return nameOf(type) ?? 'void';
      case Tag.typedef:
      case Tag.templateAlias:
        return this.text(target(), qualifiedName(type) ?? hint, depth);
      default:
        // const, volatile, restrict, atomic and what may come: the same bytes as what it is of.
        return this.text(target(), hint, depth);
    }
  }

  /** clang may leave out a template's instance and describe its arguments: `std::vector<game::Enemy>`. */
  #reachArguments(name: string, hint: string): void {
    const [, inside = ''] = /^[^<]*<(.*)>/.exec(name) ?? [];
    for (const [argument] of inside.matchAll(/[\p{L}_][\p{L}\p{N}_]*(?:::[\p{L}_][\p{L}\p{N}_]*)*/gu)) {
      const definition = this.#definitions.named(argument);
      if (definition !== undefined) this.text(definition, hint);
    }
  }

  #record(type: Die, hint: string): string {
    const definition = this.resolve(type);
    if (definition === undefined) {
      const name = qualifiedName(type) ?? hint;
      this.#reachArguments(name, hint);
      return name;
    }
    const known = this.#names.get(definition.key);
    if (known !== undefined) return known;
    const wanted = shortened(qualifiedName(definition) ?? hint);
    for (const name of [wanted, `${wanted} (${unitName(definition)})`, `${wanted} #${this.#names.size}`]) {
      const owners = this.#owners.get(name) ?? [];
      // One type described by several units is one type; two of one name that differ are two.
      const same = owners[0] === undefined || owners.some((one) => shapeOf(one) === shapeOf(definition));
      if (!same) continue;
      this.#names.set(definition.key, name);
      if (owners.length === 0) {
        this.#owners.set(name, [definition]);
        this.#reached.push({ die: definition, name });
      }
      return name;
    }
    return wanted;
  }
}

/** The parameters of a function. An instance of an inlined function may have lost some, and its origin has all. */
export function parametersOf(fn: Die): Die[] {
  const origin = fn.die(At.abstractOrigin) ?? fn;
  return [...origin.children()].filter(({ tag }) => tag === Tag.parameter || tag === Tag.unspecifiedParameters);
}

/** The type of a parameter, member, variable or function, itself or from what it completes. */
export function typeOf(die: Die): Die | undefined {
  return inherited(die, (one) => one.die(At.type));
}

/** The type without typedefs and qualifiers. */
export function bare(type: Die | undefined): Die | undefined {
  let one = type;
  for (let depth = 0; one !== undefined && depth < deepest; depth += 1) {
    if (!qualifiers.has(one.tag)) return one;
    one = one.die(At.type);
  }
  return undefined;
}

const qualifiers: ReadonlySet<number> = new Set([
  Tag.typedef,
  Tag.constType,
  Tag.volatileType,
  Tag.restrictType,
  Tag.atomicType,
  Tag.immutableType,
  Tag.packedType,
  Tag.templateAlias,
]);

function conventionText(convention: number | undefined): string {
  if (convention === undefined || convention < 4) return '';
  return ` ${conventions[convention] ?? `convention-${convention} `}`.trimEnd();
}

function shortened(text: string): string {
  if (text.length <= longestText) return text;
  return `${text.slice(0, longestText / 2)}… (${createHash('sha256').update(text).digest('hex').slice(0, 16)})`;
}
