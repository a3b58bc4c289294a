/**
 * The manifests against the API's own schemas: what they say is valid (`kubernetes-models` compiles Kubernetes' OpenAPI), and
 * every field is one that there is, which the schemas do not ask but their types do.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DaemonSet, Deployment } from 'kubernetes-models/apps/v1';
import { Service } from 'kubernetes-models/v1';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../common/package-root.ts';

const folder = join(packageRoot, 'deploy', 'kubernetes');
const cache = join(packageRoot, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const typed = mkdtempSync(join(cache, 'vais-manifests-'));
afterAll(() => rmSync(typed, { recursive: true, force: true }));

/** A manifest, as far as it says what it is. */
interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: { readonly template?: { readonly spec: Pod } };
}

interface Pod {
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
}

interface Container {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly readinessProbe?: { readonly exec?: { readonly command?: readonly string[] } };
}

const models = { 'apps/v1/Deployment': Deployment, 'apps/v1/DaemonSet': DaemonSet, 'v1/Service': Service };

function manifestsOf(file: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { merge: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

function modelOf({ apiVersion, kind }: Manifest): (typeof models)[keyof typeof models] {
  const model = models[`${apiVersion}/${kind}` as keyof typeof models];
  if (model === undefined) throw new Error(`no schema is here for ${apiVersion} ${kind}`);
  return model;
}

/** What the type checker says of manifests, each as a literal of its type: a field that there is not is an error. */
function complaintsOf(manifests: readonly Manifest[]): string {
  const lines = manifests.map((manifest, index) => {
    const { name } = modelOf(manifest);
    const from = manifest.apiVersion === 'v1' ? 'v1' : manifest.apiVersion;
    return `import type { I${name} as T${index} } from 'kubernetes-models/${from}';\nexport const m${index}: T${index} = ${JSON.stringify(manifest, null, 1)};`;
  });
  const file = join(typed, 'manifests.ts');
  writeFileSync(file, lines.join('\n'));
  const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [
    tsc,
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--types',
    '',
    file,
  ];
  try {
    return execFileSync(process.execPath, args, { cwd: typed, encoding: 'utf8' });
  } catch (thrown) {
    return String((thrown as { stdout?: unknown }).stdout);
  }
}

describe('the manifests for Kubernetes', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it.each(files)('%s is valid', (file) => {
    const manifests = manifestsOf(file);
    expect(manifests.length).toBeGreaterThan(0);
    for (const manifest of manifests) {
      const Model = modelOf(manifest) as new (data: object) => { validate(): void };
      new Model(manifest).validate();
    }
  });

  it('have no field that there is not', () => {
    expect(complaintsOf(files.flatMap(manifestsOf))).toBe('');
  });

  it('would not pass with a wrong value or a wrong name', () => {
    const [deployment] = manifestsOf('sidecar.yaml');
    if (deployment === undefined) throw new Error('there is none');
    const wrongValue = { ...deployment, spec: { ...deployment.spec, replicas: 'one' } };
    expect(() => new Deployment(wrongValue as never).validate()).toThrow(/replicas/);
    const wrongName = { ...deployment, spec: { ...deployment.spec, replica: 1 } };
    expect(complaintsOf([wrongName as Manifest])).toMatch(/replica\W*does not exist/);
  });

  it.each(files)('%s lets its containers do nothing, and says how the agent is', (file) => {
    const pods = manifestsOf(file).flatMap(({ spec }) => (spec.template === undefined ? [] : [spec.template.spec]));
    expect(pods).toHaveLength(1);
    for (const { containers, volumes = [] } of pods) {
      for (const { securityContext, volumeMounts = [] } of containers) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        for (const { name } of volumeMounts) expect(volumes.map((volume) => volume.name)).toContain(name);
      }
      const agent = containers.find(({ name }) => name === 'agent');
      const dockerfile = readFileSync(join(packageRoot, 'deploy', 'Dockerfile'), 'utf8');
      const [, health = ''] = /HEALTHCHECK[^[]*(\[.*\])/.exec(dockerfile) ?? [];
      expect(agent?.readinessProbe?.exec?.command).toEqual(JSON.parse(health));
    }
  });
});
