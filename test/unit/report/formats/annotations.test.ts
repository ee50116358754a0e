import { describe, expect, it } from 'vitest';
import { renderAnnotations } from '../../../../src/report/formats/annotations.ts';
import { crashLoop, refused } from '../../../support/report/failed-results.ts';
import { unchanged } from '../../../support/report/quiet-results.ts';
import { success } from '../../../support/report/succeeded-result.ts';

const [cause] = crashLoop.failures;
if (cause === undefined) throw new Error('the example has a cause');

describe('renderAnnotations', () => {
  it('puts the cause at the line a person would edit', () => {
    expect(renderAnnotations(crashLoop)).toEqual([
      {
        level: 'error',
        title: 'Deployment auth: crash-loop',
        message: expect.stringMatching(
          /^Container auth of Deployment auth exited with code 3.*\nRead the log.*\nWhere: Deployment auth → /s,
        ),
        file: 'examples/orion/k8s/overlays/staging/kustomization.yaml',
        line: 14,
      },
    ]);
  });

  it('makes findings errors and warnings, and server warnings warnings', () => {
    expect(renderAnnotations(refused).map(({ level, title }) => `${level} ${title}`)).toEqual([
      'error connectivity, permission-missing',
      'error Deployment user: secrets, secret-key-missing',
      'warning resources, resources-unknown',
    ]);
    expect(renderAnnotations(success).map(({ level, line }) => `${level} ${line}`)).toEqual([
      'warning 7',
      'warning 33',
    ]);
    expect(renderAnnotations(unchanged)).toEqual([]);
  });

  it('marks a run that failed without a cause of its own', () => {
    const bad = {
      ...crashLoop,
      failures: [],
      reason: 'bad-input' as const,
      message: 'Input timeout is no duration.',
    };
    expect(renderAnnotations(bad)).toMatchObject([{ level: 'error', title: 'bad-input' }]);
  });

  it.each(['rollback-failed', 'restore-unverified'] as const)('says %s before every cause', (outcome) => {
    const failures = Array.from({ length: 32 }, () => cause);
    const rollback = 'The rollback failed: the API server refused it.';
    const nextSteps = ['Restore Deployment auth by hand:\nkubectl apply'];
    const [first, ...others] = renderAnnotations({ ...crashLoop, failures, outcome, rollback, nextSteps });
    expect(first).toEqual({
      level: 'error',
      title: outcome,
      message: `${rollback}\n${nextSteps[0]}\nEvery step is in the job summary.`,
    });
    expect(others).toHaveLength(9);
  });

  it('keeps 10 per level, the tenth standing for the rest', () => {
    const failures = Array.from({ length: 32 }, (_, index) => ({ ...cause, message: `cause ${index}` }));
    const errors = renderAnnotations({ ...crashLoop, failures });
    expect(errors.length).toBe(10);
    expect(errors[9]?.message).toMatch(/^And 23 more, see the job summary\./);
    expect(renderAnnotations({ ...crashLoop, failures: failures.slice(0, 10) })[9]?.message).toMatch(
      /^cause 9/,
    );
  });

  it('stays within 4,096 characters and carries no terminal codes', () => {
    const failures = [{ ...cause, message: `\u001b[31m${'x'.repeat(9000)}` }];
    const [error] = renderAnnotations({ ...crashLoop, failures });
    expect(error?.message.length).toBe(4096);
    expect(error?.message.startsWith('xxx')).toBe(true);
  });
});
