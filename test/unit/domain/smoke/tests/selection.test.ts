import { describe, expect, test } from 'vitest';
import type { SmokeReport } from '../../../../../src/domain/smoke/report.ts';
import { smokeFailures } from '../../../../../src/domain/smoke/tests/failures.ts';
import { selectTests } from '../../../../../src/domain/smoke/tests/selection.ts';
import type { SmokeTest } from '../../../../../src/domain/smoke/tests/test.ts';

const named = (subject: string): SmokeTest => ({
  id: subject,
  subject,
  kind: 'pods',
  title: subject,
  address: '',
  objects: [],
  what: 'decided',
  judgement: { outcome: 'passed', message: '' },
});
const tests = ['postgres', 'redis', 'auth', 'gateway', 'user'].map(named);
const below = new Map([
  ['gateway', ['auth', 'user']],
  ['auth', ['postgres']],
  ['user', ['auth']],
]);
const chosen = (...services: string[]) =>
  selectTests(tests, services, below).tests.map(({ subject }) => subject);

describe('which tests run', () => {
  test('all without a name', () => expect(chosen()).toHaveLength(5));
  test('with what they stand on', () => expect(chosen('user')).toEqual(['postgres', 'auth', 'user']));
  test('a circle ends', () => {
    const circle = new Map([
      ['auth', ['user']],
      ['user', ['auth']],
    ]);
    expect(selectTests(tests, ['auth'], circle).tests).toHaveLength(2);
  });
  test('names that nothing has are told', () => {
    expect(selectTests(tests, ['auth', 'paymnt'], below).unknown).toEqual(['paymnt']);
  });
});

const report = (subject: string, more: Partial<SmokeReport>): SmokeReport => ({
  id: subject,
  subject,
  kind: 'readiness',
  outcome: 'failed',
  reason: 'status-unexpected',
  message: 'Readiness endpoint answered 503.',
  remedy: 'Look.',
  attempts: 3,
  startedAt: 0,
  finishedAt: 1,
  address: '',
  objects: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: subject, namespace: 'shop' }],
  ...more,
});

describe('failures', () => {
  test('one for the root, which names those that stand on it', () => {
    const down = { kind: 'postgres', reason: 'connection-refused', message: 'PostgreSQL is down.' } as const;
    const failures = smokeFailures(
      [report('postgres', down), report('auth', {}), report('gateway', {})],
      below,
    );
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({
      reason: 'connection-refused',
      message: 'postgres: PostgreSQL is down. Because of it auth, gateway failed too.',
    });
    expect(failures[0]?.objects.map(({ name }) => name)).toEqual(['postgres', 'auth', 'gateway']);
  });

  test('one for a subject, by the most telling kind, with how many are like it and what it said', () => {
    const failures = smokeFailures(
      [
        report('auth', { kind: 'service', reason: 'endpoints-missing' }),
        report('auth', { body: 'no' }),
        report('auth', {}),
      ],
      new Map(),
    );
    expect(failures.map(({ message }) => message)).toEqual([
      'auth: Readiness endpoint answered 503. It said: no So did 1 more of 2 like it.',
    ]);
  });

  test('what did not work before either is said to be so', () => {
    const found = smokeFailures(
      [report('postgres', {}), report('auth', {})],
      new Map(),
      new Set(['postgres']),
    );
    expect(found.map(({ message }) => message.includes('did not work before this release either'))).toEqual([
      true,
      false,
    ]);
  });

  test('none for what passed, was skipped or is not decided', () => {
    const rest = (['passed', 'skipped', 'inconclusive'] as const).map((outcome) =>
      report(outcome, { outcome }),
    );
    expect(smokeFailures(rest, below)).toEqual([]);
  });
});
