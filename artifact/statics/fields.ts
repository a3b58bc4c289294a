import {
  type ElfFile,
  type ElfSection,
  EM_AARCH64,
  EM_X86_64,
  relocationSize,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_RELA,
  symbolSize,
} from './elf-file.ts';
import { FieldKind, type ListedField } from './list.ts';
import type { ImageVariables } from './variables.ts';

// Names are those of <elf.h>.
const x64: Readonly<Record<number, Relocation>> = {
  1: { kind: FieldKind.abs64 }, // R_X86_64_64
  2: { kind: FieldKind.pc32 }, // R_X86_64_PC32
  4: { kind: FieldKind.pc32 }, // R_X86_64_PLT32
  9: { kind: FieldKind.pc32, table: FieldKind.slot }, // R_X86_64_GOTPCREL
  17: { kind: FieldKind.tls64 }, // R_X86_64_DTPOFF64
  19: { kind: FieldKind.pc32, table: FieldKind.tlsPair }, // R_X86_64_TLSGD
  20: { kind: FieldKind.pc32, table: FieldKind.tlsModule }, // R_X86_64_TLSLD
  21: { kind: FieldKind.tls32 }, // R_X86_64_DTPOFF32
  24: { kind: FieldKind.pc64 }, // R_X86_64_PC64
  41: { kind: FieldKind.pc32, table: FieldKind.slot }, // R_X86_64_GOTPCRELX
  42: { kind: FieldKind.pc32, table: FieldKind.slot }, // R_X86_64_REX_GOTPCRELX
};
const arm64: Readonly<Record<number, Relocation>> = {
  257: { kind: FieldKind.abs64 }, // R_AARCH64_ABS64
  260: { kind: FieldKind.pc64 }, // R_AARCH64_PREL64
  261: { kind: FieldKind.pc32 }, // R_AARCH64_PREL32
  275: { kind: FieldKind.adrp }, // R_AARCH64_ADR_PREL_PG_HI21
  276: { kind: FieldKind.adrp }, // R_AARCH64_ADR_PREL_PG_HI21_NC
  277: { kind: FieldKind.add12 }, // R_AARCH64_ADD_ABS_LO12_NC
  278: { kind: FieldKind.load12 }, // R_AARCH64_LDST8_ABS_LO12_NC
  284: { kind: FieldKind.load12 + 1 },
  285: { kind: FieldKind.load12 + 2 },
  286: { kind: FieldKind.load12 + 3 },
  299: { kind: FieldKind.load12 + 4 },
  311: { kind: FieldKind.adrp, table: FieldKind.slot }, // R_AARCH64_ADR_GOT_PAGE
  312: { kind: FieldKind.load12 + 3, table: FieldKind.slot }, // R_AARCH64_LD64_GOT_LO12_NC
};
const machines: Readonly<Record<number, Readonly<Record<number, Relocation>>>> = {
  [EM_X86_64]: x64,
  [EM_AARCH64]: arm64,
};

const R_AARCH64_LD64_GOT_LO12_NC = 312;
const R_AARCH64_GLOB_DAT = 1025;
const R_AARCH64_RELATIVE = 1027;

interface Relocation {
  readonly kind: number;
  /** The field leads to a place in the table of addresses, unless the linker has made it lead to the variable itself. */
  readonly table?: number;
}

/** The fields of an image that lead to its variables, from the relocations that the linker left in it. */
export class Fields {
  readonly fields: ListedField[] = [];
  /** Why an image cannot be led elsewhere. */
  readonly refusals = new Set<string>();
  readonly #file: ElfFile;
  readonly #known: ImageVariables;
  readonly #kinds: Readonly<Record<number, Relocation>>;
  readonly #slots = new Map<number, number>();
  #armSlots: ReadonlyMap<number, number> | undefined;

  constructor(file: ElfFile, known: ImageVariables) {
    this.#file = file;
    this.#known = known;
    this.#kinds = machines[file.machine] ?? {};
  }

  read(table: ElfSection): void {
    const { bytes } = this.#file;
    for (const section of this.#file.sections) {
      if (!isLeftover(section) || section.link !== table.index) continue;
      const target = this.#file.sections[section.info];
      if (target === undefined || (target.flags & SHF_ALLOC) === 0 || target.type === SHT_NOBITS) continue;
      for (let at = section.offset; at + relocationSize <= section.offset + section.size; at += relocationSize) {
        const variable = this.#known.ofSymbol[bytes.readUInt32LE(at + 12)] ?? -1;
        if (variable === -1) continue;
        if (typeof variable === 'string') this.refusals.add(variable);
        else this.#add(target, this.#file.number(at), bytes.readUInt32LE(at + 8), this.#file.signed(at + 16), variable);
      }
    }
  }

  /** Two instructions find the place in the table: the linker may have made them find the variable itself. */
  #addSlot(section: ElfSection, place: number, type: number, variable: number): void {
    const { key, address } = this.#known.variables[variable] ?? { key: '?', address: 0 };
    this.#armSlots ??= slotsOf(this.#file);
    const slot = this.#armSlots.get(address);
    const instruction = this.#file.bytes.readUInt32LE(section.offset + place - section.address);
    const isLoad = (instruction & 0xffc00000) >>> 0 === 0xf9400000;
    if (slot === undefined || (type === R_AARCH64_LD64_GOT_LO12_NC && !isLoad))
      this.refusals.add(`${key} is reached in another way than it was compiled: link with -Wl,--no-relax`);
    else if (!this.#slots.has(slot)) {
      this.#slots.set(slot, variable);
      this.fields.push({ place: slot, kind: FieldKind.slot, variable, addend: 0 });
    }
  }

  #add(section: ElfSection, place: number, type: number, addend: number, variable: number): void {
    const found = this.#kinds[type];
    const { key, address } = this.#known.variables[variable] ?? { key: '?', address: 0 };
    if (type === 0) return;
    if (found === undefined || addend !== (addend | 0)) {
      this.refusals.add(
        `${key} is reached by a relocation of type ${type}, which is not known${hintFor(this.#file, type)}`,
      );
      return;
    }
    if (found.table === undefined) {
      this.fields.push({ place, kind: found.kind, variable, addend });
      return;
    }
    if (this.#file.machine === EM_AARCH64) {
      this.#addSlot(section, place, type, variable);
      return;
    }
    const distance = this.#file.bytes.readInt32LE(section.offset + place - section.address);
    const slot = place + distance - addend;
    if (found.table === FieldKind.slot && slot === address) {
      this.fields.push({ place, kind: found.kind, variable, addend });
      return;
    }
    const other = this.#slots.get(slot);
    if (other === undefined) {
      this.#slots.set(slot, variable);
      this.fields.push({ place: slot, kind: found.table, variable, addend: 0 });
    } else if (other !== variable && found.table !== FieldKind.tlsModule)
      this.refusals.add(`${key} shares a place in the table of addresses with another variable`);
  }
}

/** The places of an arm64 image's table of addresses, by the address that the loader writes there. */
function slotsOf(file: ElfFile): ReadonlyMap<number, number> {
  const slots = new Map<number, number>();
  const tables = file.sections.filter(({ name }) => name === '.got');
  for (const section of file.sections) {
    if (section.type !== SHT_RELA || (section.flags & SHF_ALLOC) === 0) continue;
    const symbols = file.sections[section.link];
    for (let at = section.offset; at + relocationSize <= section.offset + section.size; at += relocationSize) {
      const place = file.number(at);
      if (!tables.some(({ address, size }) => place >= address && place < address + size)) continue;
      const type = file.bytes.readUInt32LE(at + 8);
      const addend = file.signed(at + 16);
      if (type === R_AARCH64_RELATIVE) slots.set(addend, place);
      if (type !== R_AARCH64_GLOB_DAT || symbols === undefined) continue;
      slots.set(file.number(symbols.offset + file.bytes.readUInt32LE(at + 12) * symbolSize + 8) + addend, place);
    }
  }
  return slots;
}

/** Whether a section holds relocations that are for us, and not for the loader. */
export function isLeftover({ type, flags, info }: ElfSection): boolean {
  return type === SHT_RELA && (flags & SHF_ALLOC) === 0 && info !== 0;
}

function hintFor({ machine }: ElfFile, type: number): string {
  if (machine === EM_X86_64 && (type === 22 || type === 23)) return ': it is built with -ftls-model=initial-exec';
  if (machine === EM_X86_64 && type >= 34 && type <= 36) return ': it is built with -mtls-dialect=gnu2';
  if (machine === EM_AARCH64 && type >= 512 && type < 600) return ': thread-local variables are not kept on arm64';
  return '';
}
