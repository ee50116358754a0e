import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeLine,
  checkLines,
  diffLines,
  noticeLines,
  phaseEndLine,
} from '../../../../src/report/log/events.ts';
import type { LogClock } from '../../../../src/report/log/line.ts';
import { causeLines, logTailLines, outcomeLines } from '../../../../src/report/log/outcome.ts';
import { progressLines } from '../../../../src/report/log/progress.ts';
import { smokeLine } from '../../../../src/report/log/smoke.ts';
import { formatDuration } from '../../../../src/report/text/format.ts';
import { startedAt, updated, workload } from '../../../support/report/example-release.ts';
import { crashLoop, endpointDown, refused } from '../../../support/report/failed-results.ts';
import { hostileText, withHostileStrings } from '../../../support/report/hostile-text.ts';
import { success } from '../../../support/report/succeeded-result.ts';

const clock: LogClock = { now: startedAt + 1_234, startedAt, colour: false };
const stamp = '03:12:05.484    +1.2s  ';

function everything(result: typeof success, at: LogClock): string[] {
  return [
    ...result.phases.map((timing) => phaseEndLine(timing, at)),
    ...result.checks.flatMap((check) => checkLines(check, at)),
    ...result.changes.flatMap((change) => [changeLine(change, at), ...diffLines(change.diff, at)]),
    ...progressLines(result.workloads, at),
    ...result.smoke.map((report) => smokeLine(report, at)),
    ...result.notices.flatMap((notice) => noticeLines(notice, at)),
    ...result.failures.flatMap((failure) => [...causeLines(failure, at), ...logTailLines(failure, at)]),
    ...outcomeLines(result, at),
  ];
}

describe('every line', () => {
  it('has the time, the elapsed time and, if asked for, colours', () => {
    const plain = everything(success, clock);
    for (const line of plain) expect(line.startsWith(stamp)).toBe(true);
    const coloured = everything(success, { ...clock, colour: true });
    expect(coloured.every((line) => line.includes('\u001b['))).toBe(true);
    expect(coloured.map(stripVTControlCharacters)).toEqual(plain);
  });

  it('cannot be a workflow command, coloured or not', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(success, crashLoop, refused, endpointDown),
        fc.array(hostileText, { minLength: 3 }),
        fc.boolean(),
        (example, texts, colour) => {
          let index = 0;
          const hostile = withHostileStrings(example, () => texts[index++ % texts.length] ?? '');
          for (const line of everything(hostile, { ...clock, colour })) {
            const shown = stripVTControlCharacters(line);
            expect(shown.startsWith(stamp)).toBe(true);
            expect(line).not.toMatch(/[\r\n]|##\[/);
            if (!colour) expect(line).not.toMatch(/[^\P{Cc}\t]|\p{Cf}/u);
          }
        },
      ),
    );
  });
});

describe('progress', () => {
  it('has a line per workload that is not done and a count', () => {
    const workloads = [
      workload('user'),
      updated('auth', {
        state: 'progressing',
        updated: 1,
        ready: 1,
        desired: 3,
        message: '1 of 3 pods updated',
      }),
    ];
    expect(progressLines(workloads, clock)).toEqual([
      `${stamp}  Deployment auth              updated 1/3 ready 1/3 desired 3 progressing: 1 of 3 pods updated`,
      `${stamp}  1 of 2 workloads current`,
    ]);
  });

  it('names the slowest five of hundreds, failed ones first, and counts the others', () => {
    const workloads = [
      ...Array.from({ length: 80 }, (_, index) => workload(`done-${index}`)),
      ...Array.from({ length: 19 }, (_, index) =>
        updated(`slow-${index}`, { state: 'progressing', desired: 20, updated: 19 - index, ready: 20 }),
      ),
      updated('broken', { state: 'failed' }),
    ];
    const lines = progressLines(workloads, clock);
    expect(lines.length).toBe(6);
    expect(lines.slice(0, 3).map((line) => / Deployment (\S+)/.exec(line)?.[1])).toEqual([
      'broken',
      'slow-18',
      'slow-17',
    ]);
    expect(lines.at(-1)).toBe(`${stamp}  … 95 more: 15 progressing, 80 current`);
  });
});

describe('the end', () => {
  it('says cause, place, evidence and remedy', () => {
    const lines = crashLoop.failures
      .flatMap((failure) => [...causeLines(failure, clock), ...logTailLines(failure, clock)])
      .map((line) => line.slice(stamp.length));
    expect(lines).toEqual([
      'FAIL Container auth of Deployment auth exited with code 3 three times in a row. (crash-loop)',
      '  Where: Deployment auth → ReplicaSet auth-6d5f7c9b8 → Pod auth-6d5f7c9b8-x2k4p → container auth',
      '  Edit: examples/orion/k8s/overlays/staging/kustomization.yaml:14',
      expect.stringMatching(/^ {2}Event: BackOff \(3 times\): Back-off/),
      expect.stringMatching(/^ {2}Fix:\s+Read the log/),
      '  Log of auth-6d5f7c9b8-x2k4p, container auth, previous run:',
      expect.stringMatching(/^ {2}│ \{"level":"info"/),
      expect.stringMatching(/^ {2}│ /),
      expect.stringMatching(/^ {2}│ .*password authentication failed/),
      expect.stringMatching(/^ {2}│ .*exiting with code 3/),
    ]);
  });

  it('says outcome, duration, counts and what to do next', () => {
    expect(outcomeLines(success, clock).map((line) => line.slice(stamp.length))).toEqual([
      'orion is deployed to staging (41 s, succeeded, exit code 0)',
      '  Release orion-orion-12 is deployed; every changed workload stayed up for 10 s.',
      '  6 of 6 workloads current, 10 of 10 smoke tests passed, 1 created, 2 changed of 6 objects, 1 check warned',
      'What to do next:',
      '  - Watch the new pods:',
      '      kubectl -n orion-staging get pods -l app.kubernetes.io/part-of=orion --watch',
    ]);
  });
});

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_449, '1.4 s'],
  [9_960, '10 s'],
  [59_600, '1 min'],
  [125_000, '2 min 5 s'],
  [3_720_000, '1 h 2 min'],
  [-5, '0 ms'],
])('%d ms is %s', (milliseconds, expected) => {
  expect(formatDuration(milliseconds)).toBe(expected);
});
