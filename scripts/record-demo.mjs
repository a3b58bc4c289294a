// Records `vais-remote demo` in a terminal and draws what it showed as an animated SVG, for the README.
// Needs util-linux's `script`. Usage: node scripts/record-demo.mjs [OUTPUT]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = process.argv[2] ?? join(root, 'docs', 'demo.svg');
const [columns, rows] = [84, 30];
const [charWidth, lineHeight, margin] = [8.4, 18, 16];
/** Longer pauses say nothing to a reader. */
const longestPause = 0.7;
/** How long the last screen stays, in seconds. */
const rest = 4;
const esc = String.fromCharCode(27);
const colors = { 31: '#e5534b', 32: '#57ab5a', 33: '#c69026', 36: '#39c5cf' };

/** The demo's output, as pieces of text with the seconds from one to the next. */
function record() {
  const folder = mkdtempSync(join(tmpdir(), 'vais-demo-'));
  const [text, times] = [join(folder, 'text'), join(folder, 'times')];
  const demo = `stty cols ${columns} rows ${rows}; exec ${process.execPath} ${join(root, 'dist', 'cli', 'main.js')} demo`;
  const { status } = spawnSync('script', ['-qefc', demo, '--log-out', text, '--log-timing', times], {
    stdio: 'ignore',
    env: { ...process.env, TERM: 'xterm-256color', COLUMNS: String(columns), LINES: String(rows) },
  });
  if (status !== 0) throw new Error(`the demo ended with exit code ${status}`);
  const bytes = readFileSync(text);
  const pieces = [];
  let at = bytes.indexOf('\n') + 1; // `script` writes a line of its own first.
  for (const line of readFileSync(times, 'utf8').trim().split('\n')) {
    const [wait, size] = line.split(' ').map(Number);
    pieces.push({ wait: Math.min(wait, longestPause), text: bytes.subarray(at, at + size).toString() });
    at += size;
  }
  rmSync(folder, { recursive: true });
  return pieces;
}

/** Control sequences, else characters. */
const tokens = new RegExp(`${esc}\\[[0-9;?]*[A-Za-z]|.`, 'gsu');

/** A terminal that knows what the demo writes: lines, returns, erasing to a line's end, colors. */
class Screen {
  #lines = [[]];
  #column = 0;
  #style = '';

  write(text) {
    for (const [token] of text.matchAll(tokens)) {
      const line = this.#lines.at(-1);
      if (token === '\n') this.#lines.push([]);
      else if (token === '\r') this.#column = 0;
      else if (token.endsWith('K') && token.length > 1) line.length = this.#column;
      else if (token.endsWith('m') && token.length > 1) this.#restyle(token.slice(2, -1));
      else if (token.length > 1 && token.startsWith(esc)) continue;
      else line[this.#column++] = { char: token, style: this.#style };
      if (token === '\n') this.#column = 0;
    }
  }

  #restyle(codes) {
    for (const code of codes.split(';')) {
      if (code in colors) this.#style = `${this.#style.replace(/ ?c\d+/, '')} c${code}`;
      else if (code === '1') this.#style += ' b';
      else if (code === '2') this.#style += ' d';
      else if (code === '22') this.#style = this.#style.replace(/ [bd]/g, '');
      else if (code === '39') this.#style = this.#style.replace(/ c\d+/, '');
      else if (code === '0' || code === '') this.#style = '';
    }
  }

  /** The last rows as SVG text. */
  draw() {
    return this.#lines
      .slice(-rows)
      .map((line, row) => drawLine(line, margin + (row + 1) * lineHeight))
      .join('');
  }
}

function drawLine(line, y) {
  const spans = [];
  for (const cell of Array.from(line, (each) => each ?? { char: ' ', style: '' })) {
    if (spans.at(-1)?.style === cell.style) spans.at(-1).text += cell.char;
    else spans.push({ style: cell.style, text: cell.char });
  }
  if (spans.every(({ text }) => text.trim() === '')) return '';
  const quote = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const inner = spans
    .map(({ style, text }) => (style === '' ? quote(text) : `<tspan class="${style.trim()}">${quote(text)}</tspan>`))
    .join('');
  return `<text x="${margin}" y="${y}">${inner}</text>`;
}

/** What is shown from when on, in seconds; what comes within a frame is one picture. */
function film(pieces) {
  const screen = new Screen();
  screen.write(`${esc}[2m$${esc}[22m npx vais-remote demo\n`);
  const frames = [{ at: 0, picture: screen.draw() }];
  let now = 0.8;
  for (const { wait, text } of pieces) {
    now += wait;
    screen.write(text);
    const last = frames.at(-1);
    const picture = screen.draw();
    if (now - last.at < 0.08) last.picture = picture;
    else if (picture !== last.picture) frames.push({ at: now, picture });
  }
  return { frames, seconds: now + rest };
}

function render({ frames, seconds }) {
  const [width, height] = [Math.round(columns * charWidth + 2 * margin), rows * lineHeight + 2 * margin];
  const share = (time) => `${((100 * time) / seconds).toFixed(2)}%`;
  const rules = frames.map(({ at }, index) => {
    const until = frames[index + 1]?.at ?? seconds;
    const end = until === seconds ? '' : `${share(until)},100%{opacity:0}`;
    const steps = `${at === 0 ? '' : '0%{opacity:0}'}${share(at)}{opacity:1}${end}`;
    return `@keyframes f${index}{${steps}}#f${index}{animation:f${index} ${seconds.toFixed(1)}s step-end infinite}`;
  });
  const palette = Object.entries(colors).map(([code, color]) => `.c${code}{fill:${color}}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>vais-remote demo: a program changes while it runs</title>',
    `<style>text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#adbac7;white-space:pre}`,
    `g{opacity:0}.b{font-weight:bold;fill:#cdd9e5}.d{opacity:.6}${palette.join('')}`,
    // Where nothing may move, the last picture stands alone.
    `@media (prefers-reduced-motion:no-preference){${rules.join('')}}`,
    `@media (prefers-reduced-motion:reduce){#f${frames.length - 1}{opacity:1}}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="#1c2128"/>`,
    ...frames.map(({ picture }, index) => `<g id="f${index}">${picture}</g>`),
    '</svg>\n',
  ].join('\n');
}

writeFileSync(output, render(film(record())));
