/** More parts of a file than that go nowhere near a library. */
export const mostSpans = 64;

/** Bytes of the file that stand at an address of memory. */
export interface Span {
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Addresses from `low` to `high` are the library's own: a target elsewhere is a mistake of the sweep. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}
