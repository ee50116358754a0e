/** What is evidence, and what is none any more. */
import { expect, test } from 'vitest';
import { defaultBudgets, type Limits } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deleted,
  deployment,
  event,
  listed,
  pod,
  replicaFailure,
  replicaSet,
  running,
  target,
  template,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

const update = deployment({ generation: 2, replicas: 2, updated: 1, total: 3, available: 2 });
const newest = replicaSet(update, 'new');
const old = replicaSet(update, 'old', { template: template('1') });
const starting = pod(newest, {
  name: 'api-new-x',
  phase: 'Pending',
  containers: [waiting('ContainerCreating')],
});

const begun = [...listed(-2, 'ReplicaSet.apps', old), ...applied(0.1, update, newest)];

test.each([
  [
    'Failed to pull image "orion.example/sh:9": rpc error: code = NotFound desc = failed to pull: orion.example/sh:9: not found',
    'image-not-found',
  ],
  ['Error: configmap "absent" not found', 'container-config-error'],
  [
    'Error: failed to create containerd task: runc create failed: exec: "/nope": stat /nope: no such file or directory: unknown',
    'container-cannot-run',
  ],
])('the event of a refusal for good counts before the status says so: %s', (message, reason) => {
  const failure = event(starting, 'Failed', message, 3, { container: 'api' });
  const ending = tell([target(update)], [...begun, ...applied(2, starting), ...applied(3, failure)]);
  expect([outcome(ending), ending.at]).toEqual([reason, 3]);
});

test('the event of a registry that is down is no verdict while the container only starts', () => {
  const message =
    'Failed to pull image "r.example/a:1": unexpected status from HEAD request: 503 Service Unavailable';
  const failure = event(starting, 'Failed', message, 3, { container: 'api' });
  const done = deployment({ generation: 2, replicas: 2, updated: 2, total: 2, available: 2 });
  const up = ['api-new-x', 'api-new-y'].map((name) =>
    pod(newest, { name, ready: 90, containers: [running(90)] }),
  );
  const ending = tell(
    [target(update)],
    [...begun, ...applied(2, starting), ...applied(3, failure), ...applied(90, ...up, done)],
  );
  expect([outcome(ending), ending.at]).toEqual(['passed', 100]);
});

test('a refusal by the quota from before a pod went is no evidence: the controller has not tried since', () => {
  const message = 'pods "api-new-x" is forbidden: exceeded quota: compute';
  const conditions = [replicaFailure(message, 1)];
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } };
  const rolling = deployment({ generation: 2, replicas: 2, updated: 1, total: 2, spec: { strategy } });
  const leaving = pod(old, { name: 'api-old-a', ready: -99, containers: [running(-99)] });
  const refused = [
    ...listed(-2, 'Pod', leaving),
    ...listed(-2, 'ReplicaSet.apps', old),
    ...applied(0.1, rolling, newest),
    ...applied(1, replicaSet(update, 'new', { conditions }), event(newest, 'FailedCreate', message, 1)),
    ...deleted(6, leaving),
  ];
  const done = deployment({ generation: 2, replicas: 2, updated: 2, total: 2, available: 2 });
  const up = ['api-new-x', 'api-new-y'].map((name) =>
    pod(newest, { name, ready: 43, containers: [running(43)] }),
  );
  const healed = tell([target(update)], [...refused, ...applied(43, newest, ...up, done)]);
  expect([outcome(healed), healed.at]).toEqual(['passed', 53]);
  const again = event(newest, 'FailedCreate', `${message} again`, 20);
  const lasting = tell([target(update)], [...refused, ...applied(20, again)]);
  expect([outcome(lasting), lasting.at]).toEqual(['quota-exceeded', 36]);
});

test('a readiness gate that nobody opens: at the end of its budget, or just before the time is over, by its name', () => {
  const conditions = [
    { type: 'PodScheduled', status: 'True', lastTransitionTime: time(1) },
    { type: 'ContainersReady', status: 'True', lastTransitionTime: time(2) },
    { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', lastTransitionTime: time(2) },
  ];
  const spec = { readinessGates: [{ conditionType: 'example.com/attached' }] };
  const gated = pod(newest, { name: 'api-new-x', conditions, spec, containers: [running(2)] });
  const told = (given: Partial<Limits>) =>
    tell([target(update)], [...begun, ...applied(2, gated)], { ...limits, ...given });
  const patient = told({ timeout: 600_000 });
  expect([outcome(patient), patient.at]).toEqual(['readiness-gate-closed', 302]);
  const short = told({ timeout: 600_000, budgets: { ...defaultBudgets, gate: 60_000 } });
  expect([outcome(short), short.at]).toEqual(['readiness-gate-closed', 62]);
  const ending = told({ timeout: 300_000 });
  expect([outcome(ending), ending.at]).toEqual(['readiness-gate-closed', 299]);
  expect(ending.verdict.state === 'failed' && ending.verdict.failures[0]?.message).toContain(
    'example.com/attached',
  );
});

test('a Deployment that its overlay pauses is not waited for; one that somebody else paused is', () => {
  const paused = deployment({ generation: 2, replicas: 2, updated: 0, total: 2, spec: { paused: true } });
  const meant = tell([target(paused)], [...listed(-2, 'ReplicaSet.apps', old), ...applied(0.1, paused)]);
  expect(outcome(meant)).toBe('passed');
  const asked = deployment({ generation: 2, replicas: 2, updated: 0, total: 2 });
  const stopped = tell([target(asked)], [...listed(-2, 'ReplicaSet.apps', old), ...applied(0.1, paused)]);
  expect([outcome(stopped), stopped.at]).toEqual(['deployment-paused', 30.1]);
});
