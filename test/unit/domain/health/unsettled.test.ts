import { expect, test } from 'vitest';
import { startHealth } from '../../../../src/domain/health/state.ts';
import { healthVerdict } from '../../../../src/domain/health/verdict.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { startRollout } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deployment,
  event,
  pod,
  replicaSet,
  running,
  start,
  target,
  template,
} from '../../../support/rollout/objects.ts';
import { limits } from '../../../support/rollout/story.ts';

test('a pod that stops being ready after the rollout: at the end of the health budget, with what explains it', () => {
  const readinessProbe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 };
  const wish = deployment({
    updated: 1,
    available: 1,
    template: template('2', { spec: { readinessProbe } }),
  });
  const set = replicaSet(wish, 'new');
  const gone = deployment({ updated: 1, template: template('2', { spec: { readinessProbe } }) });
  const unready = pod(set, { containers: [running(1, 0, { ready: false })] });
  const answer = event(
    unready,
    'Unhealthy',
    'Readiness probe failed: HTTP probe failed with statuscode: 503',
    30,
    {
      container: 'api',
    },
  );
  let state = startRollout([target(wish)], start - 5_000);
  for (const change of [
    ...applied(1, wish, set, pod(set, { ready: 1, containers: [running(1)] })),
    ...applied(30, gone, unready, answer),
  ]) {
    state = observe(state, change);
  }
  const subject = { namespace: 'shop', rendered: [wish], former: new Set<string>() };
  const at = (seconds: number) =>
    healthVerdict(state, startHealth(), subject, start + seconds * 1000, {
      rollout: limits,
      deadline: start + 80_000,
    });
  expect(at(79).state).toBe('pending');
  const late = at(80);
  expect(late.state === 'failed' && late.failures.map(({ reason }) => reason)).toEqual(['health-timeout']);
  expect(late.state === 'failed' && late.failures[0]?.message).toMatch(
    /0 of 1 pods available.*statuscode: 503/,
  );
});
