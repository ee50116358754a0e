/**
 * What the kubelet does with a container that has ended: the first of its restartPolicyRules that its exit code matches, else its
 * own restartPolicy, else its pod's. Source: Kubernetes 1.36, pkg/api/v1/pod, `ContainerShouldRestart` (KEP 5307, KEP 5532).
 */
import { conditionOf, fieldAt, listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { type ContainerView, containersOf, endsOf, restartingAll } from './containers.ts';

type RestartAction = 'Restart' | 'RestartAllContainers';

/** What the container's rules ask for after this exit code; undefined where none matches, or its action is not known. */
export function restartRuleOf(spec: unknown, exitCode: number): RestartAction | undefined {
  const rule = listAt(spec, 'restartPolicyRules').find((one) => {
    const isListed = listAt(one, 'exitCodes', 'values').includes(exitCode);
    const operator = textAt(one, 'exitCodes', 'operator');
    return operator === 'In' ? isListed : operator === 'NotIn' && !isListed;
  });
  const action = textAt(rule, 'action');
  return action === 'Restart' || action === 'RestartAllContainers' ? action : undefined;
}

/** `Always`, `OnFailure` or `Never`: of the container where it has its own, else of its pod. */
export function restartPolicyOf(pod: KubernetesObject, spec: unknown): string {
  return textAt(spec, 'restartPolicy') ?? textAt(pod, 'spec', 'restartPolicy') ?? 'Always';
}

/** Whether the kubelet leaves it as it ended. A rule that asks for something else than exit codes is a later Kubernetes': not known, no. */
export function staysEnded(pod: KubernetesObject, { spec, terminated }: ContainerView): boolean {
  if (terminated === undefined || isRestartingAll(pod)) return false;
  const rules = listAt(spec, 'restartPolicyRules');
  if (rules.some((one) => fieldAt(one, 'exitCodes') === undefined)) return false;
  if (restartRuleOf(spec, terminated.exitCode) !== undefined) return false;
  const policy = restartPolicyOf(pod, spec);
  return policy === 'Never' || (policy === 'OnFailure' && terminated.exitCode === 0);
}

/** A rule of one container has asked for it: the kubelet kills all others without grace, and begins again with the init containers. */
function isRestartingAll(pod: KubernetesObject | undefined): boolean {
  return pod !== undefined && conditionOf(pod, 'AllContainersRestarting')?.status === 'True';
}

/** How often a container has ended, at the most that was seen, and how many of these ends say nothing against its program. */
export interface Tally {
  readonly ends: number;
  readonly excused: number;
}

/**
 * The tallies by container name after a change of the pod. Ends before the first sight are in `ends` only. The most
 * that was seen counts, since containers that are removed to be recreated read 0 for a moment.
 */
export function nextTallies(
  before: { readonly object: KubernetesObject; readonly tallies: ReadonlyMap<string, Tally> } | undefined,
  pod: KubernetesObject,
): ReadonlyMap<string, Tally> {
  const containers = containersOf(pod);
  if (before === undefined)
    return new Map(containers.map((one) => [one.name, { ends: endsOf(one), excused: 0 }]));
  const fresh = (one: ContainerView) => endsOf(one) - (before.tallies.get(one.name)?.ends ?? 0);
  const ended = containers.filter((one) => fresh(one) > 0);
  if (ended.length === 0) return before.tallies;
  const isRemoved = containers.some(({ waiting }) => waiting?.reason === restartingAll);
  const all = isRemoved || isRestartingAll(before.object) || isRestartingAll(pod) || ended.some(asksForAll);
  const tallies = new Map(before.tallies);
  for (const one of ended) {
    const isKilled = all || isResized(before.object, one) || isResized(pod, one);
    const isExcused = asksForRestart(one) || (isKilled && endedBySignal(one));
    const excused = before.tallies.get(one.name)?.excused ?? 0;
    tallies.set(one.name, { ends: endsOf(one), excused: excused + (isExcused ? fresh(one) : 0) });
  }
  return tallies;
}

/** The kubelet ends it by a signal; one that was removed at once has left no word of its end. */
function endedBySignal({ terminated, previous }: ContainerView): boolean {
  const code = (terminated ?? previous)?.exitCode;
  return code === undefined || code === 0 || code > 128;
}

function newestRule({ spec, terminated, previous }: ContainerView): RestartAction | undefined {
  const last = terminated ?? previous;
  return last === undefined ? undefined : restartRuleOf(spec, last.exitCode);
}

function asksForRestart(container: ContainerView): boolean {
  return newestRule(container) !== undefined;
}

function asksForAll(container: ContainerView): boolean {
  return newestRule(container) === 'RestartAllContainers';
}

/** Its resources are being changed in place, and its resizePolicy wants a restart for that (KEP 1287). */
function isResized(pod: KubernetesObject, { spec }: ContainerView): boolean {
  if (conditionOf(pod, 'PodResizeInProgress')?.status !== 'True') return false;
  return listAt(spec, 'resizePolicy').some((one) => fieldAt(one, 'restartPolicy') === 'RestartContainer');
}
