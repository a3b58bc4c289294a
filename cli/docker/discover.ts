import type { ContainerReport } from '../show/report.ts';
import { connectEngines } from './engines.ts';
import { projectLabel, serviceLabel } from './find.ts';
import { findAgent } from './inside.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The containers that have an agent, of the engines that answer; those that are not running have none that could be reached.
 *
 * @throws VaisError `unreachable` when no engine answers, `usage`
 */
export async function discover(env: Env): Promise<ContainerReport[]> {
  const { found: engines } = await connectEngines(env);
  const lists = await Promise.all(
    engines.map(async (engine) => {
      const listed = await engine.list();
      const reports = await Promise.all(
        listed.map(async ({ Id: id, Image: image, State: state }): Promise<ContainerReport | undefined> => {
          const details = await engine.inspect(id);
          if (details === undefined) return undefined; // Gone meanwhile.
          const name = details.Name.replace(/^\//, '');
          const agent = await findAgent({ engine, details, name });
          if (agent === undefined) return undefined;
          const { [projectLabel]: project, [serviceLabel]: service } = details.Config.Labels;
          return {
            event: 'container',
            name: `docker://${name}`,
            state,
            image,
            attached: agent.attached,
            engine: engine.endpoint.url,
            ...(project === undefined || service === undefined ? {} : { service: `compose://${project}/${service}` }),
          };
        }),
      );
      return reports.filter((report) => report !== undefined);
    }),
  );
  return lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
