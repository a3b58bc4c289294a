import type { ContractStruct } from '../artifact/contract/contract.ts';
import { VaisError } from '../common/error.ts';
import { type Field, fieldFor } from './field.ts';
import { Memory } from './memory.ts';
import type { Shape } from './signature.ts';
import { type OpenStruct, place, type Struct } from './struct.ts';

/** How a struct's fields are found in its bytes. */
export class StructLayout {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly align: number;
  readonly #fields = new Map<string, Field & { readonly type: string }>();
  readonly #prototype: object;

  constructor(struct: ContractStruct, layouts: Layouts) {
    this.name = struct.name;
    this.size = struct.size;
    this.align = struct.align;
    const accessors = Object.create(null) as PropertyDescriptorMap; // A field may be called __proto__.
    for (const { name, type, offset } of struct.fields) {
      const field = { ...fieldFor(type, layouts), type };
      const where = `${struct.name}.${name}`;
      this.#fields.set(name, field);
      accessors[name] = {
        enumerable: true,
        get(this: Struct) {
          const { memory, at } = this[place];
          return field.read(memory, at + offset);
        },
        set(this: Struct, value: unknown) {
          const { memory, at } = this[place];
          field.write(memory, at + offset, value, where);
        },
      };
    }
    const names = [...this.#fields.keys()];
    this.#prototype = Object.create(null, {
      ...accessors,
      // What console.log shows.
      [Symbol.for('nodejs.util.inspect.custom')]: {
        value(this: OpenStruct) {
          return Object.fromEntries(names.map((name) => [name, this[name]]));
        },
      },
    }) as object;
  }

  make(memory: Memory, at: number): OpenStruct {
    const struct = Object.create(this.#prototype, { [place]: { value: { memory, at, layout: this } } }) as OpenStruct;
    return Object.freeze(struct); // A field that is misspelt must not become a property.
  }

  /** @throws VaisError `contract_changed` when a field is another than the program was written for */
  require(shape: Shape, layouts: Layouts): void {
    for (const [name, wanted] of Object.entries(shape)) {
      const field = this.#fields.get(name);
      if (field === undefined) {
        throw new VaisError('contract_changed', `${this.name} has no field ${name}`, {
          hint: `It has ${[...this.#fields.keys()].join(', ')}.`,
        });
      }
      if (typeof wanted !== 'string') layouts.of(field.type).require(wanted, layouts);
      else if (field.type !== wanted) {
        throw new VaisError('contract_changed', `${this.name}.${name} is ${field.type}, and not ${wanted}`, {
          hint: 'Ask for the type that the source states.',
        });
      }
    }
  }
}

/** The layouts that the program uses. What it has asked for once may not change any more: it holds such structs. */
export class Layouts {
  readonly #find: (name: string) => ContractStruct | undefined;
  readonly #known = new Map<string, StructLayout>();

  constructor(find: (name: string) => ContractStruct | undefined) {
    this.#find = find;
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** What the contract says of a name, without a promise to hold on to it. */
  look(name: string): ContractStruct | undefined {
    return this.#find(name);
  }

  /** @throws VaisError `usage` when there is no such struct */
  of(name: string): StructLayout {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const struct = this.#find(name);
    if (struct === undefined) {
      throw new VaisError('usage', `the module has no struct ${name} that its hot functions use`, {
        hint: 'The name is the one that the source gives it; a struct that no hot function uses has no layout here.',
      });
    }
    const layout = new StructLayout(struct, this);
    this.#known.set(name, layout);
    return layout;
  }

  make(name: string): OpenStruct {
    const layout = this.of(name);
    return layout.make(Memory.make(layout.size, layout.align), 0);
  }

  at(name: string, address: bigint): OpenStruct {
    const layout = this.of(name);
    return layout.make(Memory.at(address, layout.size), 0);
  }
}
