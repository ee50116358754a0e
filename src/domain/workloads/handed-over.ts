/**
 * Fields that other controllers fill in by design, although manifests contain them: sending them would conflict from
 * the second release on, and a change of them is no drift.
 */
import { workloadKindOf } from '../kinds/table.ts';
import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { fieldAt } from '../kubernetes/fields.ts';
import { clientSideApplyManager, fieldManager, isObject, managersOf } from '../kubernetes/managed-fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { isRolloutKind } from './workloads.ts';

interface Place {
  readonly rendered: KubernetesObject;
  readonly live: KubernetesObject | undefined;
  /** What the overlay says there. */
  readonly value: unknown;
  /** The path with names in the place of `*`; list items are `*` still. */
  readonly path: readonly string[];
}

interface HandedOver {
  /** As `groupKindOf`; `*` is every kind. */
  readonly kinds: readonly string[];
  /** Field names; `*` is each item of a list, or each key of a map. */
  readonly path: readonly string[];
  /** Who fills it in. */
  readonly by: string;
  readonly when: (place: Place) => boolean;
}

const always = (): boolean => true;
const annotation = (name: string): readonly string[] => ['metadata', 'annotations', name];
const webhookKinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(
  (kind) => `${kind}.admissionregistration.k8s.io`,
);
const claims = ['PersistentVolumeClaim'];

/** Sources: the Kubernetes pages on RBAC (aggregated ClusterRoles), persistent volumes and Jobs; the injectors' own pages. */
const table: readonly HandedOver[] = [
  {
    kinds: ['ClusterRole.rbac.authorization.k8s.io'],
    path: ['rules'],
    by: 'the controller that aggregates ClusterRoles',
    when: ({ rendered }) => rendered['aggregationRule'] !== undefined,
  },
  ...bundles(webhookKinds, ['webhooks', '*', 'clientConfig', 'caBundle']),
  {
    kinds: webhookKinds,
    path: ['webhooks', '*', 'failurePolicy'],
    by: 'the webhook itself, once it answers',
    when: (place) => place.value === 'Ignore' && isOthers(place),
  },
  ...bundles(
    ['CustomResourceDefinition.apiextensions.k8s.io'],
    ['spec', 'conversion', 'webhook', 'clientConfig', 'caBundle'],
  ),
  ...bundles(['APIService.apiregistration.k8s.io'], ['spec', 'caBundle']),
  { kinds: claims, path: ['spec', 'volumeName'], by: 'the volume binder', when: isEmptyText },
  ...[
    'pv.kubernetes.io/bind-completed',
    'pv.kubernetes.io/bound-by-controller',
    'volume.beta.kubernetes.io/storage-provisioner',
    'volume.kubernetes.io/storage-provisioner',
    'volume.kubernetes.io/storage-resizer',
    'volume.kubernetes.io/selected-node',
  ].map((name) => ({ kinds: claims, path: annotation(name), by: 'the volume controllers', when: always })),
  {
    kinds: ['Deployment.apps', 'ReplicaSet.apps'],
    path: annotation('deployment.kubernetes.io/revision'),
    by: 'the Deployment controller',
    when: always,
  },
  {
    kinds: ['DaemonSet.apps'],
    path: annotation('deprecated.daemonset.template.generation'),
    by: 'the API server',
    when: always,
  },
  {
    kinds: ['*'],
    path: annotation('control-plane.alpha.kubernetes.io/leader'),
    by: 'the leader',
    when: always,
  },
  {
    kinds: ['Secret', 'ConfigMap'],
    path: ['data', '*'],
    by: 'whoever fills in the key',
    when: (place) => isEmptyText(place) && isOthers(place),
  },
  {
    kinds: ['Secret'],
    path: ['data', '*'],
    by: 'the token controller',
    when: (place) => place.rendered['type'] === 'kubernetes.io/service-account-token' && isOthers(place),
  },
  ...suspensions().map((path) => ({
    kinds: ['*'],
    path,
    by: 'the queue that starts it',
    when: (place: Place) => isSuspension(place.rendered, place.value) && isOthers(place),
  })),
];

/** What an injector of certificate authorities writes: the overlay says so by an annotation, or by a bundle that is none. */
function bundles(kinds: readonly string[], path: readonly string[]): readonly HandedOver[] {
  return [{ kinds, path, by: 'the injector of CA bundles', when: isInjected }];
}

const injections = [
  'cert-manager.io/inject-ca-from',
  'cert-manager.io/inject-ca-from-secret',
  'cert-manager.io/inject-apiserver-ca',
  'service.beta.openshift.io/inject-cabundle',
];

function isInjected({ rendered, value }: Place): boolean {
  const annotations = rendered.metadata.annotations ?? {};
  return injections.some((name) => annotations[name] !== undefined) || isBlankBundle(value);
}

/** Generators write a line break (`Cg==`), or the frame of a certificate with nothing in it, where a bundle must not be missing. */
function isBlankBundle(value: unknown): boolean {
  if (typeof value !== 'string') return value === null;
  if (!/^[A-Za-z0-9+/=\s]*$/.test(value)) return false;
  return atob(value).replace(/-----(?:BEGIN|END) CERTIFICATE-----|\s/g, '') === '';
}

function isEmptyText({ value }: Pick<Place, 'value'>): boolean {
  return value === '';
}

/**
 * Another manager owns it in the cluster. Fields of `kubectl apply` come from an earlier overlay: they become ours,
 * and would be removed if they were not sent.
 */
function isOthers({ live, path }: Place): boolean {
  if (live === undefined) return false;
  const owners = managersOf(live, path);
  const isOverlays = (owner: string) => owner === fieldManager || owner === clientSideApplyManager;
  return owners.length > 0 && !owners.some(isOverlays);
}

/** Where kinds that a queue starts say that they wait for it: Job, JobSet, RayJob, AppWrapper; the training operators. */
function suspensions(): readonly (readonly string[])[] {
  return [
    ['spec', 'suspend'],
    ['spec', 'runPolicy', 'suspend'],
  ];
}

/** A suspended CronJob waits for nobody. */
function isSuspension(object: KubernetesObject, value: unknown): boolean {
  return value === true && workloadKindOf(object)?.startedByQueues !== false;
}

/** The object as it is sent: without the fields that are left to others. `live` is absent where there is none. */
export function withoutHandedOver(
  rendered: KubernetesObject,
  live: KubernetesObject | undefined,
): KubernetesObject {
  const groupKind = groupKindOf(rendered);
  const named = table
    .filter(({ kinds }) => kinds.includes('*') || kinds.includes(groupKind))
    .reduce<unknown>(
      (object, { path, when }) =>
        without(object, path, [], (value, found) => when({ rendered, live, value, path: found })),
      rendered,
    );
  const settled = isRolloutKind(rendered) ? named : withoutPlaceholders(named, rendered, live);
  return settled as KubernetesObject;
}

/** Maps that this leaves empty stay: whether they are named is the overlay's word. */
function without(
  node: unknown,
  [first, ...rest]: readonly string[],
  found: readonly string[],
  isLeft: (value: unknown, path: readonly string[]) => boolean,
): unknown {
  if (first === undefined) return node;
  if (Array.isArray(node)) {
    return first === '*' ? node.map((item: unknown) => without(item, rest, [...found, '*'], isLeft)) : node;
  }
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, value]): readonly [string, unknown][] => {
      if (first !== '*' && name !== first) return [[name, value]];
      const path = [...found, name];
      if (rest.length === 0) return isLeft(value, path) ? [] : [[name, value]];
      return [[name, without(value, rest, path, isLeft)]];
    }),
  );
}

/** Of a custom resource (`controlPlaneEndpoint.host: ''`): what is empty in the overlay, and filled in by its controller. */
function withoutPlaceholders(
  node: unknown,
  rendered: KubernetesObject,
  live: KubernetesObject | undefined,
  path: readonly string[] = [],
): unknown {
  if (live === undefined || !isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, value]): readonly [string, unknown][] => {
      const place = { rendered, live, value, path: [...path, name] };
      if (isEmptyText(place) && isOthers(place)) return [];
      return [[name, withoutPlaceholders(value, rendered, live, place.path)]];
    }),
  );
}

/**
 * Whether another value in a field that we wrote is the hand-over that the overlay asked for: a queue that starts what waits for
 * it, a gate that is opened, a value that was left empty for somebody to fill in.
 *
 * @param keys the field, as in `managedFields`
 */
export function isHandOver(
  desired: KubernetesObject,
  keys: readonly string[],
  before: unknown,
  after: unknown,
): boolean {
  const spec = isObject(desired['spec']) ? desired['spec'] : {};
  const [top, second = ''] = keys;
  const fields = top === 'f:spec' ? (workloadKindOf(desired)?.handedOver(spec) ?? []) : [];
  if (fields.length > 0) return fields.includes(second);
  // Kinds of others: their queue writes into pod templates that lie anywhere in the spec.
  const waits = suspensions().some((path) => fieldAt(desired, ...path) === true);
  if (top === 'f:spec' && waits && isCustomResource(desired)) return true;
  const started = suspensions().some((path) => path.map((name) => `f:${name}`).join() === keys.join());
  if (started && after !== true) return isSuspension(desired, before);
  return before === '' && !isRolloutKind(desired);
}
