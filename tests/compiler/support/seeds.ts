import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/package-root.ts';

/** All Vais that we have: what mutations start from. */
export function seeds(): { name: string; text: string }[] {
  return ['tests/compiler/programs', 'tests/compiler/corpus', 'examples', 'std'].flatMap((folder) =>
    readdirSync(join(packageRoot, folder))
      .filter((name) => name.endsWith('.vais'))
      .map((name) => ({ name, text: readFileSync(join(packageRoot, folder, name), 'utf8') })),
  );
}
