/** A refusal from within the cluster: nobody listens, or a network policy keeps the caller out. */
import { expect, test } from 'vitest';
import type { HttpAnswer } from '../../../../src/domain/smoke/http/http-answer.ts';
import type { ServiceTest } from '../../../../src/domain/smoke/tests/test.ts';
import { tryService } from '../../../../src/flow/smoke/attempt-service.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';
import { serviceTest } from '../../../support/flow/service-test.ts';

const service: ServiceTest = {
  ...serviceTest,
  backing: { pod: 'web-1', port: 8080 },
  ways: [{ route: 'cluster-job', title: 'the Job in the cluster' }],
};
const refused: HttpAnswer = {
  headers: {},
  body: '',
  milliseconds: 1,
  error: { kind: 'refused', message: 'connect ECONNREFUSED 10.96.0.7:80' },
};
const well: HttpAnswer = { status: 200, headers: {}, body: '', milliseconds: 1 };

/** What the pod says by its port-forward. */
async function judged(byForward: HttpAnswer, test: ServiceTest = service) {
  const { run } = flowRun({ holder: 'us' });
  const cluster = {
    openPortForward: async () => ({
      host: '127.0.0.1',
      port: 1,
      close: async () => undefined,
      ...(byForward.error === undefined ? {} : { lastError: () => 'connect: connection refused' }),
    }),
  } as unknown as ClusterPort;
  const fromWithin = async () => ({ what: 'http', finding: refused }) as const;
  const ground = {
    inside: { cluster, namespace: 'shop', fromWithin },
    ...{ deadline: 1000, retries: 0, parallel: 1, isThere: () => true },
  };
  const probes = { ...run.probes, callHttp: async () => byForward };
  const { judgement } = await tryService({ ...run, probes }, test, ground);
  return judgement;
}

test('a pod that answers at that port: the caller is kept out, and nothing is decided', async () => {
  const judgement = await judged(well);
  expect(judgement.outcome).toBe('inconclusive');
  expect(judgement.message).toContain('a network policy may be the cause');
});

test('a pod that refuses as well: nobody listens', async () => {
  expect(await judged(refused)).toMatchObject({ outcome: 'failed', reason: 'connection-refused' });
});

test('no pod is known to ask', async () => {
  const { backing: _, ...unknown } = service;
  expect(await judged(well, unknown)).toMatchObject({ outcome: 'failed' });
});
