/** Workloads of one release that wait for each other: who is at fault, and from when on. */
import { describe, expect, test } from 'vitest';
import {
  applied,
  deployment,
  ended,
  pod,
  replicaSet,
  running,
  target,
  template,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

const service = deployment({ name: 'service', updated: 1 });
const serviceSet = replicaSet(service, 'new');
const database = deployment({ name: 'database', updated: 1 });
const databaseSet = replicaSet(database, 'new');
const ends = (at: number, restarts: number) =>
  applied(at, pod(serviceSet, { containers: [ended(at, restarts, 1)] }));
const loop = [...ends(2, 0), ...ends(3, 1), ...ends(14, 2)];
const begun = applied(1, service, serviceSet, database, databaseSet);
const pulling = applied(
  1.5,
  pod(databaseSet, { phase: 'Pending', containers: [waiting('ContainerCreating')] }),
);
const databaseUp = (at: number) =>
  applied(
    at,
    pod(databaseSet, { ready: at, containers: [running(at)] }),
    deployment({ name: 'database', updated: 1, available: 1 }),
  );
const both = [target(service), target(database)];

describe('a service that ends while its database is not there', () => {
  test('is not at fault before the database has begun, and sound once it runs', () => {
    const up = applied(
      36,
      pod(serviceSet, { ready: 36, containers: [running(36, 3)] }),
      deployment({ name: 'service', updated: 1, available: 1 }),
    );
    const ending = tell(both, [...begun, ...pulling, ...loop, ...databaseUp(30), ...up]);
    expect([outcome(ending), ending.at]).toEqual(['passed', 46]);
  });

  test('is at fault when it ends again although the database serves', () => {
    const ending = tell(both, [...begun, ...pulling, ...loop, ...databaseUp(30), ...ends(36, 3)]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 36]);
  });

  test('is at fault at its third end where the database serves already', () => {
    const ending = tell(both, [...begun, ...databaseUp(1.5), ...loop]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 14]);
  });

  test('is at fault at its third end where the other one runs and is not ready: that one may wait for it', () => {
    const unready = applied(1.5, pod(databaseSet, { containers: [running(1.5, 0, { ready: false })] }));
    const ending = tell(both, [...begun, ...unready, ...loop]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 14]);
  });

  test('two that end in turn do not hold each other', () => {
    const also = [2, 3, 14].flatMap((at, restarts) =>
      applied(at + 0.5, pod(databaseSet, { containers: [ended(at, restarts, 4)] })),
    );
    const story = [...begun, ...loop, ...also].sort((one, other) => one.at - other.at);
    const ending = tell(both, story);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 14]);
  });

  test('a crowd that is on its way holds nobody', () => {
    const crowd = Array.from({ length: 20 }, (_, index) => deployment({ name: `app-${index}`, updated: 1 }));
    const ending = tell([target(service), ...crowd.map((one) => target(one))], [...begun, ...loop]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 14]);
  });
});

test('one whose init container waits for an unready one does not hold that one’s clock', () => {
  const readinessProbe = { httpGet: { path: '/ready', port: 9090 }, periodSeconds: 1 };
  const first = deployment({
    name: 'first',
    updated: 1,
    template: template('2', { spec: { readinessProbe } }),
  });
  const firstSet = replicaSet(first, 'new');
  const unready = pod(firstSet, { containers: [running(2, 0, { ready: false })] });
  const waits = pod(databaseSet, {
    phase: 'Pending',
    spec: { initContainers: [{ name: 'wait', image: 'sh' }] },
    initContainers: [{ name: 'wait', restartCount: 0, state: { running: { startedAt: time(2) } } }],
    containers: [waiting('PodInitializing')],
  });
  const ending = tell(
    [target(first), target(database)],
    applied(2, first, firstSet, unready, database, databaseSet, waits),
  );
  expect([outcome(ending), ending.at]).toEqual(['readiness-probe-failing', 63]);
});
