/** What helps with what a system's loader says, by its own words (glibc and musl); undefined where the error's usual hint will do. */
export function loaderHint(said: string): string | undefined {
  return hints.find(([words]) => words.test(said))?.[1];
}

const hints: readonly (readonly [RegExp, string])[] = [
  [
    /cannot open shared object file|Error loading shared library/,
    'The program loads a private copy, so $ORIGIN in the library’s run path is another folder. Link with an absolute -rpath, or put what it needs where the system looks.',
  ],
  [
    /static TLS/,
    'The program’s room for thread-local variables of this kind is used up. Build the library with -ftls-model=global-dynamic, or restart the program.',
  ],
  [
    /undefined symbol|symbol not found/i,
    'Define it in the library, link what has it, or export it from the program with -rdynamic.',
  ],
  [
    /failed to map segment|Operation not permitted/,
    'The folder of private copies may forbid running code (noexec): set XDG_RUNTIME_DIR to one that does not.',
  ],
  [
    /file too short|invalid ELF header/,
    'Was it still being written? Build it again, and push it when the compiler is done.',
  ],
];
