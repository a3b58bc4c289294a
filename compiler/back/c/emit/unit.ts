import type { Module } from '../../../front/modules.ts';
import type { ConstantData, Foreign, Func, GlobalVariable, Program } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import { HotReach } from '../../../plan/hot.ts';
import { offeredName } from '../../../plan/names.ts';
import { initializer } from './initializer.ts';
import { quote } from './literal.ts';
import { Namespace } from './namespace.ts';
import { TypeWriter } from './type-writer.ts';

/** How C is written: the same tree gives an image or a program, checked or not. */
export interface EmitOptions {
  readonly kind: 'image' | 'program';
  /** Leave out bounds checks, thunks and the runtime. */
  readonly release: boolean;
  /** Keep the current source line in the thread's cell. */
  readonly lines: boolean;
  /** Write `#line`, for debuggers. */
  readonly debug: boolean;
}

/** Where code stands: in the image of a module, whose hot functions it calls directly, or outside of all images. */
export type View = Module | undefined;

/** One C file in the making: its types, data and functions, and the names that it has given. */
export class Unit {
  readonly program: Program;
  readonly options: EmitOptions;
  readonly names: Namespace;
  readonly types: TypeWriter;
  /** A function that reaches hot ones differs from view to view. */
  readonly reach = new HotReach();
  readonly data: string[] = [];
  readonly prototypes: string[] = [];
  readonly code: string[] = [];
  /** Small functions of the prelude that are used. */
  readonly helpers = new Map<string, string>();
  readonly libc = new Set<string>();
  readonly foreigns = new Map<string, Foreign>();
  readonly hotCalls = new Set<string>();
  /** Globals that the code uses, in the order of their first use. */
  readonly globals = new Map<GlobalVariable, string>();
  readonly births = new Map<GlobalVariable, { flag: string; name: string }>();
  /** Strings that outlive the image, by content, with the name of their slot. */
  readonly strings = new Map<string, string>();
  /** Hot functions whose thunks an image needs: as values, or of another module. */
  readonly thunks = new Map<Func, string>();
  /** Functions of the program that an image reaches, by name, with their slots. */
  readonly slots = new Map<string, string>();
  readonly #constants = new Map<ConstantData, string>();
  /** Whether the code needs the C compiler's own library. */
  readonly links = { helpers: false };
  readonly #functionNames = new Map<string, string>();
  readonly #pending: { func: Func; view: View }[] = [];

  constructor(program: Program, options: EmitOptions) {
    this.program = program;
    this.options = options;
    this.names = new Namespace(program);
    this.types = new TypeWriter(this.names);
  }

  /** A C name like this one that nothing else at file level has. */
  unique(wanted: string): string {
    return this.names.unique(wanted);
  }

  /** The C type of values. */
  type(type: Type): string {
    return this.types.type(type);
  }

  /** A constant array or struct, as static data. */
  constant(data: ConstantData): string {
    const known = this.#constants.get(data);
    if (known !== undefined) return known;
    const name = this.unique(data.name);
    this.#constants.set(data, name);
    this.data.push(`static const ${this.type(data.value.type)} ${name} = ${initializer(this, data.value)};`);
    return name;
  }

  /** The address of a foreign function: a symbol in a program, a slot in an image. */
  foreign(target: Foreign): string {
    if (target.known !== undefined) {
      this.libc.add(target.known.name);
      return target.known.name;
    }
    this.foreigns.set(target.name, target);
    return this.options.kind === 'image' ? this.slot(target.name) : target.name;
  }

  /** The slot of an image through which it reaches a function of the program. */
  slot(name: string): string {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const slot = this.unique(`to_${name}`);
    this.slots.set(name, slot);
    this.data.push(`static hot_address ${slot};`);
    return slot;
  }

  helper(name: string, code: string): string {
    if (!this.helpers.has(name)) this.helpers.set(name, code);
    return name;
  }

  /** The C name of a function's own code in a view; its code is written too. */
  codeName(func: Func, view: View): string {
    const image = this.options.kind === 'image' || this.options.release;
    const inside = !image && (func.hot || (view !== undefined && this.reach.has(func)));
    const key = `${func.module.name}:${func.span.start}:${func.name}:${inside ? (view?.name ?? func.module.name) : ''}`;
    const known = this.#functionNames.get(key);
    if (known !== undefined) return known;
    const plain = func.module === this.program.root ? func.name : `${func.module.name}_${func.name}`;
    const name = this.unique(inside ? (func.hot ? `v1_${plain}` : `${plain}_in_${view?.name ?? ''}`) : plain);
    this.#functionNames.set(key, name);
    this.#pending.push({ func, view: func.hot && view === undefined && !image ? func.module : view });
    return name;
  }

  /** What to call, from this view, to call a function. */
  callName(func: Func, view: View): string {
    if (!func.hot || this.options.release || func.module === view) return this.codeName(func, view);
    return this.thunkName(func);
  }

  /** A function as a value: the address must outlive the image, so a hot function's is that of its thunk. */
  addressName(func: Func, view: View): string {
    if (!func.hot || this.options.release) return this.codeName(func, view);
    return this.thunkName(func);
  }

  thunkName(func: Func): string {
    const known = this.thunks.get(func);
    if (known !== undefined) return known;
    const plain = func.module === this.program.root ? func.name : `${func.module.name}_${func.name}`;
    // In an image the thunk is a function of the program, offered under this name.
    const name =
      this.options.kind === 'image' ? `((${this.type(func.type)})${this.slot(offeredName(func))})` : this.unique(plain);
    this.thunks.set(func, name);
    return name;
  }

  next(): { func: Func; view: View } | undefined {
    return this.#pending.shift();
  }

  /** A global as a place. */
  globalPlace(global: GlobalVariable): string {
    let name = this.globals.get(global);
    if (name === undefined) {
      name = this.unique(global.module === this.program.root ? global.name : `${global.module.name}_${global.name}`);
      this.globals.set(global, name);
    }
    return this.options.kind === 'image' ? `(*${name})` : name;
  }

  /** The function that gives a global its first value in an image, and the flag that says it was done. */
  birth(global: GlobalVariable): { flag: string; name: string } {
    const known = this.births.get(global);
    if (known !== undefined) return known;
    const made = { flag: this.unique(`born_${global.name}`), name: this.unique(`birth_${global.name}`) };
    this.births.set(global, made);
    this.data.push(`static u8 *${made.flag};`);
    return made;
  }

  /** A string that may be kept by the program: in an image it must be the program's, as the image can go. */
  string(bytes: string, kept: boolean): string {
    if (!kept || this.options.kind !== 'image') return `((i8 *)${quote(bytes)})`;
    let name = this.strings.get(bytes);
    if (name === undefined) {
      name = this.unique(`text_${this.strings.size + 1}`);
      this.strings.set(bytes, name);
    }
    return name;
  }
}
