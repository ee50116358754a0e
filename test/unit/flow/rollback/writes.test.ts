/** What a release made, or the overlay no longer has, goes in an order in which everybody can still finish. */
import { describe, expect, test } from 'vitest';
import type { ObjectReference } from '../../../../src/domain/kubernetes/objects.ts';
import { deleteAll } from '../../../../src/flow/rollback/writes.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const reference = (apiVersion: string, kind: string, name: string): ObjectReference => ({
  apiVersion,
  kind,
  namespace: 'shop',
  name,
});
const operator = reference('apps/v1', 'Deployment', 'operator');
const account = reference('v1', 'ServiceAccount', 'operator');
const cluster = reference('db.example.org/v1', 'Database', 'main');
const order = reference('external-secrets.io/v1', 'ExternalSecret', 'tokens');

/** Deletions in their order; `works`: the operator takes its finalizers away, two looks later. */
async function deleted(references: readonly ObjectReference[], works: boolean) {
  const { run } = flowRun({ holder: 'us' });
  const startedAt = run.clock.now();
  const log: string[] = [];
  const looks = new Map<string, number>();
  const port = {
    delete: async ({ name, kind }: ObjectReference) => void log.push(`${kind} ${name}`),
    get: async (one: ObjectReference) => {
      const count = (looks.get(one.kind) ?? 0) + 1;
      looks.set(one.kind, count);
      if (works && count > 2) {
        log.push(`${one.kind} ${one.name} is gone`);
        return undefined;
      }
      return { ...one, metadata: { name: one.name, uid: one.name } };
    },
    refusalOf: () => undefined,
  } as unknown as ClusterPort;
  const failures = await deleteAll(
    run,
    port,
    references.map((one) => ({ reference: one, uid: one.name })),
    { ensureHeld: async () => undefined },
  );
  return { log, failures, seconds: (run.clock.now() - startedAt) / 1000 };
}

test('a webhook that does not answer is given time: its pods are perhaps being restored', async () => {
  const { run } = flowRun({ holder: 'us' });
  let tries = 0;
  const port = {
    delete: async () => {
      tries += 1;
      if (tries < 3) throw new Error('Internal error occurred: failed calling webhook "db.example.org": EOF');
    },
    refusalOf: (error: Error) => ({ status: 500, reason: 'InternalError', message: error.message }),
  } as unknown as ClusterPort;
  const guard = { ensureHeld: async () => undefined };
  expect(await deleteAll(run, port, [{ reference: cluster, uid: 'main' }], guard)).toEqual([]);
  expect(tries).toBe(3);
});

describe('deletions', () => {
  test('an operator outlives its custom resources', async () => {
    const { log } = await deleted([operator, account, cluster, order], true);
    expect(log).toEqual([
      'Database main',
      'ExternalSecret tokens',
      'Database main is gone',
      'ExternalSecret tokens is gone',
      'Deployment operator',
      'ServiceAccount operator',
    ]);
  });

  test('one that does not work is not waited for long', async () => {
    const { log, failures, seconds } = await deleted([operator, cluster], false);
    expect(log).toEqual(['Database main', 'Deployment operator']);
    expect(failures).toEqual([]);
    expect(seconds).toBe(30);
  });

  test('nobody waits where no workload goes', async () => {
    const { log, seconds } = await deleted([account, cluster], false);
    expect(log).toEqual(['Database main', 'ServiceAccount operator']);
    expect(seconds).toBe(0);
  });
});
