// A Node program that holds the state of a ball, and lets game.vais say how it moves.
import { fileURLToPath } from 'node:url';
import { HotReloadConfig, HotReloader } from 'vais-remote';

const source = process.argv[2] ?? fileURLToPath(new URL('game.vais', import.meta.url));
const reloader = new HotReloader(new HotReloadConfig(source).withDebounce(50));
reloader.setReloadCallback((path, version) => console.log(`reloaded ${path}: version ${version}`));
reloader.setErrorCallback((error) => console.error(`${error.message}\n  help: ${error.hint}`));
await reloader.start();

// The signature and the fields are what this program is written for; a source that has others is refused.
const update = reloader.getFunction('update', 'fn(*Ball, f64) -> i64');
const ball = reloader.createStruct('Ball', { frame: 'i64', x: 'f64', y: 'f64', dx: 'f64' });
ball.dx = 1;
ball.y = 5;

const frame = setInterval(() => {
  reloader.check(); // The only place where code is exchanged.
  const bounces = update(ball, 1 / 60);
  if (ball.frame % 30n === 0n) {
    console.log(`frame ${ball.frame}: x ${ball.x.toFixed(2)}, y ${ball.y.toFixed(2)}, ${bounces} bounces`);
  }
}, 1000 / 60);

async function end() {
  clearInterval(frame);
  await reloader.close();
}
process.once('SIGINT', end);
process.stdout.once('error', end); // Whoever read this has gone, as in `| head`.
