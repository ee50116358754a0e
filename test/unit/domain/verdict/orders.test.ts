import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupKindOf, type KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import type { ObservedChange, RolloutTarget } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deployment,
  ended,
  event,
  namespace,
  pod,
  replicaFailure,
  replicaSet,
  running,
  target,
  termination,
  waiting,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

interface Tale {
  readonly name: string;
  readonly targets: readonly RolloutTarget[];
  readonly changes: readonly ObservedChange[];
  readonly truth: string;
}

const wish = deployment({ observed: 0 });
const set = replicaSet(wish, 'new');
const done = deployment({ updated: 1, available: 1 });
const begun = [...applied(0.1, wish), ...applied(0.5, deployment(), set)];
const ends = (restarts: number, at: number) =>
  pod(set, {
    containers: [
      ended(
        at,
        restarts,
        3,
        'Error',
        restarts === 0 ? {} : { lastState: { terminated: termination(at - 5) } },
      ),
    ],
  });
const refused = replicaFailure('exceeded quota: q', 2);
const gone = 'rpc error: code = NotFound desc = not found';

const tales: readonly Tale[] = [
  {
    name: 'sound',
    targets: [target(wish)],
    changes: [
      ...begun,
      ...applied(1, pod(set, { phase: 'Pending' })),
      ...applied(4, pod(set, { ready: 4, containers: [running(3)] }), done),
    ],
    truth: 'passed',
  },
  {
    name: 'crash loop',
    targets: [target(wish)],
    changes: [
      ...begun,
      ...applied(1, ends(0, 1), done),
      ...applied(2, ends(1, 2)),
      ...applied(13, ends(2, 13)),
      ...applied(34, ends(3, 34)),
    ],
    truth: 'crash-loop',
  },
  {
    name: 'two starts fail',
    targets: [target(wish)],
    changes: [
      ...begun,
      ...applied(1, ends(0, 1)),
      ...applied(2, ends(1, 2)),
      ...applied(13, pod(set, { ready: 13, containers: [running(13, 2)] }), done),
    ],
    truth: 'passed',
  },
  {
    name: 'no image, told by the event',
    targets: [target(wish)],
    changes: [
      ...begun,
      ...applied(
        1,
        pod(set, { phase: 'Pending', containers: [waiting('ImagePullBackOff', 'Back-off pulling image')] }),
      ),
      ...applied(2, event(pod(set), 'Failed', `Failed to pull image "x": ${gone}`, 2, { container: 'api' })),
    ],
    truth: 'image-not-found',
  },
  {
    name: 'quota',
    targets: [target(wish)],
    changes: [...begun, ...applied(2, replicaSet(wish, 'new', { conditions: [refused] }))],
    truth: 'quota-exceeded',
  },
];

/** Shuffles what is told about different kinds; what is told about one kind keeps its order, as one watch does. */
function interleaved(
  changes: readonly ObservedChange[],
  picks: readonly number[],
): readonly ObservedChange[] {
  const queues = new Map<string, ObservedChange[]>();
  for (const change of changes) {
    const kind = change.type === 'listed' ? change.groupKind : groupKindOf(change.object);
    queues.set(kind, [...(queues.get(kind) ?? []), change]);
  }
  const result: ObservedChange[] = [];
  for (let step = 0; result.length < changes.length; step++) {
    const open = [...queues.values()].filter((queue) => queue.length > 0);
    const next = open[(picks[step % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) result.push(next);
  }
  // The moments stay as they were: only what is told at each of them moves.
  return result.map((change, index) => ({ ...change, at: changes[index]?.at ?? change.at }));
}

/** After some changes everything known of one kind is listed again, as after a 410. */
function relisted(changes: readonly ObservedChange[], after: readonly number[]): readonly ObservedChange[] {
  const known = new Map<string, KubernetesObject>();
  return changes.flatMap((change, index): ObservedChange[] => {
    if (change.type === 'listed') return [change];
    known.set(`${change.object.kind}/${change.object.metadata.name}`, change.object);
    if (!after.includes(index)) return [change];
    const groupKind = groupKindOf(change.object);
    const objects = [...known.values()].filter((object) => groupKindOf(object) === groupKind);
    return [change, { type: 'listed', groupKind, namespace, objects, at: change.at }];
  });
}

const indexes = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 });

describe.each(tales)('$name', ({ targets, changes, truth }) => {
  test('is told in order', () => {
    expect(outcome(tell(targets, changes))).toBe(truth);
  });

  test('the order between kinds does not matter', () => {
    fc.assert(
      fc.property(indexes, (picks) => outcome(tell(targets, interleaved(changes, picks))) === truth),
      { numRuns: 50, seed: 3 },
    );
  });

  test('repeats and lists of what is known do not matter', () => {
    fc.assert(
      fc.property(indexes, indexes, (repeats, lists) => {
        const twice = changes.flatMap((change, index) =>
          repeats.includes(index) ? [change, change] : [change],
        );
        return outcome(tell(targets, relisted(twice, lists))) === truth;
      }),
      { numRuns: 50, seed: 5 },
    );
  });

  test('a watch that was cut and sees only the end of it says the same', () => {
    const last = new Map<string, KubernetesObject>();
    for (const change of changes) {
      if (change.type === 'applied')
        last.set(`${change.object.kind}/${change.object.metadata.name}`, change.object);
    }
    const at = changes.at(-1)?.at ?? 0;
    const lists = [...new Set([...last.values()].map(groupKindOf))].map((groupKind): ObservedChange => {
      const objects = [...last.values()].filter((object) => groupKindOf(object) === groupKind);
      return { type: 'listed', groupKind, namespace, objects, at };
    });
    expect(outcome(tell(targets, lists))).toBe(truth);
  });
});
