import { VaisError } from '../../common/error.ts';
import type { Endpoint } from './endpoints.ts';

/** The engine's answer as an HTTP status, where it gave one. */
export function statusOf(thrown: unknown): number | undefined {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** What an engine refused, in its own words. */
export function engineError(endpoint: Endpoint, thrown: unknown): VaisError {
  if (thrown instanceof VaisError) return thrown;
  const json = thrown instanceof Error && 'json' in thrown ? thrown.json : undefined;
  const said = typeof json === 'object' && json !== null && 'message' in json ? String(json.message) : undefined;
  const message = said ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new VaisError('unreachable', `the engine at ${endpoint.url} says: ${message.trim()}`, {
    hint: 'See `docker ps` and the log of the engine.',
    cause: thrown,
  });
}

/** Why no engine was reached at an endpoint. */
export function whyUnreachable(endpoint: Endpoint, thrown: unknown, sshSaid: string): VaisError {
  if (thrown instanceof VaisError) return thrown;
  if (statusOf(thrown) !== undefined) return engineError(endpoint, thrown);
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const { why, hint } = reasonOf(code, endpoint, thrown, sshSaid);
  return new VaisError('unreachable', `${endpoint.url} (${endpoint.from}): ${why}`, { hint, cause: thrown });
}

function reasonOf(
  code: string,
  { url }: Endpoint,
  thrown: unknown,
  sshSaid: string,
): { readonly why: string; readonly hint: string } {
  if (url.startsWith('ssh:')) {
    const said = sshSaid.trim();
    if (/host key verification failed/i.test(said))
      return {
        why: `the host’s key is not in known_hosts, or has changed: ${lastLine(said)}`,
        hint: 'Compare the key with whoever runs the host, then connect once with `ssh` to keep it.',
      };
    if (code === 'ENOENT') return { why: 'there is no ssh command', hint: 'Install an ssh client.' };
    return {
      why: said === '' ? messageOf(thrown) : lastLine(said),
      hint: 'It has to work by itself: `ssh -o BatchMode=yes HOST docker version`.',
    };
  }
  if (code === 'ENOENT') return { why: 'no socket there', hint: 'Start the engine, or set DOCKER_HOST.' };
  if (code === 'EACCES' || code === 'EPERM')
    return { why: 'you may not use it', hint: 'Join the group of the socket (`docker`), or use a rootless engine.' };
  if (code === 'ECONNREFUSED') return { why: 'nobody listens there', hint: 'Start the engine, or set DOCKER_HOST.' };
  return { why: messageOf(thrown), hint: 'Start the engine, or set DOCKER_HOST.' };
}

function lastLine(text: string): string {
  return text.split('\n').at(-1)?.trim() ?? text;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
