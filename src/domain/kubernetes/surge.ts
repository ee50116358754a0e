/** How many pods a rollout needs beyond those that run. Source: kube-controller-manager, `ResolveFenceposts`. */
import { fieldAt, numberAt } from './fields.ts';
import { groupKindOf, type KubernetesObject } from './objects.ts';

interface Fenceposts {
  readonly surge: number;
  readonly unavailable: number;
}

/** True if the rollout must start a pod before it may end one; `workload` as the server would store it. */
export function needsExtraPod(live: KubernetesObject | undefined, workload: KubernetesObject): boolean {
  const kind = groupKindOf(workload);
  if (kind === 'CronJob.batch') return false;
  if (live === undefined || replicasOf(workload) > replicasOf(live)) return true;
  if (kind === 'StatefulSet.apps') return false;
  if (kind === 'DaemonSet.apps') return daemonSurges(workload);
  return kind !== 'Deployment.apps' || fencepostsOf(workload).unavailable < 1;
}

/** Pods that a Deployment may run beyond its replicas, and be short of, while it rolls. */
export function fencepostsOf(deployment: KubernetesObject): Fenceposts {
  const replicas = replicasOf(deployment);
  const strategy = fieldAt(deployment, 'spec', 'strategy');
  if (fieldAt(strategy, 'type') === 'Recreate') return { surge: 0, unavailable: replicas };
  const surge = resolve(fieldAt(strategy, 'rollingUpdate', 'maxSurge') ?? '25%', replicas, Math.ceil);
  const unavailable = resolve(
    fieldAt(strategy, 'rollingUpdate', 'maxUnavailable') ?? '25%',
    replicas,
    Math.floor,
  );
  // Both nothing would never move: the controller takes one pod away.
  return { surge, unavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

function daemonSurges(daemonSet: KubernetesObject): boolean {
  const surge = fieldAt(daemonSet, 'spec', 'updateStrategy', 'rollingUpdate', 'maxSurge') ?? 0;
  return Number.parseFloat(String(surge)) > 0;
}

function resolve(value: unknown, replicas: number, round: (pods: number) => number): number {
  const amount = Number.parseFloat(String(value));
  if (Number.isNaN(amount)) return 0;
  return String(value).endsWith('%') ? round((amount * replicas) / 100) : amount;
}

/** `spec.replicas`, 1 where it is not set. */
export function replicasOf(workload: KubernetesObject): number {
  return numberAt(workload, 'spec', 'replicas') ?? 1;
}
