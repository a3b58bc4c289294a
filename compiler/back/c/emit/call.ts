import type { Builtin, CLetter } from '../../../front/builtins.ts';
import type { Foreign, Tree, TreeOf } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import { cast } from './arithmetic.ts';
import type { BodyEmitter } from './body.ts';
import { notNull } from './place.ts';
import { values } from './value.ts';

const letters: Record<CLetter, string> = {
  v: 'void',
  i: 'int',
  u: 'unsigned',
  l: 'long long',
  z: '__SIZE_TYPE__',
  p: 'void *',
  s: 'const char *',
  d: 'double',
  c: 'void (*)(long long)',
  f: 'long long (*)(void)',
};

/** The C prototype of one of libc's functions. */
export function prototype(builtin: Builtin): string {
  const params = [...builtin.params.map((letter) => letters[letter]), ...(builtin.variadic ? ['...'] : [])];
  return `${letters[builtin.result]} ${builtin.name}(${params.join(', ') || 'void'});`;
}

/** A call as a C expression, its arguments evaluated before it from left to right. */
export function emitCall(b: BodyEmitter, tree: TreeOf<'call' | 'callForeign' | 'callBuiltin' | 'callPointer'>): string {
  switch (tree.kind) {
    case 'call': {
      const args = values(b, tree.args);
      return `${b.unit.callName(tree.target, b.view)}(${args.join(', ')})`;
    }
    case 'callPointer': {
      const [callee = '', ...args] = values(b, [tree.callee, ...tree.args]);
      return `${notNull(b, tree.callee.type, callee, true)}(${args.join(', ')})`;
    }
    case 'callForeign':
      return callForeign(b, tree.target, tree.args);
    case 'callBuiltin':
      return callBuiltin(b, tree.target, tree.args, tree.type);
  }
}

/** Arguments for libc: it keeps no pointer, so strings need not outlive the image. */
function passing(b: BodyEmitter, args: readonly Tree[]): string[] {
  const plain = (tree: Tree): Tree => (tree.kind === 'cast' && tree.value.kind === 'string' ? tree.value : tree);
  const order = values(
    b,
    args.map((arg) => (plain(arg).kind === 'string' ? { kind: 'int', value: 0n, type: i64Type, span: arg.span } : arg)),
  );
  return args.map((arg, index) => {
    const text = plain(arg);
    return text.kind === 'string' ? b.unit.string(text.bytes, false) : (order[index] ?? '0');
  });
}

const i64Type: Type = { kind: 'int', bits: 64, signed: true, name: 'i64' };

function callForeign(b: BodyEmitter, target: Foreign, args: readonly Tree[]): string {
  const { known } = target;
  const { params, result } = target.type;
  if (known === undefined) {
    const given = values(b, args);
    return `((${foreignPointer(b, target)})${b.unit.foreign(target)})(${given.join(', ')})`;
  }
  b.unit.libc.add(known.name);
  const given = passing(b, args).map((text, index) => {
    const letter = known.params[index];
    return letter === undefined ? text : toLetter(text, params[index] ?? i64Type, letter);
  });
  const call = `${known.name}(${given.join(', ')})`;
  if (result.kind === 'void') return `(void)${call}`;
  return fromLetter(b, call, known.result, result);
}

/** The type through which a foreign function is called: the address alone does not say that it is variadic. */
function foreignPointer(b: BodyEmitter, target: Foreign): string {
  const { params, result } = target.type;
  const list = [...params.map((param) => b.unit.type(param)), ...(target.variadic ? ['...'] : [])];
  return `${b.unit.type(result)} (*)(${list.join(', ') || 'void'})`;
}

function toLetter(text: string, from: Type, letter: CLetter): string {
  if (letter === 'd') return `(double)${text}`;
  if (from.kind === 'float') return `(${letters[letter]})(i64)${text}`;
  return `(${letters[letter]})${text}`;
}

function fromLetter(b: BodyEmitter, call: string, letter: CLetter, to: Type): string {
  if (letter === 'd' && to.kind === 'int') return cast(b, call, { kind: 'float', bits: 64, name: 'f64' }, to);
  if (to.kind === 'bool') return `(${call} != 0)`;
  return `(${b.unit.type(to)})${call}`;
}

function callBuiltin(b: BodyEmitter, target: Builtin, args: readonly Tree[], type: Type): string {
  if (target.from === 'hot') return callHot(b, target, args);
  const given = passing(b, args).map((text, index) => {
    const letter = target.params[index];
    return letter === undefined ? text : toLetter(text, args[index]?.type ?? i64Type, letter);
  });
  if (target.from === 'inline') return inline(b, target.name, given);
  b.unit.libc.add(target.name);
  const call = `${target.name}(${given.join(', ')})`;
  return type.kind === 'void' || type.kind === 'never' ? call : `(${b.unit.type(type)})${call}`;
}

function inline(b: BodyEmitter, name: string, [first = '', second = '']: string[]): string {
  const use = (...names: string[]): void => {
    for (const one of names) b.unit.libc.add(one);
  };
  const checked = (type: string): string => {
    // An address is any number, so what it leads to may begin at any byte.
    const anywhere = b.unit.helper(`vais_${type}`, `typedef ${type} vais_${type} __attribute__((aligned(1)));`);
    return `(*(${anywhere} *)${notNull(b, pointerType, b.keep(pointerType, first), false)})`;
  };
  switch (name) {
    case 'load_i64':
      return checked('i64');
    case 'load_byte':
      return `(i64)${checked('u8')}`;
    case 'load_f64':
      return checked('f64');
    case 'store_i64':
      return `(void)(${checked('i64')} = (i64)${second})`;
    case 'store_byte':
      return `(void)(${checked('u8')} = (u8)${second})`;
    case 'store_f64':
      return `(void)(${checked('f64')} = ${second})`;
    case 'puts_ptr':
      use('puts');
      return `(i64)puts(${first})`;
    case 'println':
      use('puts');
      return `(void)puts(${first})`;
    case 'print':
      use('printf');
      return `(void)printf("%s", ${first})`;
    case 'print_i64':
    case 'println_i64':
      use('printf');
      return `(void)printf("%lld${name === 'println_i64' ? '\\n' : ''}", ${first})`;
    default:
      use('printf');
      return `(void)printf("%f${name === 'println_f64' ? '\\n' : ''}", ${first})`;
  }
}

const pointerType: Type = { kind: 'pointer', to: { kind: 'int', bits: 8, signed: true, name: 'i8' }, name: '*i8' };

/** What the runtime is called through in an image: its table. */
const inTable: Record<string, string> = {
  hot_init: 'init',
  hot_start: 'init',
  hot_check: 'check',
  hot_reload: 'reload',
  hot_version: 'version',
  hot_cleanup: 'cleanup',
  hot_on_reload: 'on_reload',
  hot_error: 'error',
};

function callHot(b: BodyEmitter, target: Builtin, args: readonly Tree[]): string {
  const { unit } = b;
  const given = passing(b, args).map((text, index) =>
    toLetter(text, args[index]?.type ?? i64Type, target.params[index] ?? 'l'),
  );
  const result = target.name === 'hot_error' ? '(i8 *)' : '';
  if (unit.options.release) {
    if (target.name === 'hot_loop') {
      unit.helper(
        'vais_loop',
        'static i64 vais_loop(long long (*update)(void)) { for (;;) { i64 r = update(); if (r) return r; } }',
      );
      return `vais_loop(${given.join(', ')})`;
    }
    for (const text of given) b.put(`(void)(${text});`);
    return target.name === 'hot_version' ? '1LL' : target.name === 'hot_error' ? '((i8 *)"")' : '0LL';
  }
  unit.hotCalls.add(target.name);
  if (unit.options.kind === 'program') return `${result}${target.name}(${given.join(', ')})`;
  if (target.name === 'hot_loop') {
    unit.helper(
      'vais_loop',
      'static i64 vais_loop(long long (*update)(void)) { for (;;) { i64 r; vais_api->check(); r = update(); if (r) return r; } }',
    );
    return `vais_loop(${given.join(', ')})`;
  }
  const entry = inTable[target.name];
  if (entry !== undefined) return `${result}vais_api->${entry}(${given.join(', ')})`;
  // Not in the table: reached like a function of the program.
  unit.slot(target.name);
  const params = target.params.map((letter) => letters[letter]).join(', ') || 'void';
  return `((${letters[target.result]} (*)(${params}))${unit.slot(target.name)})(${given.join(', ')})`;
}
