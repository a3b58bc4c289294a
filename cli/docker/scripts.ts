/**
 * What is run in a container by the Node that is there, or was brought: `node -e SCRIPT ARGUMENT…`. No shell is needed, and
 * nothing is fetched.
 */

/** `FROM TO`: gives a folder that is whole its name; when there is one of that name already, that stays. */
export const settleScript = `
const fs = require('node:fs'), { argv: [, from, to] } = require('node:process');
try { fs.renameSync(from, to); }
catch (error) { if (!fs.existsSync(to)) throw error; fs.rmSync(from, { recursive: true, force: true }); }`;

/** `FOLDER`: unpacks a tar of plain files and folders from standard input. */
export const unpackScript = `
const fs = require('node:fs'), path = require('node:path'), { argv: [, folder] } = require('node:process');
const tar = fs.readFileSync(0);
const text = (at, length) => tar.toString('utf8', at, at + length).replace(/\\0.*$/s, '');
for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
  const size = parseInt(text(at + 124, 12), 8) || 0, mode = parseInt(text(at + 100, 8), 8);
  const prefix = text(at + 345, 155), name = text(at, 100), to = path.join(folder, prefix, name);
  if (tar[at + 156] === 53) fs.mkdirSync(to, { recursive: true, mode });
  else fs.writeFileSync(to, tar.subarray(at + 512, at + 512 + size), { mode });
  at += 512 + Math.ceil(size / 512) * 512;
}`;

/** `TOP LINK`: ends the agent that runs from the folder, and removes what it wrote. For the user that it runs as. */
export const endScript = `
const fs = require('node:fs'), path = require('node:path'), { argv: [, top, link], kill, pid, exit } = require('node:process');
const agents = () => fs.readdirSync('/proc').map(Number).filter((each) => {
  if (!(each > 0) || each === pid) return false;
  try { return fs.readFileSync('/proc/' + each + '/cmdline', 'utf8').split('\\0')
    .some((word) => word.startsWith(top + '/') && word.endsWith('/dist/agent/bin.js')); } catch { return false; }
});
const tell = (signal) => { for (const each of agents()) try { kill(each, signal); } catch {} };
(async () => {
  tell('SIGTERM');
  for (let i = 0; i < 150 && agents().length > 0; i += 1) await new Promise((done) => setTimeout(done, 100));
  tell('SIGKILL');
  const data = path.join(top, 'data');
  for (const name of fs.readdirSync(data)) fs.rmSync(path.join(data, name), { recursive: true, force: true, maxRetries: 20 });
  fs.rmSync(link + '.lock', { force: true });
  try { fs.rmdirSync(path.dirname(link)); } catch {}
})().catch((error) => { console.error(error.message); exit(1); });`;

/**
 * `TOP`: removes the folder, and gives the folder above the time that it had before. For the owner of both. The agent's own
 * folder in it is empty by now, and is removed without a look into it, which an owner without capabilities does not have.
 */
export const removeScript = `
const fs = require('node:fs'), path = require('node:path'), { argv: [, top], exit } = require('node:process');
let time;
try { time = new Date(JSON.parse(fs.readFileSync(path.join(top, 'notes.json'), 'utf8')).mtime); } catch {}
try { fs.rmdirSync(path.join(top, 'data')); } catch {}
try { fs.rmSync(top, { recursive: true, force: true }); } catch (error) { console.error(error.message); exit(1); }
try { if (time) fs.utimesSync(path.dirname(top), time, time); } catch {}`;
