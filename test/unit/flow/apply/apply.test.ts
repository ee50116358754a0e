/** Writes that a webhook of the same release keeps waiting. */
import { expect, test } from 'vitest';
import { type KubernetesObject, keyOf, referenceOf } from '../../../../src/domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../../../src/domain/plan/changes.ts';
import { applyPlan } from '../../../../src/flow/apply/apply.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const object: KubernetesObject = {
  apiVersion: 'db.example.org/v1',
  kind: 'Database',
  metadata: { name: 'main', namespace: 'shop' },
};
const change: PlannedChange = {
  reference: referenceOf(object),
  action: 'created',
  desired: object,
  conflicts: [],
  adopts: false,
  deferred: true,
  warnings: [],
};

/** Each write is answered so, the last answer for ever; undefined lets it in. */
async function applied(...answers: readonly (string | undefined)[]) {
  const { run } = flowRun({ holder: 'us' });
  const startedAt = run.clock.now();
  let writes = 0;
  const cluster = {
    apply: async () => {
      const said = answers[Math.min(writes, answers.length - 1)];
      writes += 1;
      if (said !== undefined) throw new Error(said);
      return { type: 'applied', object, created: true, warnings: [] };
    },
    refusalOf: (error: Error) => ({ status: 500, reason: 'InternalError', message: error.message }),
  } as unknown as ClusterPort;
  const guard = { ensureHeld: async () => undefined, onApplied: () => undefined, locate: () => undefined };
  const { objects, failures } = await applyPlan(run, cluster, [change], guard);
  const seconds = (run.clock.now() - startedAt) / 1000;
  return {
    written: objects.has(keyOf(change.reference)),
    reasons: failures.map(({ reason }) => reason),
    writes,
    seconds,
  };
}

const away = 'Internal error occurred: failed calling webhook "db.example.org": no endpoints available';

test('a webhook whose pods come with this release is waited for', async () => {
  expect(await applied(away, away, undefined)).toMatchObject({ written: true, reasons: [], writes: 3 });
});

test('one that never answers ends the release after a minute', async () => {
  expect(await applied(away)).toMatchObject({ written: false, reasons: ['apply-failed'], seconds: 60 });
});

test('one that does not see yet what was written a moment ago is asked again', async () => {
  const late = 'admission webhook "vscaledobject.kb.io" denied the request: Deployment.apps "main" not found';
  expect(await applied(late, undefined)).toMatchObject({ written: true, writes: 2 });
  expect(await applied(late)).toMatchObject({ reasons: ['webhook-refused'], seconds: 10 });
});

test('what a webhook refuses is refused at once', async () => {
  const denied = 'admission webhook "db.example.org" denied the request: no';
  expect(await applied(denied)).toMatchObject({ reasons: ['webhook-refused'], writes: 1, seconds: 0 });
});
