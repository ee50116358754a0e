/**
 * What the watches of a rollout may do to a story without changing its end: deliver kinds in another order or later,
 * repeat a change, lose a stretch and list again, list again at any moment.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  referenceOf,
} from '../../../../src/domain/kubernetes/objects.ts';
import type { ObservedChange } from '../../../../src/domain/rollout/state.ts';
import type { Story } from '../../../../testbed/recorder/story.ts';
import { readExpected } from '../../../support/rollout/expected-ending.ts';
import {
  outcomeOf,
  readStory,
  replay,
  storyNames,
  whenAllIsTold,
} from '../../../support/rollout/recorded-story.ts';

const second = 1000;

function kindOf(change: ObservedChange): string {
  return change.type === 'listed' ? change.groupKind : groupKindOf(change.object);
}

/** Every change as late as its kind's watch is, which never overtakes itself. */
function delayed(
  changes: readonly ObservedChange[],
  delays: ReadonlyMap<string, readonly number[]>,
): readonly ObservedChange[] {
  const counts = new Map<string, number>();
  const latest = new Map<string, number>();
  const late = changes.map((change) => {
    const kind = kindOf(change);
    const [count, own] = [counts.get(kind) ?? 0, delays.get(kind) ?? [0]];
    const at = Math.max(latest.get(kind) ?? 0, change.at + (own[count % own.length] ?? 0));
    counts.set(kind, count + 1);
    latest.set(kind, at);
    return { ...change, at };
  });
  return late.sort((one, other) => one.at - other.at);
}

/** Any order that keeps each kind's own; the moments stay, what is told at them moves. */
function shuffled(changes: readonly ObservedChange[], picks: readonly number[]): readonly ObservedChange[] {
  const queues = Map.groupBy(changes, kindOf);
  const result: ObservedChange[] = [];
  for (let step = 0; result.length < changes.length; step += 1) {
    const open = [...queues.values()].filter((queue) => queue.length > 0);
    const queue = open[(picks[step % picks.length] ?? 0) % open.length];
    // A run of changes of one kind, so that orders far from the true one come up.
    result.push(...(queue?.splice(0, 1 + ((picks[(step + 1) % picks.length] ?? 0) % 7)) ?? []));
  }
  return result.map((change, index) => ({ ...change, at: changes[index]?.at ?? change.at }));
}

/** What a list of this kind would hold after so many changes. */
function listAfter(
  story: Story,
  changes: readonly ObservedChange[],
  groupKind: string,
  at: number,
): ObservedChange {
  const known = new Map<string, KubernetesObject>();
  for (const change of changes) {
    if (kindOf(change) !== groupKind) continue;
    if (change.type === 'listed') {
      known.clear();
      for (const object of change.objects) known.set(keyOf(referenceOf(object)), object);
    } else if (change.type === 'deleted') known.delete(keyOf(referenceOf(change.object)));
    else known.set(keyOf(referenceOf(change.object)), change.object);
  }
  return { type: 'listed', groupKind, namespace: story.namespace, objects: [...known.values()], at };
}

/** The changes of one kind from `from` on are lost for `gap` milliseconds, and a list closes the gap. */
function withGap(
  story: Story,
  { kind, from, gap }: { readonly kind: string; readonly from: number; readonly gap: number },
): readonly ObservedChange[] {
  const end = from + gap;
  const before = story.changes.filter((change) => change.at <= end);
  const heard = before.filter((change) => change.at < from || kindOf(change) !== kind);
  const later = story.changes.filter((change) => change.at > end);
  return [...heard, listAfter(story, before, kind, end), ...later];
}

/** A recorded rollout with what its properties choose from; `latest` in milliseconds. */
function readOrders(name: string) {
  const story = readStory(name);
  const { outcome, bears } = readExpected(name);
  const kinds = [...new Set(story.changes.map(kindOf))];
  return {
    story,
    outcome,
    latest: bears * second,
    kinds,
    anyKind: fc.constantFrom(...kinds),
    anyIndex: fc.nat({ max: story.changes.length - 1 }),
    /** The changes before it are the lists that the watches begin with. */
    first: kinds.length,
  };
}

describe.each(storyNames)('%s: late, shuffled and repeated changes', (name) => {
  const { story, outcome, latest, kinds, anyIndex, first } = readOrders(name);
  const told = (changes: readonly ObservedChange[]): string => outcomeOf(replay(story, changes).verdict);

  test('kinds may come late, each in its own order', () => {
    const delays = fc.array(fc.nat({ max: latest }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.tuple(...kinds.map(() => delays)), (late) => {
        const byKind = new Map(kinds.map((kind, index) => [kind, late[index] ?? []]));
        const opening = story.changes.slice(0, first);
        expect(told([...opening, ...delayed(story.changes.slice(first), byKind)])).toBe(outcome);
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test('when all has been told, the order between kinds has left no trace', () => {
    const patience = 120 * second;
    const truth = outcomeOf(whenAllIsTold(story, story.changes, patience));
    const picks = fc.array(fc.nat({ max: 100 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(picks, (order) => {
        expect(outcomeOf(whenAllIsTold(story, shuffled(story.changes, order), patience))).toBe(truth);
      }),
      { numRuns: 25, seed: 2 },
    );
  });

  test('changes may be repeated', () => {
    const { at } = replay(story);
    fc.assert(
      fc.property(fc.array(anyIndex, { minLength: 1, maxLength: 20 }), (repeats) => {
        const twice = story.changes.flatMap((change, index) =>
          repeats.includes(index) ? [change, change] : [change],
        );
        const ending = replay(story, twice);
        expect([outcomeOf(ending.verdict), ending.at - at]).toEqual([outcome, 0]);
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  test('an old version may come once more', () => {
    fc.assert(
      fc.property(anyIndex, fc.nat({ max: 5 * second }), (index, later) => {
        const change = story.changes[index];
        fc.pre(change?.type === 'applied');
        const echo = { ...change, at: change.at + later };
        const place = story.changes.findLastIndex((one) => one.at <= echo.at) + 1;
        const gone = story.changes
          .slice(0, place)
          .some((one) => one.type === 'deleted' && one.object.metadata.uid === change.object.metadata.uid);
        fc.pre(!gone);
        expect(told(story.changes.toSpliced(place, 0, echo))).toBe(outcome);
      }),
      { numRuns: 25, seed: 4 },
    );
  });
});

describe.each(storyNames)('%s: kinds that nobody follows, lists and gaps', (name) => {
  const { story, outcome, latest, anyKind, anyIndex, first } = readOrders(name);
  const length = (story.changes.at(-1)?.at ?? 0) - story.startedAt;

  test('what is told of kinds that nobody follows is nothing', () => {
    const { at } = replay(story);
    const settings = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web', namespace: story.namespace },
    };
    fc.assert(
      fc.property(anyIndex, (index) => {
        const told: ObservedChange = { type: 'applied', object: settings, at: story.changes[index]?.at ?? 0 };
        const ending = replay(story, story.changes.toSpliced(index, 0, told));
        expect([outcomeOf(ending.verdict), ending.at - at]).toEqual([outcome, 0]);
      }),
      { numRuns: 10, seed: 7 },
    );
  });

  test('a kind may be listed again at any moment', () => {
    const { at } = replay(story);
    fc.assert(
      fc.property(fc.array(fc.tuple(anyKind, anyIndex), { minLength: 1, maxLength: 6 }), (lists) => {
        const changes = story.changes.flatMap((change, index) => [
          change,
          ...lists
            .filter(([, place]) => place === index && index >= first)
            .map(([kind]) => listAfter(story, story.changes.slice(0, index + 1), kind, change.at)),
        ]);
        const ending = replay(story, changes);
        expect([outcomeOf(ending.verdict), ending.at - at]).toEqual([outcome, 0]);
      }),
      { numRuns: 25, seed: 5 },
    );
  });

  test('a stretch of one kind may be lost and listed; the verdict is late by no more than that', () => {
    const { at } = replay(story);
    const gaps = fc.record({
      kind: anyKind,
      from: fc.nat({ max: Math.max(1, length) }).map((offset) => story.startedAt + 1 + offset),
      gap: fc.integer({ min: 1, max: latest }),
    });
    fc.assert(
      fc.property(gaps, (gap) => {
        const ending = replay(story, withGap(story, gap));
        expect(outcomeOf(ending.verdict)).toBe(outcome);
        expect(ending.at - at).toBeLessThanOrEqual(gap.gap);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});
