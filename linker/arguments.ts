import { readFileSync } from 'node:fs';

/** What we have to know of a linker's command line. */
export interface LinkerArguments {
  /** With the content of response files in their place. */
  readonly words: readonly string[];
  /** Which of the words are files to link. */
  readonly inputs: ReadonlySet<number>;
  readonly output: string;
  /** Whether the result is a shared library. */
  readonly shared: boolean;
  readonly lto: boolean;
  /** `-m`: what the result is for. */
  readonly emulation: string | undefined;
}

/** Options whose value is the next word. */
const withValue = new Set([
  '-o',
  '-m',
  '-L',
  '-l',
  '-z',
  '-h',
  '-soname',
  '-e',
  '-u',
  '-T',
  '-y',
  '-I',
  '-dynamic-linker',
  '--dynamic-linker',
  '-rpath',
  '--rpath',
  '-rpath-link',
  '--rpath-link',
  '-plugin',
  '--plugin',
  '-Map',
  '--version-script',
  '--dynamic-list',
  '--defsym',
  '--sysroot',
  '-init',
  '-fini',
  '-a',
  '-A',
  '-b',
  '-F',
  '-f',
  '-G',
  '-R',
]);

/** Reads what a compiler gives its linker. */
export function readArguments(given: readonly string[]): LinkerArguments {
  const words = given.flatMap((word) => (word.startsWith('@') ? responseFile(word) : [word]));
  const inputs = new Set<number>();
  let output = 'a.out';
  let shared = false;
  let relocatable = false;
  let lto = false;
  let emulation: string | undefined;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '-o' || word === '-m') {
      index += 1;
      if (word === '-o') output = words[index] ?? output;
      else emulation = words[index];
    } else if (withValue.has(word)) index += 1;
    else if (word === '-shared' || word === '--shared' || word === '-Bshareable') shared = true;
    else if (word === '-r' || word === '--relocatable' || word === '-i') relocatable = true;
    else if (word.startsWith('--output=')) output = word.slice('--output='.length);
    else if (/^-?-plugin-opt=O\d|^--lto-/.test(word)) lto = true;
    else if (/^-m[a-z]/.test(word)) emulation = word.slice(2);
    else if (!word.startsWith('-')) inputs.add(index);
  }
  return { words, inputs, output, shared: shared && !relocatable, lto, emulation };
}

function responseFile(word: string): string[] {
  let text: string;
  try {
    text = readFileSync(word.slice(1), 'utf8');
  } catch {
    return [word];
  }
  return readArguments(splitWords(text)).words.slice();
}

/** Words as gcc writes them: blanks and backslashes are escaped, and quotes may stand around them. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const [whole] of text.matchAll(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s\\"'])+/g))
    words.push(
      whole.replace(
        /\\([\s\S])|"((?:\\[\s\S]|[^"\\])*)"|'([^']*)'/g,
        (_, one, double, single) => one ?? double?.replace(/\\([\s\S])/g, '$1') ?? single ?? '',
      ),
    );
  return words;
}
