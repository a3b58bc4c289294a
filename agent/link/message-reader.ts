import { type LinkLine, maxLineBytes, parseLine } from './message.ts';

/** Cuts the bytes of a link into lines. */
export class LineReader {
  #rest = Buffer.alloc(0);

  /** The whole lines that these bytes complete, up to the first one that breaks the form. */
  push(bytes: Buffer): { lines: LinkLine[]; complaint?: string } {
    let buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const lines: LinkLine[] = [];
    for (let end = buffer.indexOf(0x0a); end >= 0; end = buffer.indexOf(0x0a)) {
      if (end + 1 > maxLineBytes) return { lines, complaint: `a line of over ${maxLineBytes} bytes` };
      const line = parseLine(buffer.toString('utf8', 0, end));
      if (line === undefined) return { lines, complaint: 'a line that is not a verb and key=value pairs' };
      lines.push(line);
      buffer = buffer.subarray(end + 1);
    }
    if (buffer.length >= maxLineBytes) return { lines, complaint: `a line of over ${maxLineBytes} bytes` };
    this.#rest = Buffer.from(buffer);
    return { lines };
  }
}
