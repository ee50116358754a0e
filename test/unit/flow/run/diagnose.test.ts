import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Failure } from '../../../../src/domain/failure/failure.ts';
import { diagnoseAloud } from '../../../../src/flow/run/diagnose.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const failure: Failure = {
  reason: 'crash-loop',
  message: 'Container web exited with code 3.',
  remedy: 'Read the log.',
  objects: [{ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' }],
  chain: [],
  logs: [],
  container: { namespace: 'shop', pod: 'web-1', container: 'web', terminated: true },
};

test('the cause is said while the logs are still being fetched, and they are said when they come', async () => {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const cluster = { podLog: () => promise } as unknown as ClusterPort;
  const { run, lines } = flowRun({ holder: 'test' });
  const diagnosed = diagnoseAloud(run, cluster, [failure], () => ({ file: 'web.yaml', line: 3 }));
  await setImmediate();
  const said = lines.join('\n');
  expect(said).toMatch(/FAIL Container web exited with code 3.*Edit:\s+web\.yaml:3.*Fix:\s+Read the log/s);
  expect(said).not.toContain('cannot reach');
  resolve(['cannot reach the database']);
  expect((await diagnosed)[0]?.logs).toMatchObject([{ pod: 'web-1', lines: ['cannot reach the database'] }]);
  expect(lines.at(-1)).toContain('cannot reach the database');
});
