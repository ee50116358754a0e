import { expect, test } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import type { ClusterPort, EndpointAnswer } from '../../../src/flow/ports.ts';
import { callEndpoints } from '../../../src/flow/smoke.ts';
import { flowRun } from './flow-run.ts';

const workload = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    template: {
      spec: { containers: [{ name: 'web', readinessProbe: { httpGet: { path: '/ready', port: 80 } } }] },
    },
  },
};

/** Answers in turn; an Error is thrown. */
function answering(...answers: (EndpointAnswer | Error)[]): ClusterPort {
  const callPod = async (): Promise<EndpointAnswer> => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next === undefined || next instanceof Error) throw next;
    return next;
  };
  return { callPod } as Partial<ClusterPort> as ClusterPort;
}

const ok = { status: 200, body: '', milliseconds: 1 };
const gone = { status: 404, body: 'pods "web-1" not found', milliseconds: 1 };
const broken = new Fault('cluster-unreachable', 'The connection broke.', 'Try again.');

test('a connection that breaks is an attempt, and the next one may pass', async () => {
  const { run } = flowRun({ holder: 'us' });
  const reports = await callEndpoints(run, answering(broken, ok), 'shop', [
    { workload, pods: () => ['web-1'] },
  ]);
  expect(reports).toMatchObject([{ passed: true, message: 'answered 200 (attempt 2)' }]);
});

test('a pod that was scaled down meanwhile need not answer', async () => {
  const { run } = flowRun({ holder: 'us' });
  const seen = [['web-1'], ['web-2']];
  const pods = (): string[] => (seen.length > 1 ? seen.shift() : seen[0]) ?? [];
  expect(await callEndpoints(run, answering(gone), 'shop', [{ workload, pods }])).toEqual([]);
});

test('a pod that is there and does not answer fails when its attempts are used up', async () => {
  const { run } = flowRun({ holder: 'us' });
  const serving = [{ workload, pods: () => ['web-1'] }];
  expect(await callEndpoints(run, answering(gone), 'shop', serving)).toMatchObject([
    { passed: false, status: 404, workload: 'web', pod: 'web-1' },
  ]);
});
