/** A Pod made from a workload's template, to ask admission about what a controller will create later. */
import { canonicalJson, isObject } from './managed-fields.ts';
import {
  groupKindOf,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  type ObjectReference,
} from './objects.ts';
import { podTemplateOf } from './workloads.ts';

export function podTemplateChanged(live: KubernetesObject | undefined, predicted: KubernetesObject): boolean {
  if (live === undefined) return true;
  return canonicalJson(podTemplateOf(live)) !== canonicalJson(podTemplateOf(predicted));
}

/**
 * Undefined for kinds without a pod template, and for workloads of which no pod is made: scaled to nothing, or a Job that waits for
 * its queue, which may change the template and sees to it that there is room.
 */
export function podOfTemplate(workload: KubernetesObject): KubernetesObject | undefined {
  const template = podTemplateOf(workload);
  const spec = template?.['spec'];
  const owner = workload['spec'];
  if (template === undefined || !isObject(spec) || workload.kind === 'Pod') return undefined;
  if (isObject(owner) && (owner['replicas'] === 0 || isHeldBack(workload, owner))) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(workload, isObject(template['metadata']) ? template['metadata'] : {}),
    spec: { ...spec, volumes: volumesOf(spec, workload) },
  };
}

function isHeldBack(workload: KubernetesObject, spec: JsonObject): boolean {
  return groupKindOf(workload) === 'Job.batch' && (spec['suspend'] === true || spec['parallelism'] === 0);
}

/**
 * The same question about a Pod that nobody can have anything against, with nothing of the release but who makes it: where it
 * gets the same answer, the answer is about who asks.
 */
export function harmlessPod(workload: KubernetesObject): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(workload, {
      labels: { app: 'orion-dry-run', 'app.kubernetes.io/name': 'orion-dry-run' },
    }),
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'main',
          image: 'registry.k8s.io/pause:3.10',
          resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

/** Who creates the pods of a workload, and what it writes into their metadata. */
interface PodMaker {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its ServiceAccount in kube-system. */
  readonly account: string;
  readonly labels: (name: string) => Readonly<Record<string, string>>;
  /** True where the maker is itself made by the workload, under a name of its own. */
  readonly between?: true;
}

/** As the API server would generate them. */
const hash = '5d4f8c7b9f';
const uid = '00000000-0000-4000-8000-000000000000';

/** Legal as a label's value. */
function labelValue(text: string, longest = 63): string {
  return text.slice(0, longest).replace(/[^A-Za-z0-9]+$/, '');
}

const jobLabels: PodMaker['labels'] = (name) => ({
  'batch.kubernetes.io/controller-uid': uid,
  'batch.kubernetes.io/job-name': labelValue(name),
  'controller-uid': uid,
  'job-name': labelValue(name),
});
const replicaSet: PodMaker = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  account: 'replicaset-controller',
  labels: () => ({}),
};
const job: PodMaker = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  account: 'job-controller',
  labels: jobLabels,
};

/** Source: the controllers of kube-controller-manager 1.36 (`GetPodFromTemplate` and what each adds to it). */
const podMakers: Readonly<Record<string, PodMaker>> = {
  'Deployment.apps': { ...replicaSet, between: true, labels: () => ({ 'pod-template-hash': hash }) },
  'ReplicaSet.apps': replicaSet,
  'StatefulSet.apps': {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    account: 'statefulset-controller',
    labels: (name) => ({
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': `${labelValue(name, 52)}-${hash}`,
      'statefulset.kubernetes.io/pod-name': `${labelValue(name, 61)}-0`,
    }),
  },
  'DaemonSet.apps': {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    account: 'daemon-set-controller',
    labels: () => ({ 'controller-revision-hash': hash, 'pod-template-generation': '1' }),
  },
  'Job.batch': job,
  'CronJob.batch': { ...job, between: true },
};

/**
 * The ServiceAccount as which the controller of this workload's pods comes to the API server. Where it does not exist, the
 * controller manager comes as itself (`--use-service-account-credentials=false`).
 */
export function podMakerAccount(workload: KubernetesObject): ObjectReference | undefined {
  const name = podMakers[groupKindOf(workload)]?.account;
  return name === undefined
    ? undefined
    : { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'kube-system', name };
}

/** The user name of a ServiceAccount. */
export function accountUser({ namespace, name }: ObjectReference): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/**
 * Policies look at what the controller adds: the owner, its labels, `generateName`. `blockOwnerDeletion` is left out: an
 * admission plugin asks who sets it for a permission on the owner's finalizers that the controllers have and we have not.
 */
function podMetadata(workload: KubernetesObject, template: JsonObject): KubernetesObject['metadata'] {
  const { name, namespace } = workload.metadata;
  const base = name.slice(0, 200).replace(/[^a-z0-9]+$/, '');
  const maker = podMakers[groupKindOf(workload)];
  const owner = maker?.between === true ? `${base}-${hash}` : base;
  const labels = { ...mapOf(template, 'labels'), ...maker?.labels(base) };
  const annotations = mapOf(template, 'annotations');
  return {
    name: `${base}-orion-dry-run`,
    generateName: `${owner}-`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(maker === undefined ? {} : { ownerReferences: [ownerOf(workload, maker, owner)] }),
  };
}

function ownerOf(workload: KubernetesObject, maker: PodMaker, name: string) {
  const { apiVersion, kind, between } = maker;
  const known = between === true ? undefined : workload.metadata.uid;
  return { apiVersion, kind, name, uid: known ?? uid, controller: true };
}

function mapOf(metadata: JsonObject, field: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  const value = metadata[field];
  return isObject(value) ? (value as Readonly<Record<string, string>>) : {};
}

/** A claim takes the place of a volume with its name, as in the controller. */
function volumesOf(spec: JsonObject, workload: KubernetesObject): readonly JsonValue[] {
  const claims = claimVolumes(workload);
  const claimed = new Set(claims.map(({ name }) => name));
  const others = listOf(spec['volumes']).filter(
    (volume) => !isObject(volume) || !claimed.has(volume['name']),
  );
  return [...others, ...claims];
}

/** A StatefulSet's claims become volumes of its pods; without them the mounts would look dangling. */
function claimVolumes(workload: KubernetesObject): readonly JsonObject[] {
  const spec = workload['spec'];
  const claims = isObject(spec) ? listOf(spec['volumeClaimTemplates']) : [];
  return claims.filter(isObject).map((claim) => {
    const name = isObject(claim['metadata']) ? String(claim['metadata']['name']) : '';
    return { name, persistentVolumeClaim: { claimName: `${name}-${workload.metadata.name}-0` } };
  });
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
