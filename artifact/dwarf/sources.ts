import { posix, win32 } from 'node:path';
import { DebugBytes } from './bytes.ts';
import type { DebugInfo } from './debug-info.ts';
import { damagedDebug } from './debug-sections.ts';
import { At, Form, lengthOf } from './numbers.ts';
import { skipValue } from './skip.ts';
import type { Unit } from './unit.ts';

const DW_LNCT_path = 1;
const DW_LNCT_directory = 2;
const mostFiles = 1 << 20;

/** What the line table of a unit says of its sources. */
export interface Sources {
  /** The folder that it was compiled in; empty where the table does not say. */
  readonly folder: string;
  /** By their numbers. */
  readonly files: readonly string[];
}

/**
 * The source files of a unit by their numbers, each as the compiler knew it, relative ones from where it was started: the
 * head of the unit's line table. Empty for a unit that has none.
 */
export function readSources(info: DebugInfo, unit: Unit): Sources {
  const offset = unit.root.sectionOffset(At.statementList);
  if (offset === undefined) return { folder: '', files: [] };
  const section = new DebugBytes(info.sections.get('line'), '.debug_line');
  const wide = section.unsigned(offset, 4) === 0xffffffff;
  const body = offset + (wide ? 12 : 4);
  const version = section.unsigned(body, 2);
  const offsetSize = wide ? 8 : 4;
  if (version === 5) {
    const head = body + 4 + offsetSize; // after version, two sizes and the header's length
    const opcodes = section.unsigned(head + 5, 1);
    return readTables(info, section, head + 5 + opcodes, { offsetSize, addressSize: unit.addressSize });
  }
  if (version < 2 || version > 4) return { folder: '', files: [] };
  const head = body + 2 + offsetSize + (version === 4 ? 5 : 4);
  return { folder: '', files: readOldTables(section, head + section.unsigned(head, 1)) };
}

/** Version 5: folders and files, each a table whose form it says itself. */
function readTables(
  info: DebugInfo,
  section: DebugBytes,
  from: number,
  sizes: { readonly offsetSize: number; readonly addressSize: number },
): Sources {
  let at = from;
  const readTable = (): { path: string; folder: number }[] => {
    const columns = Array.from({ length: section.unsigned(at, 1) }, (_, index) => {
      const kind = section.leb(index === 0 ? at + 1 : section.next);
      return { kind, form: section.leb(section.next) };
    });
    const count = section.leb(columns.length === 0 ? at + 1 : section.next);
    at = section.next;
    if (count > mostFiles || (columns.length === 0 && count > 0)) throw damagedDebug(`${count} files in .debug_line`);
    return Array.from({ length: count }, () => {
      let path = '';
      let folder = 0;
      for (const { kind, form } of columns) {
        const length = lengthOf(form, sizes.offsetSize, sizes.addressSize);
        if (length === undefined) throw damagedDebug(`the unknown form ${form} in .debug_line`);
        if (kind === DW_LNCT_path) path = pathOf(info, section, form, at, sizes.offsetSize);
        if (kind === DW_LNCT_directory) folder = form === Form.udata ? section.leb(at) : section.unsigned(at, length);
        at = skipValue(section, length, at, sizes);
      }
      return { path, folder };
    });
  };
  const folders = readTable().map(({ path }) => path);
  const [base = ''] = folders;
  const files = readTable().map(({ path, folder }) => joined(joined(path, folders[folder] ?? ''), base));
  return { folder: base, files };
}

function pathOf(info: DebugInfo, section: DebugBytes, form: number, at: number, offsetSize: number): string {
  if (form === Form.string) return section.text(at);
  if (form === Form.lineStrp) return info.lineStrings.text(section.unsigned(at, offsetSize));
  return form === Form.strp ? info.strings.text(section.unsigned(at, offsetSize)) : '';
}

/** Versions 2 to 4: texts, the first of each list having the number 1. */
function readOldTables(section: DebugBytes, from: number): string[] {
  let at = from;
  const folders = [''];
  for (let text = section.text(at); text !== ''; text = section.text(at)) {
    folders.push(text);
    at = section.endOfText(at) + 1;
  }
  at += 1;
  const files = [''];
  for (let text = section.text(at); text !== ''; text = section.text(at)) {
    const folder = section.leb(section.endOfText(at) + 1);
    section.leb(section.next);
    section.leb(section.next);
    at = section.next;
    files.push(joined(text, folders[folder] ?? ''));
  }
  return files;
}

function joined(path: string, folder: string): string {
  return folder === '' || posix.isAbsolute(path) || win32.isAbsolute(path) ? path : `${folder}/${path}`;
}
