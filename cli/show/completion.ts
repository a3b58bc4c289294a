import type { Command, Option } from 'commander';

/** The shells that a script is made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** What a script has to know of a command. */
interface Completed {
  readonly name: string;
  readonly text: string;
  readonly options: readonly Option[];
  /** What its first argument may be, where that is a choice; `undefined`: files. */
  readonly words: readonly string[] | undefined;
}

/** The names of targets, as `--to` takes them. */
const targets = 'vais-remote completion targets 2>/dev/null';

/** The script that completes this command line. @param shell one of `shells` */
export function completionOf(shell: string, program: Command): string {
  const names = program.commands.map((each) => each.name());
  const commands = program.commands.map((each) => describe(each));
  const help = { name: 'help', text: 'show what a command takes', options: [], words: names };
  const all: readonly Completed[] = [...commands, help];
  if (shell === 'bash') return bash(all);
  return shell === 'zsh' ? zsh(all) : fish(all);
}

function describe(command: Command): Completed {
  const [first] = command.registeredArguments;
  const options = [...command.options.filter(({ hidden }) => !hidden)];
  return { name: command.name(), text: command.description(), options, words: first?.argChoices };
}

const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((each) => each !== undefined);

function bash(commands: readonly Completed[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .flatMap((option) =>
        flagsOf(option).map((flag) => `    '${name} ${flag}') words='${option.argChoices?.join(' ') ?? ''}' ;;`),
      ),
  );
  const words = commands.map(({ name, options, words: choices = [] }) => {
    const flags = [...options.flatMap(flagsOf), '--help'];
    return `      ${name}) words='${[...choices, ...flags].join(' ')}' ;;`;
  });
  return [
    '# bash completion for vais-remote',
    '_vais_remote() {',
    `  local cur="$2" prev="$3" command="\${COMP_WORDS[1]}" words=`,
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words='${commands.map(({ name }) => name).join(' ')} --help --version'`,
    '  else case "$command $prev" in',
    `    *' --to') words=$(${targets}) ;;`,
    ...values,
    '    *) case "$command" in',
    ...words,
    '    esac',
    '    # A file is meant, unless an option is begun or the command takes words.',
    `    case "$command $cur" in *' -'*|help\\ *|completion\\ *) ;; *) return ;; esac ;;`,
    '  esac; fi',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    '}',
    'complete -o default -F _vais_remote vais-remote',
  ].join('\n');
}

function zsh(commands: readonly Completed[]): string {
  const quoted = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&').replace(/'/g, `'\\''`);
  const spec = (option: Option): string => {
    const names = flagsOf(option);
    const head = names.length > 1 ? `'(${names.join(' ')})'{${names.join(',')}}'` : `'${names[0] ?? ''}`;
    const value = option.long === '--to' ? '_vais_remote_targets' : `(${option.argChoices?.join(' ') ?? ''})`;
    const files = option.argChoices === undefined && option.long !== '--to' ? '_files' : value;
    const takes = option.required || option.optional ? `:${quoted(option.attributeName())}:${files}` : '';
    return `${head}[${quoted(option.description)}]${takes}'`;
  };
  const cases = commands.map(({ name, options, words }) => {
    const rest = words === undefined ? `'*:file:_files'` : `'1:word:(${words.join(' ')})'`;
    return `    ${name}) _arguments ${[...options.map(spec), rest].join(' ')} ;;`;
  });
  return [
    '#compdef vais-remote',
    `_vais_remote_targets() { local -a names; names=(\${(f)"$(${targets})"}); compadd -a names }`,
    '_vais_remote() {',
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, text }) => `    '${name}:${text.replace(/'/g, `'\\''`)}'`),
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...cases,
    '  esac',
    '}',
    '_vais_remote "$@"',
  ].join('\n');
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap(({ name, text, options, words }) => {
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c vais-remote -f -n __fish_use_subcommand -a ${name} -d ${quoted(text)}`,
      ...options.map((option) => {
        const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
        const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
        const values = option.long === '--to' ? `(${targets})` : option.argChoices?.join(' ');
        const takes = !option.required && !option.optional ? '' : values === undefined ? ' -r' : ` -x -a '${values}'`;
        return `complete -c vais-remote ${seen}${short}${long}${takes} -d ${quoted(option.description)}`;
      }),
      ...(words === undefined ? [] : [`complete -c vais-remote -f ${seen} -a '${words.join(' ')}'`]),
    ];
  });
  return ['# fish completion for vais-remote', ...lines].join('\n');
}
