import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { startRollout } from '../../../../src/domain/rollout/state.ts';
import { verdict } from '../../../../src/domain/verdict/verdict.ts';
import {
  deployment,
  ended,
  pod,
  replicaSet,
  running,
  start,
  target,
  waiting,
} from '../../../support/rollout/objects.ts';
import { limits } from '../../../support/rollout/story.ts';

/** Milliseconds for `changes` pod changes, each followed by a verdict, over so many Deployments of three pods. */
function fold(deployments: number, changes: number): number {
  const wishes = Array.from({ length: deployments }, (_, index) =>
    deployment({ name: `app-${index}`, replicas: 3 }),
  );
  const sets = wishes.map((wish) => replicaSet(wish, 'new', { replicas: 3 }));
  let state = startRollout(
    wishes.map((wish) => target(wish)),
    start,
  );
  for (const object of [...wishes, ...sets])
    state = observe(state, { type: 'applied', object, at: start + 1 });
  const statuses = [waiting('ContainerCreating'), running(1), ended(2, 0), running(3, 1)];
  const begun = performance.now();
  for (let step = 0; step < changes; step++) {
    const set = sets[step % sets.length] as KubernetesObject;
    const status = statuses[Math.floor(step / (3 * deployments)) % statuses.length] ?? {};
    const name = `${set.metadata.name}-${Math.floor(step / deployments) % 3}`;
    const object = pod(set, { name, containers: [status] });
    state = observe(state, { type: 'applied', object, at: start + 2 + step });
    if (verdict(state, start + 2 + step, limits).state !== 'pending') throw new Error('not pending');
  }
  return performance.now() - begun;
}

test('a change costs about the same among 3,000 pods as among 300', () => {
  fold(100, 1_000);
  const few = Math.min(fold(100, 2_000), fold(100, 2_000)) / 2_000;
  const many = fold(1_000, 10_000) / 10_000;
  // Ten times the workloads: a verdict names them all, so some growth is due, but far from the hundredfold of a rescan.
  expect(many / few).toBeLessThan(12);
}, 60_000);

test('the right one of 1,000 workloads is named', () => {
  const wishes = Array.from({ length: 1_000 }, (_, index) =>
    deployment({ name: `app-${index}`, updated: 1, available: 1 }),
  );
  let state = startRollout(
    wishes.map((wish) => target(wish)),
    start,
  );
  for (const [index, wish] of wishes.entries()) {
    const set = replicaSet(wish, 'new');
    const sound = pod(set, { ready: 1, containers: [running(1)] });
    const object = index === 617 ? pod(set, { containers: [ended(40, 3)] }) : sound;
    for (const one of [wish, set, object])
      state = observe(state, { type: 'applied', object: one, at: start + 1_000 });
  }
  const answer = verdict(state, start + 60_000, limits);
  if (answer.state !== 'failed') throw new Error(answer.state);
  expect(answer.failures.map((failure) => failure.objects.map((object) => object.name))).toEqual([
    ['app-617'],
  ]);
});
