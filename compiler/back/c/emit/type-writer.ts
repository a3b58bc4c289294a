import { hasPayload } from '../../../front/layout.ts';
import type {
  ArrayType,
  EnumType,
  Field,
  FnType,
  RangeType,
  SliceType,
  StructType,
  Type,
} from '../../../front/types.ts';
import { fieldName } from './names.ts';
import type { Namespace } from './namespace.ts';

type Composite = StructType | EnumType | ArrayType | SliceType | RangeType;

/** The types of one C file: each is declared and defined when it is first named. */
export class TypeWriter {
  readonly forward: string[] = [];
  readonly definitions: string[] = [];
  readonly functionTypes: string[] = [];
  /** True when 128-bit integers occur, which tcc does not have. */
  wide = false;
  readonly #names: Namespace;
  readonly #typeNames = new Map<Type, string>();
  readonly #defined = new Set<Type>();

  constructor(names: Namespace) {
    this.#names = names;
  }

  /** The C type of values. */
  type(type: Type): string {
    switch (type.kind) {
      case 'int':
        if (type.bits === 128) this.wide = true;
        return type.name;
      case 'float':
        return type.name;
      case 'bool':
        return 'b8';
      case 'str':
        return 'i8 *';
      case 'void':
      case 'never':
      case 'wrong':
        return 'void';
      case 'pointer':
        return `${this.type(type.to)} *`;
      case 'fn':
        return this.#fnType(type);
      case 'enum':
        if (!hasPayload(type)) return 'i32';
        break;
      default:
    }
    return this.#composite(type);
  }

  #fnType(type: FnType): string {
    const known = this.#typeNames.get(type);
    if (known !== undefined) return known;
    const name = this.#names.unique('fn_t');
    this.#typeNames.set(type, name);
    const params = type.params.map((param) => this.type(param)).join(', ') || 'void';
    this.functionTypes.push(`typedef ${this.type(type.result)} (*${name})(${params});`);
    return name;
  }

  #composite(type: Composite): string {
    const known = this.#typeNames.get(type);
    if (known !== undefined) return known;
    const name = this.#names.unique(
      type.kind === 'array'
        ? `${type.element.name}_x${type.length}`
        : type.kind === 'slice'
          ? `${type.element.name}_slice`
          : type.name,
    );
    this.#typeNames.set(type, name);
    this.forward.push(`typedef struct ${name} ${name};`);
    this.#define(type);
    return name;
  }

  /** Writes the definition of a struct after those of what it holds. */
  #define(type: Type): void {
    if (this.#defined.has(type)) return;
    if (
      type.kind !== 'struct' &&
      type.kind !== 'enum' &&
      type.kind !== 'array' &&
      type.kind !== 'slice' &&
      type.kind !== 'range'
    )
      return;
    if (type.kind === 'enum' && !hasPayload(type)) return;
    this.#defined.add(type);
    const name = this.type(type);
    const body = this.#members(type);
    this.definitions.push(`struct ${name} { ${body} };`);
  }

  #members(type: Composite): string {
    switch (type.kind) {
      case 'array':
        this.#define(type.element);
        return `${this.type(type.element)} at[${type.length}];`;
      case 'slice':
        return `${this.type(type.element)} *at; i64 length;`;
      case 'range':
        return `${this.type(type.element)} from; ${this.type(type.element)} to; b8 inclusive;`;
      case 'struct':
        return this.#fields(type.fields) || 'char empty_;';
      case 'enum': {
        const parts = type.variants
          .filter((variant) => variant.fields.length > 0)
          .map((variant) => `struct { ${this.#fields(variant.fields)} } v${variant.tag};`);
        return `i32 tag; union { ${parts.join(' ')} } as;`;
      }
    }
  }

  #fields(fields: readonly Field[]): string {
    for (const field of fields) this.#define(field.type);
    return fields.map((field) => `${this.type(field.type)} ${fieldName(field)};`).join(' ');
  }
}
