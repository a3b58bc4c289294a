import { VaisError } from '../../common/error.ts';
import type { Found } from './find.ts';

/** The agent in a container. */
export interface InsideAgent {
  /** What stands before `agent …` to call it there. */
  readonly command: readonly string[];
  /** Its data folder. */
  readonly data: string;
  /** Where it listens in the container; missing: nowhere that others reach. */
  readonly port?: number;
  /** True for one that `attach` put there. */
  readonly attached: boolean;
}

/** What an image or a container says of its agent. */
export const labels = {
  data: 'vais-remote.data',
  port: 'vais-remote.port',
  command: 'vais-remote.command',
} as const;

/** The agent of a container: the one that `attach` started, else the one that the labels tell of. Undefined: none. */
export async function findAgent({ engine, details }: Found): Promise<InsideAgent | undefined> {
  for (const words of await engine.running(details)) {
    const at = words.indexOf('agent');
    const data = words[words.indexOf('--data') + 1];
    const isOurs = at > 0 && /\/\.vais-remote\/.*\/dist\/cli\/main\.js$/.test(words[at - 1] ?? '');
    if (isOurs && words.includes('--data') && words[at + 1] === '--data' && data !== undefined)
      return { command: words.slice(0, at), data, attached: true };
  }
  const { [labels.data]: data, [labels.port]: port, [labels.command]: command } = details.Config.Labels;
  if (data === undefined) return undefined;
  const words = (command ?? 'vais-remote').split(/\s+/).filter((word) => word !== '');
  const number = Number(port);
  return { command: words, data, attached: false, ...(number > 0 && number < 65_536 ? { port: number } : {}) };
}

/** That a container has none. */
export function noAgent(name: string): VaisError {
  return new VaisError('unreachable', `${name} has no agent: it has no label ${labels.data}, and none was attached`, {
    hint: `Put one in: vais-remote attach docker://${name}. Or build it in: see docs/docker.md.`,
  });
}
