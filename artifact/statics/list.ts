/**
 * The list of an image's variables with static storage, and of the fields in it that lead to them. It is a section of the
 * image, so that it is signed and kept with it; the runtime reads it (runtime/statics_list.c). All numbers are little-endian.
 */

/** The section's name. */
export const listSection = '.vais.statics';

/** The numbers are those of runtime/statics.h. */
export const VariableKind = {
  /** Writable storage of its own. */
  data: 1,
  /** One for each thread; its address is where it is in the thread's block. */
  tls: 2,
  /** The source says that it never changes: it has the value of its build. */
  constant: 3,
  /** The compiler left no storage, as the code of this build only reads it. `type` says so. */
  folded: 4,
  /** It has a value, but where cannot be told. `type` says why. */
  lost: 5,
} as const;

export const FieldKind = {
  pc32: 1,
  abs64: 2,
  tlsPair: 3,
  tlsModule: 4,
  tls32: 5,
  tls64: 6,
  pc64: 7,
  adrp: 8,
  add12: 9,
  /** And the four that follow: by 1, 2, 4, 8 or 16. */
  load12: 10,
  /** An address in the table through which code finds it: the loader may have taken another one. */
  slot: 15,
} as const;

export interface ListedVariable {
  /** Names it across builds. */
  readonly key: string;
  readonly kind: number;
  readonly address: number;
  readonly size: number;
  readonly type: string;
}

export interface ListedField {
  readonly place: number;
  readonly kind: number;
  /** Its number among the variables. */
  readonly variable: number;
  readonly addend: number;
}

export interface StaticsList {
  readonly variables: readonly ListedVariable[];
  readonly fields: readonly ListedField[];
  /** Why no other version can take the place of this one, or this one that of another. */
  readonly refusals: readonly string[];
  /** The first use of a variable leaves a destructor of this image behind. */
  readonly destroys: boolean;
}

const magic = 'VAISVAR1';
const headSize = 32;
const variableSize = 32;
const fieldSize = 16;

/** The section's bytes. */
export function encodeList({ variables, fields, refusals, destroys }: StaticsList): Buffer {
  const text = new Texts();
  const texts = variables.map(({ key, type }) => ({ key: text.add(key), type: text.add(type) }));
  const reasons = refusals.map((reason) => text.add(reason));
  const words = text.bytes();
  const bytes = Buffer.alloc(
    headSize + variables.length * variableSize + fields.length * fieldSize + reasons.length * 4 + words.length,
  );
  bytes.write(magic, 'latin1');
  [variables.length, fields.length, reasons.length, destroys ? 1 : 0, words.length].forEach((number, index) => {
    bytes.writeUInt32LE(number, 8 + index * 4);
  });
  let at = headSize;
  variables.forEach(({ kind, address, size }, index) => {
    writeNumber(bytes, address, at);
    writeNumber(bytes, size, at + 8);
    bytes.writeUInt32LE(texts[index]?.key ?? 0, at + 16);
    bytes.writeUInt32LE(texts[index]?.type ?? 0, at + 20);
    bytes.writeUInt32LE(kind, at + 24);
    at += variableSize;
  });
  for (const { place, kind, variable, addend } of fields.toSorted((a, b) => a.place - b.place)) {
    writeNumber(bytes, place, at);
    bytes.writeUInt8(kind, at + 7);
    bytes.writeUInt32LE(variable, at + 8);
    bytes.writeInt32LE(addend, at + 12);
    at += fieldSize;
  }
  for (const reason of reasons) {
    bytes.writeUInt32LE(reason, at);
    at += 4;
  }
  words.copy(bytes, at);
  return bytes;
}

function writeNumber(bytes: Buffer, number: number, at: number): void {
  bytes.writeUInt32LE(number % 2 ** 32, at);
  bytes.writeUInt32LE(Math.floor(number / 2 ** 32), at + 4);
}

/** Texts that each end with a NUL; the empty one comes first. */
class Texts {
  readonly #parts: Buffer[] = [Buffer.alloc(1)];
  readonly #places = new Map<string, number>([['', 0]]);
  #size = 1;

  add(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#size;
    const part = Buffer.from(`${text.replaceAll('\0', '?')}\0`);
    this.#parts.push(part);
    this.#places.set(text, place);
    this.#size += part.length;
    return place;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
