/** Writes modules with hundreds of variables of every kind, so that two builds have nothing in common but the names. */

export interface GeneratedModule {
  /** Which variables, by their number: a kind is `number % kinds`. */
  readonly variables: readonly number[];
  readonly language: 'c' | 'c++';
  /** How much each pass adds. */
  readonly step: number;
  /** The order of everything. */
  readonly seed: number;
  /** Whether the compiler tells blocks and lambdas of one function apart. */
  readonly blocks: boolean;
}

/** A generator of numbers below `limit`, the same for the same seed (mulberry32). */
export function numbersFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function shuffled<Item>(items: readonly Item[], next: (limit: number) => number): Item[] {
  const all = [...items];
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = next(index + 1);
    [all[index], all[other]] = [all[other] as Item, all[index] as Item];
  }
  return all;
}

/** What stands at file level for a variable, and what a pass does with it. */
interface Parts {
  readonly file: string;
  readonly pass: string;
}

type Kind = (id: number, step: number) => Parts;

const fn = (id: number, body: string): Parts => ({
  file: `static void pass_${id}(void) { ${body} }`,
  pass: `pass_${id}();`,
});
const join = (before: string, parts: Parts): Parts => ({ file: `${before}\n${parts.file}`, pass: parts.pass });

const common: readonly Kind[] = [
  (id, step) => join(`static int v${id} = ${id};`, fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`)),
  (id, step) =>
    join(
      `static long v${id}[5];`,
      fn(
        id,
        `for (long *p = v${id}; p != v${id} + 5; p++) *p += ${step};
        SAY("v${id}", v${id}[which % 5], v${id}); SAY("v${id}.end", v${id}[4], v${id} + 5);`,
      ),
    ),
  (id, step) =>
    join(
      `static struct { char c; double d; int i[3]; } v${id} = {'x', 0.5, {1, ${id}, 3}};`,
      fn(id, `v${id}.i[1] += ${step}; v${id}.d += 1; SAY("v${id}", v${id}.i[1], &v${id}.i[1]);`),
    ),
  (id, step) => fn(id, `static int n = ${id}; n += ${step}; SAY("v${id}", n, &n);`),
  (id, step) =>
    join(
      `static short v${id}_array[7]; static short *v${id} = v${id}_array + 3;`,
      fn(
        id,
        `*v${id} += ${step}; SAY("v${id}", v${id}_array[3], v${id}); SAY("v${id}.place", v${id} - v${id}_array, &v${id});`,
      ),
    ),
  (id, step) => join(`int v${id} = ${id};`, fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`)),
  (id, step) =>
    join(
      `__attribute__((visibility("hidden"))) long v${id};`,
      fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`),
    ),
  (id, step) =>
    join(`static __thread int v${id} = ${id};`, fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`)),
  (id, step) => join(`__thread long v${id};`, fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`)),
  (id, step) =>
    join(
      `static int v${id}_a = 1, v${id}_b[2]; static int *const v${id}[] = {&v${id}_a, v${id}_b + 1, v${id}_b + 2};`,
      fn(
        id,
        `*v${id}[which % 2] += ${step}; SAY("v${id}", *v${id}[which % 2], v${id}[0]);
        SAY("v${id}.end", v${id}[2] - v${id}_b, v${id}[2]);`,
      ),
    ),
  (id, step) =>
    join(
      `static char v${id}[${(id % 40) + 1}];`,
      fn(
        id,
        `v${id}[0] = (char)((v${id}[0] + ${step}) % 100); SAY("v${id}", v${id}[0], v${id});
        SAY("v${id}.end", v${id}[which % sizeof v${id}], v${id} + sizeof v${id});`,
      ),
    ),
  (id, step) =>
    join(
      `static int v${id} = ${id};`,
      fn(
        id,
        `switch (which % 6) { case 0: v${id} += ${step}; break; case 1: v${id} -= 1; break; case 2: v${id} ^= 1; break;
        case 3: v${id} *= 3; break; case 4: v${id} = 4; break; default: v${id} = -v${id}; } SAY("v${id}", v${id}, &v${id});`,
      ),
    ),
];

const blocks: Kind = (id, step) =>
  fn(
    id,
    `{ static int n = ${id}; n += ${step}; SAY("v${id}", n, &n); }
    { static int n = ${id + 1000}; n += ${step}; SAY("v${id}.other", n, &n); }`,
  );

const cpp: readonly Kind[] = [
  (id, step) => join(`inline int v${id} = ${id};`, fn(id, `v${id} += ${step}; SAY("v${id}", v${id}, &v${id});`)),
  (id, step) =>
    join(
      `namespace { namespace in${id} { Box v${id}(${id}); } }`,
      fn(id, `in${id}::v${id}.value += ${step}; SAY("v${id}", in${id}::v${id}.value, &in${id}::v${id});`),
    ),
  (id, step) =>
    join(
      `template <class T> struct Of${id} { static T v; static int n; }; template <class T> T Of${id}<T>::v = ${id}; template <class T> int Of${id}<T>::n;`,
      fn(
        id,
        `Of${id}<int>::v += ${step}; Of${id}<long>::v += ${step}; Of${id}<int>::n += ${step};
        SAY("v${id}", Of${id}<int>::v, &Of${id}<int>::v); SAY("v${id}.long", Of${id}<long>::v, &Of${id}<long>::v);
        SAY("v${id}.n", Of${id}<int>::n, &Of${id}<int>::n);`,
      ),
    ),
  (id, step) => fn(id, `static Box n(which % 4 + ${id}); n.value += ${step}; SAY("v${id}", n.value, &n);`),
  (id, step) =>
    join(
      `inline Box &v${id}() { static Box n(${id}); return n; }`,
      fn(id, `v${id}().value += ${step}; SAY("v${id}", v${id}().value, &v${id}());`),
    ),
  (id, step) =>
    join(
      `template <class T> T &v${id}() { static T n = (T)(which % 4 + ${id}); return n; }`,
      fn(
        id,
        `v${id}<int>() += ${step}; v${id}<long>() += ${step}; SAY("v${id}", v${id}<int>(), &v${id}<int>());
        SAY("v${id}.long", v${id}<long>(), &v${id}<long>());`,
      ),
    ),
  (id, step) =>
    join(
      `struct S${id} { static int v; static inline long w = ${id}; virtual ~S${id}() {} virtual int get() { return v; } }; int S${id}::v = ${id}; static S${id} object${id};`,
      fn(
        id,
        `S${id}::v += ${step}; S${id}::w += ${step}; SAY("v${id}", object${id}.get(), &S${id}::v); SAY("v${id}.w", S${id}::w, &S${id}::w); SAY("v${id}.object", 0, &object${id});`,
      ),
    ),
];

const lambda: Kind = (id, step) =>
  fn(id, `auto next = [] { static int n = ${id}; n += ${step}; SAY("v${id}", n, &n); }; next();`);

const head = `#include <stdio.h>
static char said[1 << 20];
static char *end;
static unsigned which;
#define SAY(name, value, place) end += sprintf(end, " %s=%ld@%p", name, (long)(value), (void *)(place))
`;
const cppHead = `struct Box { int value; explicit Box(int v) : value(v) {} ~Box() { value = -1; } };
#define REPORT extern "C"
`;

function kindsFor(language: 'c' | 'c++', withBlocks: boolean): readonly Kind[] {
  return [
    ...common,
    ...(language === 'c' ? [] : cpp),
    ...(withBlocks ? [blocks] : []),
    ...(withBlocks && language === 'c++' ? [lambda] : []),
  ];
}

export function kindsOf(language: 'c' | 'c++', withBlocks: boolean): number {
  return kindsFor(language, withBlocks).length;
}

/** Whether each pass adds the step to the variable, once. */
export function counts(name: string, kinds: number): boolean {
  const kind = Number(name.slice(1).split('.')[0]) % kinds;
  return (kind >= common.length || [0, 3, 5, 6, 7, 8].includes(kind)) && !/\.(?:end|object|place)$/.test(name);
}

/** Whether each thread has its own. */
export function isPerThread(name: string, kinds: number): boolean {
  return [7, 8].includes(Number(name.slice(1).split('.')[0]) % kinds);
}

export function writeModule({ variables, language, step, seed, blocks: withBlocks }: GeneratedModule): string {
  const next = numbersFrom(seed);
  const kinds = kindsFor(language, withBlocks);
  const parts = shuffled(variables, next).map((id) => (kinds[id % kinds.length] as Kind)(id, step));
  return `${head}${language === 'c' ? '#define REPORT\n' : cppHead}
${parts.map(({ file }) => file).join('\n')}
REPORT const char *report(void) {
  end = said; which++;
${shuffled(parts, next)
  .map(({ pass }) => `  ${pass}`)
  .join('\n')}
  return said;
}
`;
}
