import { VaisError } from '../../common/error.ts';

/** Which containers a target means. */
export type ContainerQuery =
  /** A container of this name or id; else all of the compose service of that name. */
  | { readonly kind: 'name'; readonly name: string }
  /** All that have this label, with this value where one is given. */
  | { readonly kind: 'label'; readonly label: string }
  | { readonly kind: 'service'; readonly project: string; readonly service: string };

/** A target that is containers, as `--to` names it. */
export interface ContainerTarget {
  readonly text: string;
  readonly query: ContainerQuery;
  readonly program?: string;
}

const containerName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** True for what is meant to be containers, right or wrong. */
export function isContainerTarget(text: string): boolean {
  return /^(?:docker|compose):\/\//.test(text);
}

/**
 * Reads `docker://NAME[/PROGRAM]`, `docker://label=KEY[=VALUE][/PROGRAM]` (in a label `/` is written `%2F`) and
 * `compose://PROJECT/SERVICE[/PROGRAM]`.
 *
 * @throws VaisError `usage` when the text has another form
 */
export function parseContainerTarget(text: string): ContainerTarget {
  const [, scheme, rest = ''] = /^(docker|compose):\/\/(.*)$/.exec(text) ?? [];
  const parts = rest.split('/');
  const query = scheme === 'compose' ? serviceQuery(parts) : containerQuery(parts[0] ?? '');
  const program = parts.slice(scheme === 'compose' ? 2 : 1).join('/');
  if (query === undefined)
    throw new VaisError('usage', `\`${text}\` is no container`, {
      hint: 'Write docker://NAME, docker://label=KEY=VALUE or compose://PROJECT/SERVICE, and /PROGRAM behind it or not.',
    });
  return program === '' ? { text, query } : { text, query, program };
}

function serviceQuery([project = '', service = '']: readonly string[]): ContainerQuery | undefined {
  return containerName.test(project) && containerName.test(service) ? { kind: 'service', project, service } : undefined;
}

function containerQuery(name: string): ContainerQuery | undefined {
  if (name.startsWith('label=')) {
    try {
      const label = decodeURIComponent(name.slice('label='.length));
      return /^[^=\s][^=]*(?:=.*)?$/.test(label) ? { kind: 'label', label } : undefined;
    } catch {
      return undefined;
    }
  }
  return containerName.test(name) ? { kind: 'name', name } : undefined;
}
