/** The functions that are known without a declaration: libc's common ones, those of std/hot, and small helpers. */

/**
 * Letters for C types: `v` void, `i` int, `u` unsigned, `l` long long, `z` size_t, `p` pointer, `s` const char *,
 * `d` double. `c` is a callback `fn(i64)`, `f` an `fn() -> i64`.
 */
export type CLetter = 'v' | 'i' | 'u' | 'l' | 'z' | 'p' | 's' | 'd' | 'c' | 'f';

export interface Builtin {
  readonly name: string;
  /** `libc`: resolved from the system's library. `hot`: the runtime. `inline`: written out where it is called. */
  readonly from: 'libc' | 'hot' | 'inline';
  readonly result: CLetter;
  readonly params: readonly CLetter[];
  readonly variadic: boolean;
  /** True for one that takes a printf format; the index of that parameter. */
  readonly format: number | undefined;
}

const table: Record<Builtin['from'], string> = {
  libc: `
    printf i(s.) puts i(s) putchar i(i) getchar i() usleep i(u) sleep u(u) malloc p(z) calloc p(zz) realloc p(pz)
    free v(p) memcpy p(ppz) memmove p(ppz) memset p(piz) memcmp i(ppz) strlen z(s) strcmp i(ss) strncmp i(ssz)
    strcpy p(ps) strcat p(ps) strchr p(si) strstr p(ss) atoi i(s) atof d(s) exit v(i) abort v() rand i() srand v(u)
    time l(p) getenv p(s) sprintf i(ps.) snprintf i(pzs.) fprintf i(ps.)
    sqrt d(d) sin d(d) cos d(d) tan d(d) atan d(d) atan2 d(dd) asin d(d) acos d(d) pow d(dd) fabs d(d) floor d(d)
    ceil d(d) exp d(d) log d(d) log2 d(d) log10 d(d) round d(d) trunc d(d) fmod d(dd) hypot d(dd)
    fopen p(ss) fclose i(p) fputs i(sp) fgetc i(p) fputc i(ip) fgets p(pip) fflush i(p) fread z(pzzp) fwrite z(pzzp)`,
  hot: `
    hot_init l(s) hot_check l() hot_reload l() hot_version l() hot_cleanup l() hot_on_reload l(c) hot_start l(s)
    hot_loop l(f) hot_error s() hot_state l(pl)`,
  inline: `
    load_i64 l(p) store_i64 v(pl) load_byte l(p) store_byte v(pl) load_f64 d(p) store_f64 v(pd) puts_ptr l(s)
    print_i64 v(l) println_i64 v(l) print_f64 v(d) println_f64 v(d) println v(s) print v(s)`,
};

const formats: Record<string, number> = { printf: 0, sprintf: 1, fprintf: 1, snprintf: 2 };

function read(): Map<string, Builtin> {
  const found = new Map<string, Builtin>();
  for (const [from, text] of Object.entries(table) as [Builtin['from'], string][]) {
    for (const [, name, result, params] of text.matchAll(/(\w+) ([a-z])\(([a-z.]*)\)/g)) {
      if (name === undefined || result === undefined || params === undefined) continue;
      found.set(name, {
        name,
        from,
        result: result as CLetter,
        params: [...params.replace('.', '')] as CLetter[],
        variadic: params.endsWith('.'),
        format: formats[name],
      });
    }
  }
  return found;
}

export const builtins: ReadonlyMap<string, Builtin> = read();
