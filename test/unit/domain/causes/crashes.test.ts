/** Three ends with the same code and reason are a crash loop only if the last lines of their logs do not tell them apart. */
import { describe, expect, test } from 'vitest';
import { comparableLine } from '../../../../src/domain/logs/comparable-line.ts';
import type { LastLine } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deployment,
  ended,
  namespace,
  pod,
  replicaSet,
  running,
  start,
  target,
  termination,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

const owner = deployment();
const set = replicaSet(owner, 'v2');

function end(at: number, run: number) {
  const lastState = run === 0 ? {} : { lastState: { terminated: termination(at - 1) } };
  return applied(at, pod(set, { containers: [ended(at, run, 3, 'Error', lastState)] }));
}

function line(at: number, run: number, text: string | undefined): LastLine {
  const place = { namespace, pod: 'api-v2-x', uid: 'pod-api-v2-x', container: 'api', run };
  return {
    type: 'last-line',
    ...place,
    line: text === undefined ? text : comparableLine(text),
    at: start + at * 1000,
  };
}

function ending(lines: readonly LastLine[], heals = true) {
  const healed = [
    ...applied(30, pod(set, { ready: 30, containers: [running(30, 3)] })),
    ...applied(30, deployment({ updated: 1, available: 1 })),
  ];
  const changes = [
    ...applied(0, owner, set, pod(set, { containers: [running(0)] })),
    ...end(2, 0),
    ...end(4, 1),
    ...end(15, 2),
    ...(heals ? healed : end(30, 3)),
    ...lines,
  ].sort((one, other) => one.at - other.at);
  const told = tell([target(owner)], changes);
  return [outcome(told), told.at];
}

describe('three ends with code 3', () => {
  test('and three different lines, then a run that serves: sound', () => {
    const lines = [line(3, 0, 'no database'), line(5, 1, 'no queue'), line(15.1, 2, 'no cache')];
    expect(ending(lines)).toEqual(['passed', 40]);
  });
  test('and three different lines, then a fourth end: too many', () => {
    const lines = [line(3, 0, 'no database'), line(5, 1, 'no queue'), line(15.1, 2, 'no cache')];
    expect(ending(lines, false)).toEqual(['crash-loop', 30]);
  });
  test('and the same line but for its time: failing with the third line', () => {
    const at = (second: number) =>
      `2026-11-23T12:00:0${second}.123Z [${second}] no database after ${second}.5s`;
    const lines = [line(3, 0, at(2)), line(5, 1, at(4)), line(15.1, 2, at(5))];
    expect(ending(lines)).toEqual(['crash-loop', 15.1]);
  });
  test('the first two lines differ: the third is not waited for', () => {
    expect(ending([line(3, 0, 'no database'), line(5, 1, 'no queue')])).toEqual(['passed', 40]);
  });
  test('the first two lines are the same, and the third never comes: failing half a second late', () => {
    expect(ending([line(3, 0, 'no database'), line(5, 1, 'no database')])).toEqual(['crash-loop', 15.5]);
  });
  test('the third line differs and comes in time: sound', () => {
    const lines = [line(3, 0, 'no database'), line(5, 1, 'no database'), line(15.4, 2, 'no queue')];
    expect(ending(lines)).toEqual(['passed', 40]);
  });
  test('no line is known, or none is to be had: failing at once', () => {
    expect(ending([])).toEqual(['crash-loop', 15]);
    expect(ending([line(3, 0, undefined), line(5, 1, '')])).toEqual(['crash-loop', 15]);
  });
  test('a line of another pod of the same name says nothing', () => {
    const other = { ...line(3, 0, 'no queue'), uid: 'another' };
    expect(ending([other, line(5, 1, 'no database'), line(15.1, 2, 'no database')])).toEqual([
      'crash-loop',
      15.1,
    ]);
  });
});

test.each([
  ['2026-11-23T12:00:01.5Z no database', '2026-11-23T12:00:31.25Z no database'],
  ['2026/11/23 12:00:01 no database', '2026/11/23 12:01:07 no database'],
  ['Nov 23 12:00:01 api: no database', 'Nov 23 12:00:31 api: no database'],
  ['E1123 12:00:01.123456       1 main.go:7] no', 'E1123 12:00:31.654321      17 main.go:7] no'],
  ['{"time":1795435200123,"msg":"no"}', '{"time":1795435231456,"msg":"no"}'],
  ['gave up after 1.52s', 'gave up after 980ms'],
  ['gave up after 1m3.2s', 'gave up after 59s'],
  ['request_id=a1-77 refused', 'request_id=b9-12 refused'],
  ['order 6f1d8f6e-0c1b-4f0e-9a55-0123456789ab', 'order 11111111-0c1b-4f0e-9a55-0123456789ab'],
  ['panic at 0xc000123abc', 'panic at 0x7f0012'],
  ['read 10.0.0.7:51234->10.96.0.1:443: reset', 'read 10.0.0.7:49877->10.96.0.1:443: reset'],
  ['worker[12]: no', 'worker[345]: no'],
  ['pid 12: no', 'pid 345: no'],
])('the same but for what passes: %s', (one, other) => {
  expect(comparableLine(one)).toBe(comparableLine(other));
});

test.each([
  ['migration 1 of 3 done', 'migration 2 of 3 done'],
  ['no database', 'no queue'],
  ['cannot open facade', 'cannot open decade'],
  ['listening on :8080', 'listening on :8081'],
])('not the same: %s', (one, other) => {
  expect(comparableLine(one)).not.toBe(comparableLine(other));
});
