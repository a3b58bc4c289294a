import { readFile } from 'node:fs/promises';
import type { Place } from '../../artifact/contract/contract.ts';
import { formatContract } from '../../artifact/contract/format.ts';
import { readImage } from '../../artifact/contract/image.ts';
import { VaisError } from '../../common/error.ts';
import type { Terminal } from './terminal.ts';

/** `vaisc contract FILE [--json]`: what a built library promises, read from its bytes without running it. */
export async function contractCommand(file: string, json: boolean, terminal: Terminal): Promise<number> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new VaisError('usage', `\`${file}\` cannot be read`, {
      hint: 'Name a library that `vaisc build --hot` wrote.',
      cause,
    });
  });
  const { contract, format, size, digest } = readImage(bytes);
  if (json) {
    terminal.write(`${formatContract(contract).join('\n')}\n`);
    return 0;
  }
  const at = (place: Place | undefined): string =>
    place === undefined ? '' : `  (${place.file}:${place.line}:${place.column})`;
  const lines = [
    `module ${contract.module} of ${contract.source}, for ${contract.triple}, tier ${contract.tier}`,
    `  ${format}, ${size} bytes, sha256 ${digest}`,
    `  build ${contract.buildId} by ${contract.compiler}`,
  ];
  for (const one of contract.functions) lines.push(`function ${one.name}: ${one.type}${at(one.at)}`);
  for (const one of contract.structs) {
    lines.push(
      `struct ${one.name}: ${one.size} bytes, aligned to ${one.align}${one.held ? ', held by the program' : ''}${at(one.at)}`,
    );
    for (const field of one.fields) lines.push(`  ${String(field.offset).padStart(4)}  ${field.name}: ${field.type}`);
  }
  for (const one of contract.globals) lines.push(`global ${one.name}: ${one.type}, ${one.size} bytes${at(one.at)}`);
  terminal.write(`${lines.join('\n')}\n`);
  return 0;
}
