import { Argument, Command } from 'commander';
import { completionOf, shells } from '../show/completion.ts';
import { configFolder, TargetStore } from '../targets/store.ts';
import type { Edge } from './flags.ts';

/** Prints a script for the shell, or the names that the script asks for while it runs. */
export function command(edge: Edge): Command {
  return new Command('completion')
    .description('print a script that completes commands, options and targets in your shell')
    .addArgument(new Argument('<shell>', 'the shell').choices([...shells, 'targets']))
    .addHelpText('after', help)
    .action((shell: string) =>
      edge.run('completion', { json: false }, async ({ env, print }) => {
        if (shell === 'targets') {
          const targets = await new TargetStore(configFolder(env)).list().catch(() => []);
          for (const { name } of targets) if (!name.startsWith('docker:')) print(name);
          return 0;
        }
        print(completionOf(shell, await edge.whole()));
        return 0;
      }),
    );
}

const help = `
  bash   vais-remote completion bash > ~/.local/share/bash-completion/completions/vais-remote
  zsh    vais-remote completion zsh > "\${fpath[1]}/_vais-remote"
  fish   vais-remote completion fish > ~/.config/fish/completions/vais-remote.fish`;
