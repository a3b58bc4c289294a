/** A program that the agent starts, and starts again when it dies. */
export interface RunOrder {
  readonly name: string;
  /** A program with its arguments, or a shell command. */
  readonly command: string;
}

/** How a command is started. */
export interface Invocation {
  readonly file: string;
  readonly args: string[];
  readonly shell: boolean;
}

/** Reads `NAME=COMMAND`. */
export function parseRunOrder(text: string): RunOrder | undefined {
  const equals = text.indexOf('=');
  const [name, command] = [text.slice(0, equals), text.slice(equals + 1)];
  return equals > 0 && command.trim() !== '' ? { name, command } : undefined;
}

/**
 * A command of plain words is started as it is: an image without a shell can run it, and no shell stands between the
 * agent and how the program ended. Anything else is for the shell.
 */
export function invocationOf(command: string): Invocation {
  const words = command.trim().split(/ +/);
  const [file = '', ...args] = words;
  const isWindows = process.platform === 'win32';
  const plain = words.every((word) => (isWindows ? /^[\w./\\:@+,=-]+$/ : /^[\w./:@%+,=-]+$/).test(word));
  // A path, since a bare word may be a builtin of the shell; and no assignment, as in `A=1 ./game`.
  if (plain && (isWindows ? /[\\/]/ : /\//).test(file) && !file.includes('=')) return { file, args, shell: false };
  return { file: command, args: [], shell: true };
}
