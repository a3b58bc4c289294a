/**
 * `linker/` stands in for the linker when a library is built with our flags, so that its variables keep their values and
 * addresses when it is loaded anew; and it knows these flags. gcc and clang find it by `-B`. It may import `artifact/statics`
 * and `common/`.
 *
 * This file: `main.js FROM TO`, as ld.c calls it when the library is linked.
 */
import { VaisError } from '../common/error.ts';
import { finishFile } from './finish.ts';

const [from = '', to = from] = process.argv.slice(2);
try {
  finishFile(from, to);
} catch (error) {
  const { message, hint } = VaisError.from(error);
  process.stderr.write(`vais-remote: the variables of ${to} cannot be listed: ${message}\n${hint}\n`);
  process.exitCode = 1;
}
