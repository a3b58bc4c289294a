/**
 * `linker/` stands in for the linker when a library is built with our flags, so that its variables keep their values and
 * addresses when it is loaded anew. gcc and clang find it by `-B`. It may import `artifact/statics` and `common/`.
 *
 * This file: `main.js NAME ARG…`, as `linker/bin/NAME ARG…` calls it.
 */
import { VaisError } from '../common/error.ts';
import { link } from './link.ts';

const [name = 'ld', ...given] = process.argv.slice(2);
try {
  process.exitCode = link(name, given, process.env);
} catch (error) {
  const known = VaisError.from(error);
  process.stderr.write(`vais-remote ${name}: ${known.message}\n${known.hint}\n`);
  process.exitCode = 1;
}
