#!/usr/bin/env node
import { vaisc } from './command/command-line.ts';

// The only edge of this room: argv, signals and the exit code are handled here and nowhere else.
const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  // Not `once`: while it writes, write-file-atomic listens too, and ends the process where it is the only one.
  process.on(name, () => {
    if (abort.signal.aborted) process.exit(130); // A second Ctrl-C ends the process the hard way.
    abort.abort();
  });
}
// Where files may only have a certain size (`ulimit -f`), a write fails then and says so. Not on Windows.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);
// `vaisc … | head` has read enough: that is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
process.exitCode = await vaisc(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  read: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  },
  color: process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined,
  signal: abort.signal,
});
