/** What is tested of a release, as a whole; each kind of test has a file of its own. */
import { expect, test } from 'vitest';
import { startHealth } from '../../../../../src/domain/health/state.ts';
import { observe } from '../../../../../src/domain/rollout/observe.ts';
import { startRollout } from '../../../../../src/domain/rollout/state.ts';
import { noSmokeConfiguration } from '../../../../../src/domain/smoke/configuration.ts';
import { noEntrances } from '../../../../../src/domain/smoke/tests/ingress-routes.ts';
import { planTests } from '../../../../../src/domain/smoke/tests/plan.ts';
import {
  applied,
  deployment,
  listed,
  namespace,
  pod,
  replicaSet,
  start,
  target,
  template,
} from '../../../../support/rollout/objects.ts';

/** The outcome of the test of its pods; the old ReplicaSet's pod runs, the new one has none. */
function podsOutcome(paused: boolean): string | undefined {
  const update = deployment({ generation: 2, spec: paused ? { paused } : {} });
  const old = replicaSet(update, 'old', { template: template('1') });
  const changes = [
    ...listed(-2, 'ReplicaSet.apps', old),
    ...listed(-2, 'Pod', pod(old, { name: 'one', ready: -60 })),
    ...applied(0.1, update),
  ];
  const tests = planTests({
    namespace,
    rollout: changes.reduce(observe, startRollout([target(update)], start - 5000)),
    health: startHealth(),
    rendered: [update],
    former: new Set(),
    configuration: noSmokeConfiguration,
    databases: [],
    variables: new Map(),
    entrances: noEntrances,
    restarts: { most: 3, now: start, seenUp: true },
  });
  const pods = tests.find(({ kind }) => kind === 'pods');
  return pods?.what === 'decided' ? pods.judgement.outcome : undefined;
}

test('a release without pods of its own fails, unless its overlay pauses it', () => {
  expect([podsOutcome(false), podsOutcome(true)]).toEqual(['failed', 'passed']);
});
