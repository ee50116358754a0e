/** How many pods a workload has, and a Deployment beyond its replicas while it is rolled out. Source: kube-controller-manager, `ResolveFenceposts`. */
import { fieldAt, numberAt } from './fields.ts';
import type { KubernetesObject } from './objects.ts';

interface Fenceposts {
  readonly surge: number;
  readonly unavailable: number;
}

/** Pods that a Deployment may run beyond its replicas, and be short of, while it rolls. */
export function fencepostsOf(deployment: KubernetesObject): Fenceposts {
  const replicas = replicasOf(deployment);
  const strategy = fieldAt(deployment, 'spec', 'strategy');
  if (fieldAt(strategy, 'type') === 'Recreate') return { surge: 0, unavailable: replicas };
  const surge = amountOfPods(fieldAt(strategy, 'rollingUpdate', 'maxSurge') ?? '25%', replicas, Math.ceil);
  const unavailable = amountOfPods(
    fieldAt(strategy, 'rollingUpdate', 'maxUnavailable') ?? '25%',
    replicas,
    Math.floor,
  );
  // Both nothing would never move: the controller takes one pod away.
  return { surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

/** Pods of its replicas that a Deployment may be short of while it rolls. */
export function maxUnavailableOf(deployment: KubernetesObject): number {
  return fencepostsOf(deployment).unavailable;
}

/** A number of pods, or a percentage of the replicas; 0 where it is neither. */
export function amountOfPods(value: unknown, replicas: number, round: (pods: number) => number): number {
  const amount = Number.parseFloat(String(value));
  if (Number.isNaN(amount)) return 0;
  return String(value).endsWith('%') ? round((amount * replicas) / 100) : amount;
}

/** `spec.replicas`, 1 where it is not set. */
export function replicasOf(workload: KubernetesObject): number {
  return numberAt(workload, 'spec', 'replicas') ?? 1;
}
