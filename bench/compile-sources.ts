/** A hot module of about this many lines, of the kind that people write: structs, loops, matches, calls, formats. */
export function moduleOfLines(lines: number): string {
  const parts = ['S State { x: i64, y: i64, items: [i64; 16] }\n'];
  for (let count = 0; count * 18 < lines; count++) {
    parts.push(`#[hot]
F step${count}(state: *State, dt: f64) -> i64 {
    total := 0
    L i: 0..16 {
        state.items[i] = state.items[i] * 3 + i
        I state.items[i] > 100 { state.items[i] %= 97 } E { total += state.items[i] }
    }
    state.x += (dt * 10.0) as i64
    M total % 5 {
        0 => { state.y += 1 },
        1 | 2 => { state.y -= 1 },
        _ => { state.y = state.x * 2 - total },
    }
    printf("%d of %d\\n", state.x, total)
    ${count === 0 ? 'total' : `total + step${count - 1}(state, dt)`}
}

`);
  }
  return parts.join('');
}

/** A kernel in Vais and by hand in C; both print the same. */
export interface Kernel {
  readonly name: string;
  readonly vais: string;
  readonly c: string;
}

const head = '#include <stdio.h>\n#include <time.h>\n';
/** The second line of output: the processor time of the run in µs, which other processes hardly disturb. */
const clock = '@[extern "C"]\nF clock() -> i64\n';

export const kernels: readonly Kernel[] = [
  {
    name: 'matrix',
    vais: `${clock}C N: i64 = 256
S Matrix { at: [[f64; N]; N] }
G a: Matrix
G b: Matrix
G c: Matrix
F multiply(x: *Matrix, y: *Matrix, out: *Matrix) {
    L i: 0..N { L j: 0..N { out.at[i][j] = 0.0 } }
    L i: 0..N {
        L k: 0..N {
            f := x.at[i][k]
            L j: 0..N { out.at[i][j] += f * y.at[k][j] }
        }
    }
}
F main() -> i64 {
    L i: 0..N { L j: 0..N { a.at[i][j] = (i + j) as f64; b.at[i][j] = (i - j) as f64 } }
    L round: 0..24 { multiply(&a, &b, &c) }
    printf("%.1f\\n", c.at[17][99])
    printf("%d\\n", clock())
    0
}`,
    c: `${head}enum { N = 256 };
typedef struct { double at[N][N]; } matrix;
static matrix a, b, c;
static void multiply(const matrix *x, const matrix *y, matrix *out) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) out->at[i][j] = 0;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            double f = x->at[i][k];
            for (int j = 0; j < N; j++) out->at[i][j] += f * y->at[k][j];
        }
}
int main(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { a.at[i][j] = i + j; b.at[i][j] = i - j; }
    for (int round = 0; round < 24; round++) multiply(&a, &b, &c);
    printf("%.1f\\n", c.at[17][99]);
    printf("%ld\\n", (long)clock());
}`,
  },
  {
    name: 'sieve',
    vais: `${clock}C N: i64 = 2000000
G composite: [u8; N]
F sieve() -> i64 {
    L i: 0..N { composite[i] = 0 }
    count := 0
    L i: 2..N {
        I composite[i] == 0 {
            count += 1
            j := i * i
            L j < N { composite[j] = 1; j += i }
        }
    }
    count
}
F main() -> i64 {
    total := 0
    L round: 0..16 { total += sieve() }
    printf("%d\\n", total)
    printf("%d\\n", clock())
    0
}`,
    c: `${head}enum { N = 2000000 };
static unsigned char composite[N];
static long sieve(void) {
    for (long i = 0; i < N; i++) composite[i] = 0;
    long count = 0;
    for (long i = 2; i < N; i++)
        if (!composite[i]) {
            count++;
            for (long j = i * i; j < N; j += i) composite[j] = 1;
        }
    return count;
}
int main(void) {
    long total = 0;
    for (int round = 0; round < 16; round++) total += sieve();
    printf("%ld\\n", total);
    printf("%ld\\n", (long)clock());
}`,
  },
  {
    name: 'mandelbrot',
    vais: `${clock}F iterations(cx: f64, cy: f64) -> i64 {
    x := 0.0
    y := 0.0
    n := 0
    L x * x + y * y <= 4.0 && n < 500 {
        t := x * x - y * y + cx
        y = 2.0 * x * y + cy
        x = t
        n += 1
    }
    n
}
F main() -> i64 {
    total := 0
    L py: 0..400 { L px: 0..600 { total += iterations(px as f64 / 200.0 - 2.0, py as f64 / 200.0 - 1.0) } }
    printf("%d\\n", total)
    printf("%d\\n", clock())
    0
}`,
    c: `${head}static long iterations(double cx, double cy) {
    double x = 0, y = 0;
    long n = 0;
    while (x * x + y * y <= 4.0 && n < 500) {
        double t = x * x - y * y + cx;
        y = 2.0 * x * y + cy;
        x = t;
        n++;
    }
    return n;
}
int main(void) {
    long total = 0;
    for (int py = 0; py < 400; py++)
        for (int px = 0; px < 600; px++) total += iterations(px / 200.0 - 2.0, py / 200.0 - 1.0);
    printf("%ld\\n", total);
    printf("%ld\\n", (long)clock());
}`,
  },
  {
    name: 'particles',
    vais: `${clock}S Particle { x: f64, y: f64, vx: f64, vy: f64, life: i64 }
C N: i64 = 4096
S World { particles: [Particle; N], bounced: i64 }
G world: World
F update(w: *World, dt: f64) {
    L i: 0..N {
        p := &w.particles[i]
        p.vy += 9.81 * dt
        p.x += p.vx * dt
        p.y += p.vy * dt
        p.life -= 1
        I p.y > 10.0 {
            p.y = 10.0
            p.vy = p.vy * -0.9
            w.bounced += 1
        }
    }
}
F main() -> i64 {
    L i: 0..N { world.particles[i] = Particle { x: 0.0, y: i as f64 / 1000.0, vx: 1.0, vy: 0.0, life: 100000 } }
    L frame: 0..8000 { update(&world, 0.001) }
    printf("%d %.6f\\n", world.bounced, world.particles[7].y)
    printf("%d\\n", clock())
    0
}`,
    c: `${head}typedef struct { double x, y, vx, vy; long life; } particle;
enum { N = 4096 };
typedef struct { particle particles[N]; long bounced; } world_t;
static world_t world;
static void update(world_t *w, double dt) {
    for (int i = 0; i < N; i++) {
        particle *p = &w->particles[i];
        p->vy += 9.81 * dt;
        p->x += p->vx * dt;
        p->y += p->vy * dt;
        p->life -= 1;
        if (p->y > 10.0) {
            p->y = 10.0;
            p->vy = p->vy * -0.9;
            w->bounced++;
        }
    }
}
int main(void) {
    for (int i = 0; i < N; i++) world.particles[i] = (particle){0, i / 1000.0, 1, 0, 100000};
    for (int frame = 0; frame < 8000; frame++) update(&world, 0.001);
    printf("%ld %.6f\\n", world.bounced, world.particles[7].y);
    printf("%ld\\n", (long)clock());
}`,
  },
  {
    name: 'fibonacci',
    vais: `${clock}F fib(n: i64) -> i64 = n < 2 ? n : @(n - 1) + @(n - 2)
F main() -> i64 {
    printf("%d\\n", fib(40))
    printf("%d\\n", clock())
    0
}`,
    c: `${head}static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(void) {
    printf("%ld\\n", fib(40));
    printf("%ld\\n", (long)clock());
}`,
  },
];
