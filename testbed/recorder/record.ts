import { setTimeout as delay } from 'node:timers/promises';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { connect } from '../../src/cluster/api/connect.ts';
import { watchKinds } from '../../src/cluster/watch/watch.ts';
import { type KubernetesObject, keyOf, referenceOf } from '../../src/domain/kubernetes/objects.ts';
import type { ObservedChange } from '../../src/domain/rollout/state.ts';
import { sanitise } from './sanitise.ts';
import type { Story, StoryTarget } from './story.ts';

export interface WatchedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What a rollout watches. */
export const rolloutKinds: readonly WatchedKind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'Event' },
];

export interface RecordOptions {
  readonly title: string;
  /** Path. */
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly kinds?: readonly WatchedKind[];
  /** What is recorded; it begins when every watch has delivered its first list. */
  readonly deploy: () => Promise<void>;
  /** How long the watches go on after `deploy`, milliseconds. */
  readonly after: number;
  /** See `sanitise`. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Watches a namespace while something is deployed into it, as a rollout does, and returns the sanitised story. */
export async function recordStory(options: RecordOptions): Promise<Story> {
  const { title, namespace, kinds = rolloutKinds } = options;
  const connection = await connect({ kubeconfig: options.kubeconfig, env: {}, home: '' });
  const changes: ObservedChange[] = [];
  try {
    const session = await watchKinds(
      kinds.map((kind) => ({ ...kind, namespace })),
      (change) => changes.push(change),
      {
        api: createKubernetesApi(connection),
        onLost: (_, fault) => {
          throw fault;
        },
      },
    );
    const startedAt = Date.now();
    try {
      await options.deploy();
      await delay(options.after);
    } finally {
      await session.stop();
    }
    const kubernetes = connection.serverVersion;
    const targets = targetsOf(changes, startedAt);
    return sanitise({ title, kubernetes, namespace, startedAt, targets, changes }, options.names);
  } finally {
    await connection.close();
  }
}

/**
 * What is watched and controlled by nothing. Those whose generation the deployment moved are its targets, from the first change
 * that shows it; the others were there before and are unchanged.
 */
export function targetsOf(changes: readonly ObservedChange[], startedAt: number): readonly StoryTarget[] {
  const before = new Map<string, KubernetesObject>();
  const targets = new Map<string, StoryTarget>();
  for (const change of changes) {
    for (const object of change.type === 'listed' ? change.objects : [change.object]) {
      if (object.kind === 'Event' || object.metadata.ownerReferences !== undefined) continue;
      const key = keyOf(referenceOf(object));
      if (change.at <= startedAt) {
        before.set(key, object);
        targets.set(key, { at: startedAt, target: targetOf(object, false) });
        continue;
      }
      const moved = before.get(key)?.metadata.generation !== object.metadata.generation;
      if (moved && targets.get(key)?.target.changed !== true)
        targets.set(key, { at: change.at, target: targetOf(object, true) });
    }
  }
  return [...targets.values()];
}

function targetOf(object: KubernetesObject, changed: boolean): StoryTarget['target'] {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid, generation, labels } = metadata;
  return {
    reference: referenceOf(object),
    changed,
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
    desired: {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labels === undefined ? {} : { labels }),
      },
      spec: object['spec'],
    },
  };
}
