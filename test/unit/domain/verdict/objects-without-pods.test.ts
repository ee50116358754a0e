/** Targets without pods of their own: claims, Services of load balancers, definitions, custom resources. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import type { ObservedChange } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deleted,
  event,
  listed,
  namespace,
  target,
  time,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

type Fields = Readonly<Record<string, unknown>>;

function claim(phase: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace, uid: 'claim-data' },
    spec: {},
    status: { phase },
  };
}

function custom(status: Fields | undefined, generation = 1): KubernetesObject {
  return {
    apiVersion: 'shop.test/v1',
    kind: 'Database',
    metadata: { name: 'orders', namespace, uid: 'database-orders', generation },
    spec: { size: generation },
    ...(status === undefined ? {} : { status }),
  };
}

function condition(type: string, status: string, more: Fields = {}): Fields {
  return { type, status, reason: 'Told', message: 'so it is', lastTransitionTime: time(0), ...more };
}

const conditions = (...list: Fields[]): Fields => ({ conditions: list });

function failureOf(ending: ReturnType<typeof tell>) {
  if (ending.verdict.state !== 'failed') throw new Error('passed');
  return ending.verdict.failures[0];
}

const told = (object: KubernetesObject, ...changes: readonly ObservedChange[][]) =>
  tell([target(object)], changes.flat());

describe('custom resources', () => {
  const wish = custom(undefined);

  test('without a status is sound once its controller has had settle to speak', () => {
    const ending = told(wish, applied(0.5, wish));
    expect([outcome(ending), ending.at]).toEqual(['passed', 10.5]);
  });

  test('is waited for until it is ready', () => {
    const ending = told(
      wish,
      applied(0.5, wish),
      applied(1, custom(conditions(condition('Ready', 'False')))),
      applied(40, custom(conditions(condition('Ready', 'True')))),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 40]);
    expect(ending.verdict.workloads[0]).toMatchObject({ state: 'current', updated: 1, ready: 1, desired: 1 });
  });

  test('that never gets ready has the timeout, and its condition is told', () => {
    const ending = told(
      wish,
      applied(0.5, wish),
      applied(1, custom(conditions(condition('Ready', 'False', { message: 'no disk left' })))),
    );
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
    expect(failureOf(ending)?.message).toContain('no disk left');
  });

  test('that says it is stalled is broken at once', () => {
    const ending = told(
      wish,
      applied(0.5, wish),
      applied(2, custom(conditions(condition('Stalled', 'True', { message: 'the size is not allowed' })))),
    );
    expect([outcome(ending), ending.at]).toEqual(['object-failed', 2]);
    expect(failureOf(ending)).toMatchObject({
      objects: [{ kind: 'Database', name: 'orders' }],
      message: 'Database orders has failed: stalled: Told: the size is not allowed.',
    });
  });

  test('that was stalled before and does not say which generation it means, is given time to look', () => {
    const stalled = conditions(condition('Stalled', 'True'));
    const ending = tell(
      [target(custom(stalled, 2))],
      [
        ...listed(-1, 'Database.shop.test', custom(stalled)),
        ...applied(0.5, custom(stalled, 2)),
        ...applied(9, custom(conditions(condition('Ready', 'True')), 2)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 10.5]);
  });

  test('that is stalled by its word on this generation is broken, however long it has been', () => {
    const stalled = conditions(condition('Stalled', 'True'));
    const ending = tell(
      [target(custom(stalled, 2))],
      [
        ...listed(-1, 'Database.shop.test', custom({ ...stalled, observedGeneration: 1 })),
        ...applied(0.5, custom({ ...stalled, observedGeneration: 1 }, 2)),
        ...applied(3, custom({ ...stalled, observedGeneration: 2 }, 2)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['object-failed', 3]);
  });

  test('that is deleted is not there, whatever it said before', () => {
    const ready = custom(conditions(condition('Ready', 'True')));
    const ending = told(wish, applied(1, ready), deleted(5, ready));
    expect([outcome(ending), ending.at]).toEqual(['changed-by-other', 35]);
  });
});

describe('claims', () => {
  const pending = claim('Pending');

  test('without a class stays pending: broken when the allowance for volumes is over, by the event', () => {
    const text = 'no persistent volumes available for this claim and no storage class is set';
    const ending = told(
      pending,
      applied(0.5, pending),
      applied(0.6, event(pending, 'FailedBinding', text, 0.6, { type: 'Normal' })),
    );
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 30.5]);
    expect(failureOf(ending)?.message).toBe(`PersistentVolumeClaim data is not bound: ${text}.`);
  });

  test('of a class that binds for its first pod is sound without one', () => {
    const text = 'waiting for first consumer to be created before binding';
    const ending = told(
      pending,
      applied(0.5, pending),
      applied(0.7, event(pending, 'WaitForFirstConsumer', text, 0.7, { type: 'Normal' })),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 0.7]);
  });

  test('whose provisioning fails after its first pod came', () => {
    const ending = told(
      pending,
      applied(0.5, pending, claim('Pending')),
      applied(0.7, event(pending, 'ProvisioningFailed', 'no space in the pool', 5)),
    );
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 30.5]);
    expect(failureOf(ending)?.message).toContain('no space in the pool');
  });

  test('that is bound in time is sound', () => {
    const ending = told(pending, applied(0.5, pending), applied(12, claim('Bound')));
    expect([outcome(ending), ending.at]).toEqual(['passed', 12]);
  });

  test('that has lost its volume is broken at once', () => {
    const ending = told(pending, applied(0.5, pending), applied(2, claim('Lost')));
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 2]);
  });
});

test('a Service of a load balancer waits for its address', () => {
  const service = (ingress: readonly Fields[]): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace, uid: 'service-web' },
    spec: { type: 'LoadBalancer' },
    status: { loadBalancer: { ingress } },
  });
  const ending = told(service([]), applied(1, service([])), applied(20, service([{ ip: '192.0.2.1' }])));
  expect([outcome(ending), ending.at]).toEqual(['passed', 20]);
  expect(outcome(told(service([]), applied(1, service([]))))).toBe('rollout-timeout');
});

test('a list of one name says nothing about the others of its kind', () => {
  const other: KubernetesObject = {
    ...custom(undefined),
    metadata: { name: 'users', namespace, uid: 'database-users', generation: 1 },
  };
  const list: ObservedChange = {
    type: 'listed',
    groupKind: 'Database.shop.test',
    name: 'users',
    objects: [other],
    at: limits.startedAt + 2000,
  };
  const ending = tell([target(custom(undefined)), target(other)], [...applied(1, custom(undefined)), list]);
  expect(outcome(ending)).toBe('passed');
});
