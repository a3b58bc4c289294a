import { Command } from 'commander';

/** For the help alone: `main.ts` hands everything behind `agent` to the agent's own command line. */
export function command(): Command {
  return new Command('agent').description(
    'run the agent that delivers pushed code to the programs beside it (see agent --help)',
  );
}
