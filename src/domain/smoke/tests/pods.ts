/** The pods of one workload: as many as wanted are ready, and none was started again and again. */
import { listAt, numberAt, textAt, timeOf } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { isReady } from '../../status/built-in/pod.ts';
import type { Judgement } from '../judgement.ts';

const shownNames = 3;
/** Milliseconds that prove something about a container that ends at once. */
const minRun = 10_000;

/** When restarts are held against pods that are ready. */
export interface RestartRule {
  /** More ends of one container than this are no accident. */
  readonly most: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** A rollout has seen them all stay up: what came before, while they waited for a database, say, was judged there. */
  readonly seenUp: boolean;
}

/** `wanted` pods of the release are ready, and none of them only for a moment. */
export function judgePods(
  { pods, wanted }: { readonly pods: readonly KubernetesObject[]; readonly wanted: number },
  rule: RestartRule,
): Judgement {
  const ready = pods.filter(isReady);
  const restarts = pods.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const facts = { ready: `${ready.length} of ${wanted}`, restarts: String(restarts) };
  const restless = pods.filter((pod) => containersOf(pod).some((container) => isRestless(container, rule)));
  if (ready.length < wanted) {
    const unready = pods.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name);
    const names = unready.length === 0 ? '' : ` (not ready: ${listed(unready)})`;
    return {
      outcome: 'failed',
      reason: 'pods-not-ready',
      message: `${ready.length} of ${wanted} pods of this release are ready${names}.`,
      remedy: 'Check the events and logs of the pods that are not ready.',
      facts,
    };
  }
  if (restless.length > 0) {
    return {
      outcome: 'failed',
      reason: 'restarted-after-ready',
      message: `Containers of ${listed(restless.map(({ metadata }) => metadata.name))} were restarted more than ${rule.most} times, and have not yet run for twice as long as the last time.`,
      remedy: 'Check the log of the container’s previous run: kubectl logs --previous.',
      facts,
    };
  }
  const times = restarts === 1 ? 'once' : `${restarts} times`;
  const restarted = restarts === 0 ? '' : `; restarted ${times}`;
  return {
    outcome: 'passed',
    message: `${ready.length} of ${wanted} pods of this release are ready${restarted}.`,
    facts,
  };
}

function containersOf(pod: KubernetesObject): readonly unknown[] {
  return [...listAt(pod, 'status', 'containerStatuses'), ...sidecarsOf(pod)];
}

/** Sidecars are init containers that stay (`restartPolicy: Always`); other init containers may try again. */
function sidecarsOf(pod: KubernetesObject): readonly unknown[] {
  const names = listAt(pod, 'spec', 'initContainers')
    .filter((one) => textAt(one, 'restartPolicy') === 'Always')
    .map((one) => textAt(one, 'name'));
  return listAt(pod, 'status', 'initContainerStatuses').filter((one) => names.includes(textAt(one, 'name')));
}

function restartsOf(pod: KubernetesObject): number {
  return containersOf(pod).reduce<number>((sum, one) => sum + (numberAt(one, 'restartCount') ?? 0), 0);
}

/** Whoever has not seen it go on takes it for one that will end again, until it has clearly outlasted its last run. */
function isRestless(container: unknown, { most, now, seenUp }: RestartRule): boolean {
  if (seenUp || (numberAt(container, 'restartCount') ?? 0) <= most) return false;
  const since = timeOf(textAt(container, 'state', 'running', 'startedAt')) ?? now;
  const before = timeOf(textAt(container, 'lastState', 'terminated', 'startedAt'));
  const ended = timeOf(textAt(container, 'lastState', 'terminated', 'finishedAt'));
  if (before === undefined || ended === undefined) return true;
  return now - since < Math.max(2 * (ended - before), minRun);
}

function listed(names: readonly string[]): string {
  const more = names.length - shownNames;
  return `${[...names].sort().slice(0, shownNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
