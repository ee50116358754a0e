/** The releases of a scenario as a repository would hold them, and what others make beside them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Json } from './pods.ts';
import type { Origin, Queue, Scenario } from './scenario.ts';

/** Its place in the course: the one that stays, the one that fails, the one that follows. */
export type ReleaseIndex = 0 | 1 | 2;
export type FailingWorkload = 'job' | 'deployment';

const overlay = 'k8s/overlays/staging';

/** Writes a release into the workspace; with `failing`, one workload of it can never come up. */
export async function writeRelease(
  workspace: string,
  namespace: string,
  scenario: Scenario,
  release: ReleaseIndex,
  failing?: FailingWorkload,
): Promise<void> {
  const folder = join(workspace, overlay);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(workspace, 'orion.yaml'),
    stringify({ 'cluster-scoped': [`CustomResourceDefinition/${definitionName(namespace)}`] }),
  );
  const queue = scenario.queue === undefined ? [] : queueObjects(namespace, scenario.queue[release]);
  const resources = await Promise.all(
    [...objectsOf(scenario, release, failing), ...queue].map(async (object, index) => {
      const file = `object-${index}.yaml`;
      await writeFile(join(folder, file), stringify(object, { aliasDuplicateObjects: false }));
      return file;
    }),
  );
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources,
    configMapGenerator: [{ name: 'generated', literals: literalsOf(scenario.configMaps[release]) }],
    secretGenerator: [{ name: 'generated', literals: literalsOf(scenario.secrets[release]) }],
  };
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
}

/** Of a group of its own: definitions belong to the whole cluster. */
export function definitionName(namespace: string): string {
  return `queues.${namespace}.example`;
}

function queueObjects(namespace: string, { version, spec }: Queue): readonly Json[] {
  const group = `${namespace}.example`;
  const properties = { size: { type: 'integer' }, depth: { type: 'integer' } };
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', properties } } };
  const versions = (version === 'v1' ? ['v1'] : ['v1', 'v2']).map((name) => ({
    name,
    served: true,
    storage: name === 'v1',
    schema: { openAPIV3Schema },
  }));
  const names = { kind: 'Queue', plural: 'queues', singular: 'queue' };
  return [
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: definitionName(namespace) },
      spec: { group, scope: 'Namespaced', names, versions },
    },
    { apiVersion: `${group}/${version}`, kind: 'Queue', metadata: { name: 'mails' }, spec },
  ];
}

function literalsOf(values: Json): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${String(value)}`);
}

/** Without what is undefined. */
function plain(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

const nowhere = { nowhere: 'true' };

function objectsOf(
  scenario: Scenario,
  release: ReleaseIndex,
  failing: FailingWorkload | undefined,
): readonly Json[] {
  const objects = scenario.objects.flatMap((course) => {
    const object = course[release];
    return object === undefined ? [] : [plain(object)];
  });
  const finished = objects.map((object) => {
    if (isWeb(object)) return withPod(object, failing === 'deployment' ? failingDeployment : {});
    return object['kind'] === 'Service' ? withPodsOf(objects, object) : object;
  });
  return failing === 'job' ? [...finished, failingJob] : finished;
}

/** Judged as soon as its own deadline is over. */
const failingDeployment = { spec: { progressDeadlineSeconds: 3 }, pod: { nodeSelector: nowhere } };
const failingJob: Json = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'failing' },
  spec: {
    activeDeadlineSeconds: 3,
    template: {
      spec: {
        restartPolicy: 'Never',
        nodeSelector: nowhere,
        containers: [{ name: 'main', image: 'registry.test/job:1' }],
      },
    },
  },
};

function isWeb({ kind, metadata }: Json): boolean {
  return kind === 'Deployment' && (metadata as Json)['name'] === 'web';
}

/** A Service whose pods the release does not have would fail it: it gets those of the one that is always there. */
function withPodsOf(objects: readonly Json[], service: Json): Json {
  const spec = service['spec'] as Json;
  const { app } = spec['selector'] as Json;
  const hasPods = objects.some(
    ({ kind, metadata }) =>
      ['Deployment', 'StatefulSet'].includes(String(kind)) && (metadata as Json)['name'] === app,
  );
  return hasPods ? service : { ...service, spec: { ...spec, selector: { app: 'web' } } };
}

/** The Deployment refers to the generated ConfigMap and Secret, so that their hashes change its template. */
function withPod(object: Json, more: { readonly spec?: Json; readonly pod?: Json }): Json {
  const spec = object['spec'] as Json;
  const template = spec['template'] as Json;
  const pod = template['spec'] as Json;
  const containers = (pod['containers'] as readonly Json[]).map((container) => ({
    ...container,
    envFrom: [{ configMapRef: { name: 'generated' } }, { secretRef: { name: 'generated' } }],
  }));
  const wholePod = { ...pod, ...more.pod, containers };
  return { ...object, spec: { ...spec, ...more.spec, template: { ...template, spec: wholePod } } };
}

export interface Stranger {
  readonly origin: Origin;
  readonly object: Json;
}

/** Objects that others made and the failing release takes over. */
export function strangersOf({ objects, origins, twice }: Scenario): readonly Stranger[] {
  return objects.flatMap(([before, failing, following], index): Stranger[] => {
    // Fields of a pod that another manager keeps exclude those of the release, which then is not valid.
    const origin =
      (failing?.['spec'] as Json | undefined)?.['template'] === undefined ? origins[index] : 'kubectl';
    const object = following ?? failing;
    if (
      before !== undefined ||
      failing === undefined ||
      object === undefined ||
      origins[index] === undefined ||
      origin === undefined
    )
      return [];
    const made = plain(object);
    return [{ origin, object: twice && origin === 'kubectl' ? withKeysTwice(made) : made }];
  });
}

/** Lists that client-side apply may write and server-side apply may not: the last of each counts. */
function withKeysTwice(object: Json): Json {
  const spec = object['spec'] as Json | undefined;
  const template = spec?.['template'] as Json | undefined;
  const pod = template?.['spec'] as Json | undefined;
  if (pod === undefined || object['kind'] === 'Job') return object;
  const containers = (pod['containers'] as readonly Json[]).map((container) => ({
    ...container,
    env: [
      { name: 'TWICE', value: 'one' },
      ...((container['env'] ?? []) as readonly Json[]),
      { name: 'TWICE', value: 'two' },
    ],
  }));
  const hostAliases = [
    { ip: '10.9.9.1', hostnames: ['first'] },
    ...((pod['hostAliases'] ?? []) as readonly Json[]),
  ];
  return {
    ...object,
    spec: { ...spec, template: { ...template, spec: { ...pod, containers, hostAliases } } },
  };
}

/** How many objects the failing release makes or changes. */
export function changesOf({ objects }: Scenario): number {
  const changed = objects.filter(
    ([before, failing]) => failing !== undefined && JSON.stringify(before) !== JSON.stringify(failing),
  );
  return Math.max(1, changed.length);
}
