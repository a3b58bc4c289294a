import { Command } from 'commander';

/** For the help alone: `main.ts` hands everything behind `audit` to the agent's own command line. */
export function command(): Command {
  return new Command('audit').description(
    'show and verify the audit log of an agent on this machine (see audit --help)',
  );
}
