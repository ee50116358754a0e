/** Objects as the API server would send them, with only the fields a verdict reads, and a clock of its own. */
import type { KubernetesObject } from '../../../src/domain/kubernetes/objects.ts';
import type { ObservedChange, RolloutTarget } from '../../../src/domain/rollout/state.ts';

export const namespace = 'shop';
/** When apply begins, by our clock and the cluster's. */
export const start = Date.parse('2026-11-23T12:00:00Z');

/** RFC 3339 of a moment of the story, seconds after the apply began. */
export function time(seconds: number): string {
  return new Date(start + seconds * 1000).toISOString().replace('.000Z', 'Z');
}

export function applied(seconds: number, ...objects: KubernetesObject[]): ObservedChange[] {
  return objects.map((object) => ({ type: 'applied', object, at: start + seconds * 1000 }));
}

export function deleted(seconds: number, ...objects: KubernetesObject[]): ObservedChange[] {
  return objects.map((object) => ({ type: 'deleted', object, at: start + seconds * 1000 }));
}

export function listed(seconds: number, groupKind: string, ...objects: KubernetesObject[]): ObservedChange[] {
  return [{ type: 'listed', groupKind, namespace, objects, at: start + seconds * 1000 }];
}

type Fields = Readonly<Record<string, unknown>>;

export interface ContainerFields {
  readonly name?: string;
  readonly image?: string;
  readonly spec?: Fields;
}

/** A pod template of one container, `api`, unless told otherwise. */
export function template(version: string, ...containers: ContainerFields[]): Fields {
  const list = containers.length === 0 ? [{}] : containers;
  return {
    metadata: { labels: { app: 'api' } },
    spec: {
      containers: list.map((one) => ({
        name: one.name ?? 'api',
        image: one.image ?? `registry.test/shop/api:${version}`,
        ...one.spec,
      })),
    },
  };
}

export interface DeploymentFields {
  readonly name?: string;
  readonly generation?: number;
  readonly observed?: number;
  readonly replicas?: number;
  readonly template?: Fields;
  readonly spec?: Fields;
  readonly updated?: number;
  readonly total?: number;
  readonly available?: number;
  readonly conditions?: readonly Fields[];
}

export function deployment(fields: DeploymentFields = {}): KubernetesObject {
  const { name = 'api', generation = 1, replicas = 1, updated = 0, total = updated, available = 0 } = fields;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, uid: `deployment-${name}`, generation },
    spec: { replicas, template: fields.template ?? template('2'), ...fields.spec },
    status: {
      observedGeneration: fields.observed ?? generation,
      replicas: total,
      updatedReplicas: updated,
      readyReplicas: available,
      availableReplicas: available,
      conditions: fields.conditions ?? [],
    },
  };
}

export function ownedBy(owner: KubernetesObject) {
  const { apiVersion, kind, metadata } = owner;
  return [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }];
}

export interface ReplicaSetFields {
  readonly replicas?: number;
  readonly template?: Fields;
  readonly conditions?: readonly Fields[];
}

export function replicaSet(
  owner: KubernetesObject,
  hash: string,
  fields: ReplicaSetFields = {},
): KubernetesObject {
  const own = fields.template ?? ((owner['spec'] as Fields)['template'] as Fields);
  const name = `${owner.metadata.name}-${hash}`;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace, uid: `replicaset-${name}`, generation: 1, ownerReferences: ownedBy(owner) },
    spec: {
      replicas: fields.replicas ?? 1,
      template: {
        ...own,
        metadata: {
          labels: { ...((own['metadata'] as Fields)['labels'] as Fields), 'pod-template-hash': hash },
        },
      },
    },
    status: { observedGeneration: 1, replicas: 0, conditions: fields.conditions ?? [] },
  };
}

export interface PodFields {
  readonly name?: string;
  readonly phase?: string;
  readonly reason?: string;
  readonly ready?: number | false;
  readonly created?: number;
  readonly containers?: readonly Fields[];
  readonly initContainers?: readonly Fields[];
  readonly spec?: Fields;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deletion?: number;
  readonly conditions?: readonly Fields[];
  readonly status?: Fields;
  readonly uid?: string;
}

/** A pod under its controller; `containers` are container statuses, in the order of the template. */
export function pod(owner: KubernetesObject, fields: PodFields = {}): KubernetesObject {
  const name = fields.name ?? `${owner.metadata.name}-x`;
  const own = (owner['spec'] as Fields)['template'] as Fields;
  const { ready = false, phase = 'Running', created = 0 } = fields;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: fields.uid ?? `pod-${name}`,
      creationTimestamp: time(created),
      ownerReferences: ownedBy(owner),
      labels: fields.labels ?? {},
      ...(fields.deletion === undefined ? {} : { deletionTimestamp: time(fields.deletion) }),
    },
    spec: { restartPolicy: 'Always', ...(own['spec'] as Fields), ...fields.spec },
    status: {
      phase,
      ...(fields.reason === undefined ? {} : { reason: fields.reason }),
      conditions: fields.conditions ?? [
        { type: 'PodScheduled', status: 'True', lastTransitionTime: time(created) },
        ready === false
          ? { type: 'Ready', status: 'False', lastTransitionTime: time(created) }
          : { type: 'Ready', status: 'True', lastTransitionTime: time(ready) },
      ],
      containerStatuses: fields.containers ?? [],
      initContainerStatuses: fields.initContainers ?? [],
      ...fields.status,
    },
  };
}

/** Container statuses, as the kubelet writes them. */
export function running(since: number, restarts = 0, more: Fields = {}): Fields {
  return {
    name: 'api',
    ready: true,
    started: true,
    restartCount: restarts,
    state: { running: { startedAt: time(since) } },
    ...more,
  };
}

export function ended(at: number, restarts = 0, exitCode = 3, reason = 'Error', more: Fields = {}): Fields {
  return {
    name: 'api',
    ready: false,
    started: false,
    restartCount: restarts,
    state: { terminated: termination(at, exitCode, reason) },
    ...more,
  };
}

export function termination(at: number, exitCode = 3, reason = 'Error', message = ''): Fields {
  return { exitCode, reason, message, startedAt: time(at), finishedAt: time(at) };
}

/** The condition of a ReplicaSet whose pods the API server does not let its controller make. */
export function replicaFailure(message: string, at: number): Fields {
  return {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message,
    lastTransitionTime: time(at),
  };
}

export function waiting(reason: string, message = '', more: Fields = {}): Fields {
  return {
    name: 'api',
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason, message } },
    ...more,
  };
}

export interface EventFields {
  readonly first?: number;
  readonly count?: number;
  readonly type?: string;
  readonly container?: string;
  readonly name?: string;
}

export function event(
  about: KubernetesObject,
  reason: string,
  message: string,
  at: number,
  fields: EventFields = {},
): KubernetesObject {
  const { apiVersion, kind, metadata } = about;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: fields.name ?? `${metadata.name}.${reason}.${message.length}`, namespace },
    involvedObject: {
      apiVersion,
      kind,
      name: metadata.name,
      namespace,
      uid: metadata.uid,
      ...(fields.container === undefined ? {} : { fieldPath: `spec.containers{${fields.container}}` }),
    },
    type: fields.type ?? 'Warning',
    reason,
    message,
    count: fields.count ?? 1,
    firstTimestamp: time(fields.first ?? at),
    lastTimestamp: time(at),
  };
}

export function target(object: KubernetesObject, changed = true): RolloutTarget {
  const { apiVersion, kind, metadata } = object;
  return {
    reference: { apiVersion, kind, namespace, name: metadata.name },
    changed,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    ...(metadata.generation === undefined ? {} : { generation: metadata.generation }),
    desired: object,
  };
}
