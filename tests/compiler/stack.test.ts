import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compiled, runProgram, ways, workFolder } from './support/work.ts';

const work = workFolder();
const source = `@[extern "C"] F fopen(path: str, mode: str) -> i64
#[hot]
F answer() -> i64 = 42
F stack() {
    file := fopen("/proc/self/maps", "r")
    line: [i8; 512] = [0; 512]
    L fgets(&line[0] as i64, 512, file) as i64 != 0 {
        I strstr(&line[0] as i64 as str, "[stack]") as i64 != 0 { printf("%s", &line[0]) }
    }
}
F main() -> i64 {
    hot_init("./game.vais")
    hot_reload()
    printf("%d %d\\n", hot_version() > 1, answer())
    stack()
    0
}
`;

// A loader makes the stacks of a program executable for a library that does not say it needs none, or refuses it.
it('leaves the stack of the program as it is, whatever built the image', async () => {
  const file = join(work, 'game.vais');
  const program = join(work, 'program');
  const library = join(work, 'libgame.so');
  await compiled({ file, text: source, kind: 'program', output: program, compiler: 'gcc' });
  await writeFile(file, source);
  for (const compiler of new Set(ways.map((way) => way.compiler))) {
    const tier = compiler === 'tcc' ? 'fast' : 'optimized';
    for (const debug of [false, true]) {
      await compiled({ file, text: source, kind: 'image', compiler, tier, debug, output: library });
      const { output } = await runProgram(program, [], work);
      expect(output, `${compiler}${debug ? ' -g' : ''}`).toMatch(/^1 42\n\S+ rw-p .*\[stack\]\n$/);
      expect(execFileSync('readelf', ['-lW', library], { encoding: 'utf8' })).toMatch(/GNU_STACK .* RW /);
    }
  }
});
