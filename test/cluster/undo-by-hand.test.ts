/** The steps that are printed when undo fails do what they say: run by a shell, with kubectl and jq, at a real API server. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReleaseStore, type StoreResult } from '../../src/cluster/release-store/records.ts';
import type { ReleaseBody, StateBefore } from '../../src/domain/release/record.ts';
import { restoreByHand } from '../../src/domain/undo/manual-commands.ts';
import type { StoredRelease } from '../../src/ports/release-store.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';

let here: ApiCluster;

beforeAll(async () => {
  here = await startApiCluster();
}, startTimeout);

afterAll(() => here?.stop(), 60_000);

function stored(result: StoreResult): StoredRelease {
  if (result.type === 'conflict') throw new Error('conflict');
  return result.release;
}

const inShell = async (script: string) =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...process.env, KUBECONFIG: here.cluster.kubeconfig },
  });

test.each(['as it was opened', 'rewritten since'])(
  'a record of more than ten chunks, %s, restores the state before',
  async (how) => {
    const namespace = await here.newNamespace();
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
    const other: StateBefore = { reference: { ...reference, name: 'other' }, presence: 'absent' };
    const restore = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name: 'settings' },
      data: { a: 'before' },
    };
    const before: readonly StateBefore[] = [other, { reference, presence: 'present', restore }];
    // Eleven chunks that gzip cannot make smaller.
    const noise = { noise: randomBytes(5_400_000).toString('hex') };
    const body: ReleaseBody = {
      rendered: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data: noise }],
      before,
      inventory: [],
    };
    const store = createReleaseStore(here.api, namespace);
    const opened = stored(
      await store.create(
        {
          version: 1,
          app: 'shop',
          number: 7,
          status: 'pending',
          overlay: 'k8s',
          run: { holder: 'job-1' },
          phase: 'apply',
          jobInSteps: false,
          startedAt: '2026-01-01T00:00:00Z',
          planDigest: '',
        },
        body,
      ),
    );
    expect(opened.head.body.chunks).toBeGreaterThan(10);
    if (how === 'rewritten since') await store.replaceBody(opened, { ...body, inventory: [{ reference }] });
    // What a writer that was killed has left: neither of them is the head's.
    const stale = { 'orion.dev/app': 'shop', 'orion.dev/number': '7', 'orion.dev/body': 'a'.repeat(32) };
    await here.api.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'orion-shop-7.body-99', labels: stale },
      type: 'orion.dev/release-body',
      data: { chunk: btoa('of another body') },
    } as never);
    await here.api.create({ ...restore, data: { a: 'broken' } } as never, { fieldManager: 'orion-test' });

    // Undo knows the head as it was when the record was opened.
    const [, ...commands] = restoreByHand(reference, before, opened.head, namespace).split('\n');
    const script = commands.join('\n').replace('kubectl apply', 'kubectl apply --force-conflicts');
    await inShell(script);
    expect(await here.api.get(reference)).toMatchObject({ data: { a: 'before' } });
  },
);
