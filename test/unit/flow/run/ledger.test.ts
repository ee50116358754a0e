import { expect, it } from 'vitest';
import type { ExitCode, Outcome } from '../../../../src/domain/result/outcome.ts';
import { Ledger } from '../../../../src/flow/run/ledger.ts';

it.each<[Outcome, ExitCode, string | undefined, number]>([
  ['planned', 0, undefined, 3],
  ['failed', 1, undefined, 0],
  ['cancelled', 5, undefined, 0],
  ['failed', 2, 'orion-shop-1', 3],
  ['succeeded', 0, 'orion-shop-1', 3],
])('outcome %s, exit code %i, record %s: %i objects changed', (outcome, exitCode, release, changed) => {
  const ledger = new Ledger(0);
  ledger.changed = 3;
  ledger.release = release;
  const settings = { action: 'deploy-staging', environment: 'staging', overlay: 'k8s' } as const;
  const ending = { outcome, exitCode, reason: 'ok', message: '', nextSteps: [] } as const;
  expect(ledger.document(settings, { holder: 'me' }, ending, 1).changed).toBe(changed);
});
