// For Node on Windows: joins a named pipe, which programs dial there, with a TCP port, where a test plays their agent.
// Usage: node pipe-to-port.mjs PIPE PORT
import { createConnection, createServer } from 'node:net';

const [pipe, port] = process.argv.slice(2);
createServer((program) => {
  const agent = createConnection(Number(port), '127.0.0.1');
  for (const [from, to] of [
    [program, agent],
    [agent, program],
  ]) {
    from.pipe(to);
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
  }
}).listen(pipe, () => process.stdout.write('listening\n'));
