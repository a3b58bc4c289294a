#!/usr/bin/env node
/** The agent's commands without the rest of the command line: what goes into a container, where no compiler is. */
import { main } from './main.ts';

const [first, ...rest] = process.argv.slice(2);
await main(first === 'agent' ? rest : process.argv.slice(2));
