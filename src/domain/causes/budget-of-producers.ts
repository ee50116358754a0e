/** How long the workloads are held back for a producer. Pods wait as well: this only spares them, and those that serve, a false start. */
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { troubleOf } from '../producers/trouble.ts';
import type { Limits } from '../rollout/state.ts';
import { statusOf } from '../status/table.ts';

/** `silent`: it has never reported anything, and perhaps never will. */
type ProducerState = 'silent' | 'working' | 'failing' | 'done';

/** Of the live producer; undefined: it has not been seen. */
export function producerState(object: KubernetesObject | undefined): ProducerState {
  if (object === undefined || object['status'] === undefined) return 'silent';
  if (troubleOf(object) !== undefined) return 'failing';
  const { word, code } = statusOf(object);
  if (word === 'current') return code === 'nothing-reported' ? 'silent' : 'done';
  return 'working';
}

/** Milliseconds. An operator that runs answers within seconds; one that comes with this release answers only after the workloads. */
const silence = 10_000;
const work = 60_000;

/**
 * A quarter of the rollout's time at the most: a producer may itself wait for something that comes later (a certificate for its
 * Ingress), and then the workloads need the rest. One that fails is waited for until its allowance is over: then the release ends
 * with no workload touched.
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
