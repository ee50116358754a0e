/**
 * Which objects of a namespace are not what they were. Shares no code with `src`. Left out is only what the server and its
 * controllers count or time by themselves, and status; who owns which field is compared too.
 */
import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';

type Json = Readonly<Record<string, unknown>>;

/** What kinds the generated releases bring; ReplicaSets, ControllerRevisions, Pods and EndpointSlices are the controllers'. */
const kinds = [
  'configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments.apps,statefulsets.apps,daemonsets.apps',
  'jobs.batch,cronjobs.batch,roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io',
  'poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling',
  'ingresses.networking.k8s.io,networkpolicies.networking.k8s.io',
].join(',');

/** By `Kind name`. */
export type Snapshot = ReadonlyMap<string, Json>;

export async function kubectl(kubeconfig: string, ...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('kubectl', ['--kubeconfig', kubeconfig, ...options], {
    maxBuffer: 64 * 2 ** 20,
  });
  return stdout;
}

export async function snapshot(kubeconfig: string, namespace: string): Promise<Snapshot> {
  const text = await kubectl(
    kubeconfig,
    'get',
    kinds,
    '-n',
    namespace,
    '-o',
    'json',
    '--show-managed-fields',
  );
  const { items } = JSON.parse(text) as { readonly items: readonly Json[] };
  return new Map(
    [...items, ...(await queueOf(kubeconfig, namespace))]
      .filter((object) => !String(object['type']).startsWith('orion.dev/'))
      .map((object) => [`${object['kind']} ${(object['metadata'] as Json)['name']}`, comparable(object)]),
  );
}

/** The custom resource of the namespace, in the version that it had at first, and the definition of its kind. */
async function queueOf(kubeconfig: string, namespace: string): Promise<readonly Json[]> {
  const group = `${namespace}.example`;
  const get = async (...options: readonly string[]): Promise<readonly Json[]> => {
    const text = await kubectl(
      kubeconfig,
      'get',
      ...options,
      '-o',
      'json',
      '--show-managed-fields',
      '--ignore-not-found',
    );
    return text === '' ? [] : [JSON.parse(text) as Json];
  };
  const definitions = await get('customresourcedefinitions', `queues.${group}`);
  if (definitions.length === 0) return [];
  return [...definitions, ...(await get(`queues.v1.${group}`, 'mails', '-n', namespace))];
}

/** Objects that were there before and are not any more, also where another of the same name is. */
export function lost(before: Snapshot, after: Snapshot): readonly string[] {
  const uidIn = (snapshot: Snapshot, name: string) =>
    (snapshot.get(name)?.['metadata'] as Json | undefined)?.['uid'];
  return [...before.keys()].filter((name) => uidIn(before, name) !== uidIn(after, name));
}

/** Counters; the second is the generation of a DaemonSet's template, which the API server shows as an annotation. */
const counters = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

function comparable({ status: _status, ...object }: Json): Json {
  const { resourceVersion: _version, generation: _generation, ...metadata } = object['metadata'] as Json;
  const annotations = Object.entries((metadata['annotations'] ?? {}) as Json);
  const counted = annotations.map(([name, value]) => [name, counters.includes(name) ? 'counter' : value]);
  const owners = ((metadata['managedFields'] ?? []) as readonly Json[])
    .filter(({ subresource }) => subresource !== 'status')
    .map(({ time: _time, ...entry }) => entry)
    .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  return {
    ...object,
    metadata: { ...metadata, annotations: Object.fromEntries(counted), managedFields: owners },
  };
}

/** One line for each field that differs. */
export function differences(before: Snapshot, after: Snapshot): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => fieldsApart(before.get(name), after.get(name), name));
}

function fieldsApart(before: unknown, after: unknown, path: string): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isMapping(before) && isMapping(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => fieldsApart(before[name], after[name], `${path}.${name}`));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((item, index) => fieldsApart(item, after[index], `${path}[${index}]`));
  return [`${path}: was ${shown(before)}, is ${shown(after)}`];
}

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value).slice(0, 400);
}

function isMapping(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
