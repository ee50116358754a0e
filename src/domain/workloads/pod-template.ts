/** A Pod made from a workload's template, to ask admission about what a controller will create later. */
import { exampleHash, exampleUid } from '../kinds/answers.ts';
import type { PodMaker } from '../kinds/kind.ts';
import { workloadKindOf } from '../kinds/table.ts';
import { canonicalJson, isObject } from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject, ObjectReference } from '../kubernetes/objects.ts';
import { podTemplateOf } from './workloads.ts';

/** Whether the write makes new pods; `predicted` is the object as the dry run returned it. True for an object that is new. */
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
  if (isObject(owner) && (owner['replicas'] === 0 || isHeldBack(workload))) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(workload, isObject(template['metadata']) ? template['metadata'] : {}),
    spec: { ...spec, volumes: volumesOf(spec, workload) },
  };
}

/** A Job that is suspended, or whose parallelism is 0. */
function isHeldBack(workload: KubernetesObject): boolean {
  const kind = workloadKindOf(workload);
  return kind?.runs === 'to-completion' && kind.newPods(workload, []) === 0;
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

/**
 * The ServiceAccount as which the controller of this workload's pods comes to the API server. Where it does not exist, the
 * controller manager comes as itself (`--use-service-account-credentials=false`).
 */
export function podMakerAccount(workload: KubernetesObject): ObjectReference | undefined {
  const name = workloadKindOf(workload)?.podMaker?.account;
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
  const maker = workloadKindOf(workload)?.podMaker;
  const owner = maker?.between === true ? `${base}-${exampleHash}` : base;
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
  const known = between ? undefined : workload.metadata.uid;
  return { apiVersion, kind, name, uid: known ?? exampleUid, controller: true };
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
