/**
 * Objects of an overlay outside the release's own namespace: in other namespaces, or of the whole cluster. Only as `orion.yaml`
 * lists them, and only if they are this app's: records and lock are in the release's namespace, so labels on the objects say
 * whose they are.
 */
import type { Reason } from '../failure/reasons.ts';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  titleOf,
} from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';
import { isRolloutKind } from '../workloads/workloads.ts';

/** What `orion.yaml` lists. */
export interface OutsideLists {
  readonly namespaces: readonly string[];
  /** `ClusterRole/shop-reader`, with or without its group: `ClusterRole.rbac.authorization.k8s.io/shop-reader`. */
  readonly clusterScoped: readonly string[];
}

/** Whose release it is, and how far it may reach. */
export interface Reach {
  readonly app: string;
  readonly namespace: string;
  readonly lists: OutsideLists;
}

const appLabel = 'orion.dev/owner-app';
const namespaceLabel = 'orion.dev/owner-namespace';

/** A release brings its own namespace; that is not outside (release state row 24). */
export function isOutside({ apiVersion, kind, namespace, name }: ObjectReference, own: string): boolean {
  if (namespace !== undefined) return namespace !== own;
  return !(groupKindOf({ apiVersion, kind }) === 'Namespace' && name === own);
}

/** The object with the labels of its owner. */
export function withOwner(object: KubernetesObject, app: string, namespace: string): KubernetesObject {
  const labels = { ...object.metadata.labels, [appLabel]: app, [namespaceLabel]: namespace };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** Why an object outside of the namespace may not be deployed. */
export interface OutsideProblem {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  /** The field of the overlay to look at. */
  readonly path?: FieldPath;
}

/** What `orion.yaml` does not let it reach, whether it is there or not. */
export function judgeReach(reference: ObjectReference, reach: Reach): OutsideProblem | undefined {
  if (!isOutside(reference, reach.namespace)) return undefined;
  return reference.namespace === undefined ? ofCluster(reference, reach) : ofNamespace(reference, reach);
}

/** @param liveLabels of the live object; undefined when there is none */
export function judgeOutside(
  reference: ObjectReference,
  liveLabels: Readonly<Record<string, string>> | undefined,
  reach: Reach,
): readonly OutsideProblem[] {
  const problem =
    judgeReach(reference, reach) ??
    (liveLabels === undefined || !isOutside(reference, reach.namespace)
      ? undefined
      : notOurs(reference, liveLabels, reach));
  return problem === undefined ? [] : [problem];
}

function ofNamespace(reference: ObjectReference, { namespace, lists }: Reach): OutsideProblem | undefined {
  const title = titleOf(reference);
  const other = reference.namespace ?? '';
  const place = { reason: 'outside-namespace', path: ['metadata', 'namespace'] } as const;
  if (isRolloutKind(reference) || groupKindOf(reference) === 'Service') {
    return {
      ...place,
      message: `${title} is in namespace ${other}: workloads and Services are watched and tested in the release's own namespace ${namespace} only.`,
      remedy: `Deploy it with a separate overlay, with \`namespace: ${other}\`; listing the namespace in orion.yaml does not help for these kinds.`,
    };
  }
  if (lists.namespaces.includes(other)) return undefined;
  return {
    ...place,
    message: `${title} is in namespace ${other}, but this release deploys to ${namespace}.`,
    remedy: `Add \`- ${other}\` below \`namespaces:\` of orion.yaml, set one namespace in the overlay, or deploy the other namespace with a separate overlay.`,
  };
}

function ofCluster(reference: ObjectReference, { lists }: Reach): OutsideProblem | undefined {
  const names = [`${reference.kind}/${reference.name}`, `${groupKindOf(reference)}/${reference.name}`];
  if (names.some((name) => lists.clusterScoped.includes(name))) return undefined;
  return {
    reason: 'outside-namespace',
    message: `${titleOf(reference)} is cluster-scoped, and orion.yaml does not list it.`,
    remedy: `Add \`- ${names[0]}\` below \`cluster-scoped:\` of orion.yaml, or remove it from the overlay.`,
    path: ['metadata', 'name'],
  };
}

function notOurs(
  reference: ObjectReference,
  labels: Readonly<Record<string, string>>,
  { app, namespace }: Reach,
): OutsideProblem | undefined {
  const owner = { app: labels[appLabel], namespace: labels[namespaceLabel] };
  if (owner.app === app && owner.namespace === namespace) return undefined;
  const whose =
    owner.app === undefined && owner.namespace === undefined
      ? 'and has no label of this app'
      : `and belongs to app ${owner.app ?? 'unknown'} in namespace ${owner.namespace ?? 'unknown'}`;
  const scope = reference.namespace === undefined ? '' : ` -n ${reference.namespace}`;
  return {
    reason: 'owned-by-other',
    message: `${titleOf(reference)} already exists, ${whose}.`,
    remedy: [
      'Give the object in the overlay another name, or transfer the live one to this app:',
      `kubectl label ${groupKindOf(reference)} ${reference.name}${scope} --overwrite ${appLabel}=${app} ${namespaceLabel}=${namespace}`,
    ].join('\n'),
  };
}

/** Namespaces that the overlay itself brings and that are not there yet: nothing in them can be asked about. */
export function broughtNamespaces(
  objects: readonly KubernetesObject[],
  live: ReadonlyMap<string, unknown>,
): ReadonlySet<string> {
  return new Set(
    objects
      .filter((object) => groupKindOf(object) === 'Namespace')
      .filter(({ apiVersion, kind, metadata: { name } }) => !live.has(keyOf({ apiVersion, kind, name })))
      .map(({ metadata }) => metadata.name),
  );
}
