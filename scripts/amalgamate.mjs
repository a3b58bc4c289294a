// Writes the runtime as two files, hot.c and hot.h, for programs that want to compile it with their own:
// node scripts/amalgamate.mjs [FOLDER], by default dist/c. Names that two of the runtime's files use for themselves get
// their file's name in front; macros of one file end with it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runtime = join(root, 'runtime');

/** The runtime's sources as one. */
function amalgamate() {
  const names = readdirSync(runtime).filter((name) => name.endsWith('.c'));
  const files = names.sort().map((name) => ({ name, tokens: lex(readFileSync(join(runtime, name), 'utf8')) }));
  const owners = new Map();
  for (const file of files) {
    file.own = ownNames(file.tokens);
    for (const name of file.own.names) owners.set(name, [...(owners.get(name) ?? []), file.name]);
  }
  const included = new Set(['hot.h']);
  const parts = files.map((file) => {
    const prefix = file.name.replace(/\.c$/, '');
    const text = file.tokens
      .map((token, at) => {
        const clashes = token.kind === 'word' && file.own.names.has(token.text) && owners.get(token.text).length > 1;
        return clashes && !isMember(file.tokens, at) ? `${prefix}_${token.text}` : token.text;
      })
      .join('');
    const undone = [...file.own.macros].map((macro) => `#undef ${macro}\n`).join('');
    return `\n/* ==== ${file.name} ==== */\n${inline(text, included)}${undone}`;
  });
  return `/* hot.c: the hot runtime in one file, made by scripts/amalgamate.mjs. hot.h is its manual.
 * cc -c hot.c, and link it with the program: -lpthread -ldl -lm. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#undef _FORTIFY_SOURCE /* it takes the jump from the signal stack to the thread's for a mistake */
#include "hot.h"
#ifdef __cplusplus
extern "C" { /* a C++ compiler takes it, too: the assembly in it wants plain names */
#endif
${parts.join('')}#ifdef __cplusplus
}
#endif
`;
}

/** Puts the runtime's own headers in place of what includes them, each once. */
function inline(text, included) {
  return text.replace(/^#include "(\w+\.h)".*\n/gm, (_, name) => {
    if (included.has(name)) return '';
    included.add(name);
    return inline(readFileSync(join(runtime, name), 'utf8'), included);
  });
}

/** Comments, strings, preprocessor lines' first words, words, and the rest. */
function lex(text) {
  const pattern =
    /(\/\*[\s\S]*?\*\/|\/\/[^\n]*)|("(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*')|(#\s*include[^\n]*)|([A-Za-z_]\w*)|(\s+)|([\s\S])/g;
  const kinds = ['comment', 'string', 'include', 'word', 'space', 'mark'];
  return [...text.matchAll(pattern)].map((match) => ({
    kind: kinds[match.slice(1).findIndex((group) => group !== undefined)],
    text: match[0],
  }));
}

function isMember(tokens, at) {
  const [before, last] = [tokens[at - 1], tokens[at - 2]];
  return before?.text === '.' || (before?.text === '>' && last?.text === '-');
}

/** What a file declares for itself: static functions and variables, tags, types, enumerators; and its macros. */
function ownNames(all) {
  const names = new Set();
  const macros = new Set();
  const tokens = [];
  for (let at = 0; at < all.length; at++) {
    const token = all[at];
    if (token.text === '#' && /(^|\n)[ \t]*$/.test(all[at - 1]?.text ?? '\n')) {
      const words = [];
      for (
        ;
        at < all.length && !(all[at].kind === 'space' && all[at].text.includes('\n') && all[at - 1].text !== '\\');
        at++
      )
        if (all[at].kind === 'word') words.push(all[at].text);
      if (words[0] === 'define') macros.add(words[1]);
      continue;
    }
    if (token.kind === 'word' || token.kind === 'mark' || token.kind === 'string') tokens.push(token);
  }
  for (let at = 0; at < tokens.length; ) at = declaration(tokens, at, names);
  return { names, macros };
}

/** One declaration or definition at file level; returns where the next one begins. */
function declaration(tokens, start, names) {
  let at = start;
  let last = '';
  let isOwn = false;
  let named = false;
  for (let depth = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at];
    if (text === 'static' || text === 'typedef') isOwn = true;
    if ((text === 'struct' || text === 'enum') && depth === 0) {
      const tag = tokens[at + 1]?.kind === 'word' ? tokens[at + 1].text : '';
      const body = tokens[at + (tag === '' ? 1 : 2)]?.text === '{';
      if (tag !== '' && body) names.add(tag);
      if (body) {
        const end = closing(tokens, at + (tag === '' ? 1 : 2));
        if (text === 'enum') enumerators(tokens.slice(at + (tag === '' ? 2 : 3), end), names);
        at = end;
        continue;
      }
    }
    if (text === '(' || text === '{' || text === '[') {
      const pointed =
        text === '(' && tokens[at + 1]?.text === '*'
          ? tokens.slice(at, at + 5).find((t) => t.kind === 'word')
          : undefined;
      if (pointed !== undefined && isOwn && !named) {
        names.add(pointed.text);
        named = true;
      }
      const wasFunction = text === '(' && last !== '' && isOwn && !named && last !== '__attribute__';
      if (wasFunction && tokens[start].text !== 'typedef') {
        names.add(last);
        named = true;
      } else if (text === '[' && isOwn && !named) {
        names.add(last);
        named = true;
      }
      const end = closing(tokens, at);
      if (text === '{' && (named || tokens[at - 1]?.text === ')') && tokens[end + 1]?.text !== ';') return end + 1;
      at = end;
      continue;
    }
    if ((text === '=' || text === ',' || text === ';') && isOwn && last !== '' && !named) names.add(last);
    if (text === '=') named = true;
    if (text === ',' && isOwn) named = false;
    if (text === ';') return at + 1;
    if (kind === 'word') last = text;
  }
  return at;
}

function closing(tokens, at) {
  let depth = 0;
  for (; at < tokens.length; at++) {
    if ('([{'.includes(tokens[at].text)) depth++;
    if (')]}'.includes(tokens[at].text) && --depth === 0) return at;
  }
  return at;
}

function enumerators(tokens, names) {
  tokens.forEach(({ kind, text }, at) => {
    if (kind === 'word' && (at === 0 || tokens[at - 1].text === ',')) names.add(text);
  });
}

/** Writes hot.c and hot.h into a folder. */
export function writeAmalgamation(folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hot.c'), amalgamate());
  copyFileSync(join(runtime, 'hot.h'), join(folder, 'hot.h'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeAmalgamation(process.argv[2] ?? join(root, 'dist', 'c'));
