import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from '../runtime/harness.ts';

/** Another build of an image, made by writing another build id into it: thousands of them cost no compiler. */
export function variantOf(image: Image, count: number, folder: string): Image {
  const build = count.toString(16).padStart(32, 'e');
  const text = readFileSync(image.path, 'latin1').replaceAll(image.build, build);
  const bytes = Buffer.from(text, 'latin1');
  const path = join(folder, `v${count}.so`);
  writeFileSync(path, bytes);
  return { path, build, size: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') };
}
