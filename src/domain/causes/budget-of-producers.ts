/**
 * How long the workloads wait for a producer before they are applied. Pods would wait as well: this only avoids
 * failed starts, and keeps serving pods.
 */
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { troubleOf } from '../producers/trouble.ts';
import type { Limits } from '../rollout/state.ts';
import { statusOf } from '../status/table.ts';

/** `silent`: it has never reported a status, and may never do so. */
type ProducerState = 'silent' | 'working' | 'failing' | 'done';

/** Of the live producer; undefined: not observed yet. */
export function producerState(object: KubernetesObject | undefined): ProducerState {
  if (object === undefined || object['status'] === undefined) return 'silent';
  if (troubleOf(object) !== undefined) return 'failing';
  const { word, code } = statusOf(object);
  if (word === 'current') return code === 'nothing-reported' ? 'silent' : 'done';
  return 'working';
}

/**
 * Milliseconds. A running operator responds within seconds; one that is part of this release responds only after the
 * workloads are up.
 */
const silence = 10_000;
const work = 60_000;

/**
 * At most a quarter of the rollout's timeout: a producer may itself wait for something applied later (a certificate
 * for its Ingress), and then the workloads need the rest. A failing one is awaited until its allowance is over: then
 * the release ends before any workload is changed.
 */
export function patienceWith(
  state: ProducerState,
  { timeout, budgets }: Pick<Limits, 'timeout' | 'budgets'>,
): number {
  switch (state) {
    case 'done':
      return 0;
    case 'silent':
      return Math.min(silence, timeout / 4);
    case 'working':
      return Math.min(work, timeout / 4);
    case 'failing':
      return Math.min(timeout, 2 * budgets.producer);
  }
}
