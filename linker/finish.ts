import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { finishImage } from '../artifact/statics/finish.ts';

/** Set to anything where a build runs, it says that the builder does the work of `finishFile` itself: a process less. */
export const finishesHere = 'VAIS_REMOTE_FINISHES';

/**
 * Makes a library that was linked with the relocations of its variables one with a list of them. `to` appears whole.
 *
 * @throws VaisError `image_invalid`, and Error of the file system
 */
export function finishFile(from: string, to: string): void {
  const image = readFileSync(from);
  const finished = finishImage(image);
  if (finished === image) {
    if (from !== to) renameSync(from, to);
    return;
  }
  const { mode } = statSync(from);
  const aside = from === to ? `${from}.finished` : from;
  writeFileSync(aside, finished);
  chmodSync(aside, mode);
  renameSync(aside, to);
}
