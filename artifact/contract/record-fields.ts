import { VaisError } from '../../common/error.ts';
import type { Place } from './contract.ts';
import { isName, isPrintable } from './name.ts';

const maxSize = 2 ** 40;
const maxAlign = 2 ** 20;
const maxLine = 2 ** 31 - 1;

/** The fields of one record of a contract, each read with its own rule; a field that breaks it is `image_invalid`. */
export class RecordFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;

  /** `where` names the record in messages: `record 3`. */
  constructor(value: unknown, where: string) {
    this.#where = where;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#values = {};
      throw this.fault('not a JSON object');
    }
    this.#values = value as Readonly<Record<string, unknown>>;
  }

  /** What kind of record it is. */
  get kind(): string {
    return this.text('record', 32);
  }

  /** The error that says that this record is not as it must be. */
  fault(what: string): VaisError {
    return new VaisError('image_invalid', `the contract in the image is damaged: ${this.#where}: ${what}`);
  }

  /** Printable text of 1 to `max` bytes; `fallback` where the field is missing and may be. */
  text(key: string, max: number, fallback?: string): string {
    const value = this.#own(key) ?? fallback;
    if (typeof value !== 'string') throw this.#wrong(key, 'a string');
    if (value === '' || Buffer.byteLength(value) > max) throw this.#wrong(key, `a string of 1 to ${max} bytes`);
    if (!isPrintable(value)) throw this.#wrong(key, 'printable text');
    return value;
  }

  /** As `text`, for a key that may be missing. */
  optionalText(key: string, max: number): string | undefined {
    return this.#own(key) === undefined ? undefined : this.text(key, max);
  }

  /** Printable texts, each of 1 to `max` bytes; none where the key is missing. */
  texts(key: string, most: number, max: number): string[] {
    const value = this.#own(key) ?? [];
    if (!Array.isArray(value) || value.length > most) throw this.#wrong(key, `a list of at most ${most}`);
    return value.map((entry: unknown) => new RecordFields({ [key]: entry }, this.#where).text(key, max));
  }

  /** The name of a function, struct, field or global; those of C++ templates are long. */
  name(): string {
    return this.text('name', 1_024);
  }

  /** The name of the module, which obeys the rules of `validateName`. */
  moduleName(): string {
    const name = this.name();
    if (!isName(name)) throw this.#wrong('name', "a module's name");
    return name;
  }

  /** The version of the record format. */
  format(): 1 {
    const format = this.#integer('format', 0, maxLine);
    if (format === 1) return format;
    throw new VaisError('image_invalid', `the contract has the format ${format}, and this vais-remote knows format 1`, {
      hint: 'Build and push with the same version of vais-remote.',
    });
  }

  buildId(): string {
    const id = this.text('build', 32);
    if (!/^[0-9a-f]{32}$/.test(id)) throw this.#wrong('build', '32 hex digits');
    return id;
  }

  tier(): 'fast' | 'optimized' {
    const tier = this.text('tier', 32);
    if (tier === 'fast' || tier === 'optimized') return tier;
    throw this.#wrong('tier', '"fast" or "optimized"');
  }

  /** Where the contract comes from; a record that says nothing stands in its image. */
  origin(): 'stated' | 'debug' | 'unchecked' {
    const origin = this.text('origin', 32, 'stated');
    if (origin === 'stated' || origin === 'debug' || origin === 'unchecked') return origin;
    throw this.#wrong('origin', '"stated", "debug" or "unchecked"');
  }

  /** The first bit and the count of a bit-field, when it is one. */
  bits(): { bits?: { first: number; count: number } } {
    const value = this.#own('bits');
    if (value === undefined) return {};
    const [first, count] = Array.isArray(value) && value.length === 2 ? (value as unknown[]) : [];
    if (isCount(count) && isWhole(first)) return { bits: { first, count } };
    throw this.#wrong('bits', '[first, count]');
  }

  flag(key: string): boolean {
    const value = this.#own(key);
    if (typeof value !== 'boolean') throw this.#wrong(key, 'true or false');
    return value;
  }

  /** A size or offset in bytes. */
  bytes(key: string): number {
    return this.#integer(key, 0, maxSize);
  }

  /** The alignment in bytes. */
  align(): number {
    const align = this.#integer('align', 1, maxAlign);
    if ((align & (align - 1)) !== 0) throw this.#wrong('align', 'a power of two');
    return align;
  }

  /** The place in the source, when the record has one: line, column and, where it is not the first, the file's number. */
  at(files: readonly string[]): { at?: Place } {
    const value = this.#own('at');
    if (value === undefined) return {};
    if (!Array.isArray(value) || (value.length !== 2 && value.length !== 3)) throw this.#wrong('at', '[line, column]');
    const [line, column, index = 0] = value as unknown[];
    if (!isCount(line) || !isCount(column)) throw this.#wrong('at', '[line, column], both from 1');
    const file = isWhole(index) ? files[index] : undefined;
    if (file === undefined) throw this.#wrong('at', '[line, column, file] with the number of a file');
    return { at: { file, line, column } };
  }

  /** As `list`; none where the key is missing. */
  optionalList(key: string, max: number): RecordFields[] {
    return this.#own(key) === undefined ? [] : this.list(key, max);
  }

  /** A list of records inside this one. */
  list(key: string, max: number): RecordFields[] {
    const value = this.#own(key);
    if (!Array.isArray(value)) throw this.#wrong(key, 'a list');
    if (value.length > max) throw this.#wrong(key, `a list of at most ${max}`);
    return value.map((entry: unknown, index) => new RecordFields(entry, `${this.#where}, ${key} ${index + 1}`));
  }

  #integer(key: string, min: number, max: number): number {
    const value = this.#own(key);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw this.#wrong(key, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  #own(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  #wrong(key: string, expected: string): VaisError {
    return this.fault(`"${key}" is not ${expected}`);
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxLine;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 40;
}
