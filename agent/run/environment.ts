/** What a program needs of where it runs, and what has no secrets in it. On Windows nothing starts without the last ones. */
const usual =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TERM|TMPDIR|DISPLAY|WAYLAND_DISPLAY|XDG_\w+|LD_LIBRARY_PATH|VAIS_\w+|SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|TEMP|TMP|USERNAME|USERPROFILE|APPDATA|LOCALAPPDATA|ProgramData|WINE\w+)$/i;

/**
 * The environment of a program that the agent starts: whoever pushes to it can read it, so an agent's own secrets, such as the keys of a
 * cloud, are left out.
 *
 * @param keep names that are handed on all the same
 */
export function cleanEnvironment(own: NodeJS.ProcessEnv, keep: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(own).filter(([name]) => usual.test(name) || keep.includes(name)));
}
