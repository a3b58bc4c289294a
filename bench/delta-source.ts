/**
 * C of a library as large as one likes, in units of some functions each: calls across units, switches, strings, tables of
 * pointers, variables with and without a value. The same numbers give the same text. It includes no header, so that it compiles for
 * every platform.
 */
export interface LibraryPlan {
  readonly units: number;
  /** Functions in each unit. */
  readonly functions: number;
}

/** The unit whose function `editedFunction` is changed. An early one, so that most of the library moves. */
export function editedUnit({ units }: LibraryPlan): number {
  return Math.floor(units / 4);
}

const prelude = `#ifdef __cplusplus
extern "C" {
#endif
int snprintf(char *, __SIZE_TYPE__, const char *, ...);
__SIZE_TYPE__ strlen(const char *);
double floor(double);
#ifdef __cplusplus
}
#endif
typedef struct S { long long a; double b; int c[6]; struct S *next; const char *name; } S;
`;

/** One unit. `edited` makes one of its functions longer by a loop, a call and a string, so that everything behind it moves. */
export function unitSource(plan: LibraryPlan, unit: number, edited = false): string {
  const random = randomFrom(unit + 1);
  const first = unit * plan.functions;
  const all = plan.units * plan.functions;
  const called = new Set<number>();
  const bodies: string[] = [];
  for (let index = first; index < first + plan.functions; index += 1) {
    const callees = Array.from({ length: 4 }, () => random(all));
    for (const callee of callees) called.add(callee);
    const steps = Array.from({ length: 3 + random(6) }, () => step(unit, index, callees, random));
    if (edited && index === first + Math.floor(plan.functions / 3)) steps.push(edit(unit));
    bodies.push(`long long f${index}(S *s, long long x) {
  long long acc = ${random(1000)};
${steps.join('\n')}
  return acc;
}`);
  }
  const own = Array.from({ length: plan.functions }, (_, index) => first + index);
  const declared = [...new Set([...called, ...own])].map((index) => `long long f${index}(S *, long long);`);
  const weights = Array.from({ length: 30 }, () => (random(1_000_000) / 1e6).toFixed(6));
  return `${prelude}
extern long long counter; extern S states[64];
static long long local_${unit}; static char buffer_${unit}[300];
static const double weights_${unit}[] = { ${weights.join(', ')} };
${declared.join('\n')}
${bodies.join('\n')}
extern long long (*const table_${unit}[])(S *, long long);
long long (*const table_${unit}[])(S *, long long) = { ${own.map((index) => `f${index}`).join(', ')} };
${unit === 0 ? 'long long counter; S states[64];' : ''}
`;
}

function step(unit: number, index: number, callees: readonly number[], random: (below: number) => number): string {
  const callee = (): string => `f${callees[random(callees.length)]}`;
  switch (random(8)) {
    case 0:
      return `  if (s->a % ${3 + random(94)} == ${random(3)}) { acc += ${callee()}(s, x + ${random(1000)}); }`;
    case 1:
      return `  for (int i = 0; i < ${4 + random(36)}; i++) acc += s->c[i % 6] * ${random(100)} + weights_${unit}[(i + ${random(30)}) % 30];`;
    case 2:
      return `  if (x > ${random(100_000)}) { s->name = "function ${index} of unit ${unit}, ${random(1000)}"; counter += ${random(9)}; }`;
    case 3: {
      const cases = Array.from(
        { length: 5 + random(4) },
        (_, number) => `case ${number}: acc = acc * ${2 + random(48)} + ${callee()}(s, ${random(99)}); break;`,
      );
      return `  switch (s->c[${random(6)}]) { ${cases.join(' ')} default: acc ^= ${random(10_000)}; }`;
    }
    case 4:
      return `  snprintf(buffer_${unit}, sizeof buffer_${unit}, "unit ${unit}: %lld %g %s\\n", acc, s->b, s->name); local_${unit} += strlen(buffer_${unit});`;
    case 5:
      return `  s->b = floor(s->b * ${random(1000) / 100} + states[${random(64)}].b) - ${random(1000) / 1000};`;
    case 6:
      return `  { S *p = &states[${random(64)}]; while (p && p->a < ${random(5000)}) { p->a += local_${unit}; p = p->next; } }`;
    default:
      return `  acc = (acc << ${1 + random(8)}) ^ (x * ${1 + random(100_000)} + s->c[${random(6)}]); if (acc < ${random(1000)}) return ${callee()}(s, acc);`;
  }
}

function edit(unit: number): string {
  return `  if (x > 17) {
    for (int q = 0; q < x; q++) { acc += s->c[q % 6] * q; counter += acc; }
    s->name = "edited";
    snprintf(buffer_${unit}, 99, "edited %lld", acc);
  }`;
}

/** Whole numbers below a bound, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
