/** A program that never calls hot_init, as those of the guide: it follows the library beside it all the same. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiled, workFolder } from './support/work.ts';

const work = workFolder();
const program = (answer: number, more = ''): string => `
#[hot]
F answer() -> i64 { ${answer} }
F main(argc: i64, argv: **i8) -> i64 {
    got := 1
    passes := 0
    ${more}
    L got == 1 && (argc == 1 || passes < 300) {
        got = answer()
        passes = passes + 1
        usleep(5000)
    }
    got
}
`;

/** Starts the program in a folder of its own, builds another answer beside it, and waits for the exit code. */
async function run(
  name: string,
  given: { mode?: number; env?: Record<string, string>; text?: string; patient: boolean },
) {
  const folder = join(work, name);
  mkdirSync(folder);
  const build = (kind: 'program' | 'image', text: string) =>
    compiled({
      file: join(folder, 'game.vais'),
      text,
      kind,
      output: join(folder, kind === 'image' ? 'libgame.so' : 'game'),
    });
  await build('program', given.text ?? program(1));
  chmodSync(folder, given.mode ?? 0o755);
  const child = spawn(join(folder, 'game'), given.patient ? [] : ['soon'], {
    env: { XDG_RUNTIME_DIR: folder, ...given.env }, // No agent's default link is there.
    stdio: 'inherit',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await build('image', program(42));
  return ended;
}

describe('a program that does not call hot_init', () => {
  it('takes up the library beside it', async () => {
    expect(await run('plain', { patient: true })).toBe(42);
  });

  it('does not where anybody may put one', async () => {
    expect(await run('open', { patient: false, mode: 0o1777 })).toBe(1);
  });

  it('does not when it was told of an agent, nor when it says itself what to follow', async () => {
    expect(await run('told', { patient: false, env: { VAIS_HOT_LINK: '/nowhere/link.sock' } })).toBe(1);
    expect(await run('itself', { patient: false, text: program(1, 'hot_init("./other/game.vais")') })).toBe(1);
  });
});
