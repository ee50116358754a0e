import { describe, expect, test } from 'vitest';
import { chooseRollback } from '../../../../src/domain/release/choose-rollback.ts';
import type { ReleaseHead, ReleaseStatus } from '../../../../src/domain/release/record.ts';

/** Newest first, as `number status` or `number status returnsTo`. */
function heads(...lines: readonly string[]): readonly ReleaseHead[] {
  return lines.map((line) => {
    const [number = '', status = '', returnsTo] = line.split(' ');
    return {
      version: 1,
      app: 'shop',
      number: Number(number),
      status: status as ReleaseStatus,
      overlay: 'k8s',
      run: { holder: 'job' },
      phase: 'rollout',
      jobInSteps: false,
      startedAt: '2026-01-01T00:00:00Z',
      planDigest: 'sha256:0',
      body: { chunks: 1, sha256: '0' },
      ...(returnsTo === undefined ? {} : { returnsTo: `orion-shop-${returnsTo}` }),
    };
  });
}

describe('without a name, a rollback', () => {
  test.each([
    ['undoes a failed release', ['3 failed', '2 deployed'], 'undo', 3],
    ['undoes an interrupted one', ['3 pending', '2 deployed'], 'undo', 3],
    ['verifies a restored one again', ['3 restore-unverified', '2 deployed'], 'undo', 3],
    ['leaves one that is rolled back', ['3 rolled-back', '2 deployed', '1 deployed'], 'nothing', 3],
    ['returns to the deployed one before', ['3 deployed', '2 failed', '1 deployed'], 'return', 1],
    [
      'goes one further back each time',
      ['4 deployed 2', '3 deployed', '2 deployed', '1 deployed'],
      'return',
      1,
    ],
    [
      'counts a return as the release it returned to',
      ['5 deployed', '4 deployed 2', '3 deployed', '2 deployed'],
      'return',
      3,
    ],
  ] as const)('%s', (_, list, type, number) => {
    expect(chooseRollback(heads(...list))).toMatchObject({ type, release: { number } });
  });

  test.each([
    ['nothing on record', [], /No release of this app is on record/],
    ['a first release', ['1 deployed'], /orion-shop-1 is the oldest deployed release/],
    ['a return to the first', ['3 deployed 1', '2 deployed', '1 deployed'], /orion-shop-1 is the oldest/],
  ] as const)('has nowhere to go with %s', (_, list, message) => {
    expect(() => chooseRollback(heads(...list))).toThrow(
      expect.objectContaining({ reason: 'bad-input', message: expect.stringMatching(message) }),
    );
  });
});

describe('of a named release, a rollback', () => {
  const list = heads('4 deployed', '3 failed', '2 deployed', '1 deployed');

  test.each(['1', 'orion-shop-1'])('returns to a deployed one (%s)', (name) => {
    expect(chooseRollback(list, name)).toMatchObject({ type: 'return', release: { number: 1 } });
  });

  test('undoes the newest that failed', () => {
    expect(chooseRollback(heads('3 failed', '2 deployed'), '3')).toMatchObject({ type: 'undo' });
  });

  test.each(['failed', 'rolled-back', 'abandoned', 'restore-unverified'])(
    'is refused for one that ended as %s and has a successor (release state row 19)',
    (status) => {
      expect(() => chooseRollback(heads('4 deployed', `3 ${status}`), '3')).toThrow(
        expect.objectContaining({ reason: 'superseded' }),
      );
    },
  );

  test('is refused for one that is not there, and says which are', () => {
    expect(() => chooseRollback(list, 'orion-shop-9')).toThrow(
      expect.objectContaining({ reason: 'bad-input', remedy: expect.stringContaining('orion-shop-4') }),
    );
  });
});
