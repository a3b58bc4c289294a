import { VaisError } from '../../common/error.ts';
import type { ContainerDetails, Engine } from './engine.ts';
import type { Engines } from './engines.ts';
import type { ContainerQuery, ContainerTarget } from './query.ts';

/** A container and the engine that has it. */
export interface Found {
  readonly engine: Engine;
  readonly details: ContainerDetails;
  /** Its name, without the slash. */
  readonly name: string;
}

/** What docker-compose writes on its containers. */
export const projectLabel = 'com.docker.compose.project';
export const serviceLabel = 'com.docker.compose.service';

/**
 * The containers that a target means, by name. Those of a label or a service are the running and the paused ones; one that
 * is named is found in any state.
 *
 * @throws VaisError `unreachable` when there is none, `usage` when a name means services of several projects
 */
export async function findContainers(target: ContainerTarget, engines: Engines): Promise<readonly Found[]> {
  const found = await byQuery(target.query, engines);
  if (found.length > 0) return [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
  throw await nothing(target, engines);
}

async function byQuery(query: ContainerQuery, { found: engines }: Engines): Promise<Found[]> {
  switch (query.kind) {
    case 'label':
      return ofLabels([query.label], engines);
    case 'service':
      return ofLabels([`${projectLabel}=${query.project}`, `${serviceLabel}=${query.service}`], engines);
    case 'name': {
      for (const engine of engines) {
        const details = await engine.inspect(query.name);
        if (details !== undefined) return [foundAs(engine, details)];
      }
      return oneProject(query.name, await ofLabels([`${serviceLabel}=${query.name}`], engines));
    }
  }
}

function oneProject(service: string, found: Found[]): Found[] {
  const projects = [...new Set(found.map(({ details }) => details.Config.Labels[projectLabel] ?? ''))];
  if (projects.length <= 1) return found;
  throw new VaisError('usage', `several projects have a service ${service}: ${projects.sort().join(', ')}`, {
    hint: `Say which: --to compose://${projects[0]}/${service}`,
  });
}

async function ofLabels(labels: readonly string[], engines: readonly Engine[]): Promise<Found[]> {
  const lists = await Promise.all(
    engines.map(async (engine) => {
      const listed = await engine.list(labels);
      const all = await Promise.all(listed.map(({ Id }) => engine.inspect(Id)));
      return all.filter((details) => details !== undefined).map((details) => foundAs(engine, details));
    }),
  );
  return lists.flat();
}

function foundAs(engine: Engine, details: ContainerDetails): Found {
  return { engine, details, name: details.Name.replace(/^\//, '') };
}

async function nothing({ text, query }: ContainerTarget, engines: Engines): Promise<VaisError> {
  const where = engines.found.map(({ endpoint }) => endpoint.url).join(', ');
  const running = (await Promise.all(engines.found.map((engine) => engine.list()))).flat();
  const names = running.flatMap(({ Names }) => Names.slice(0, 1)).map((name) => name.replace(/^\//, ''));
  const what =
    query.kind === 'name' ? `no container or service is called ${query.name}` : `nothing that runs is ${text}`;
  return new VaisError('unreachable', `${what}, at ${where}`, {
    hint: names.length === 0 ? 'No container runs there.' : `There run ${names.sort().join(', ')}.`,
  });
}

/**
 * Holds a container to being one that can be talked to.
 *
 * @throws VaisError `paused`, or `unreachable` when it does not run
 */
export function requireRunning({ engine: { command }, name, details }: Found): void {
  const { Paused: paused, Running: running, Restarting: restarting, Status: status, ExitCode: code } = details.State;
  if (paused)
    throw new VaisError('paused', `${name} is paused, and takes nothing until it goes on`, {
      hint: `${command} unpause ${name}, then push again.`,
    });
  if (running && !restarting) return;
  const how = restarting ? `is restarting, as it ended with exit code ${code}` : `does not run (${status})`;
  throw new VaisError('unreachable', `${name} ${how}`, {
    hint: restarting ? `See why: ${command} logs ${name}` : `${command} start ${name}`,
  });
}
