import { expect, it } from 'vitest';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import { faultOf, findingOf, saidOnce } from '../../../../src/flow/run/errors.ts';

const thrown = new Error('raw');

it.each([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [500, 'cluster-unreachable'],
  [409, 'cluster-unreachable'],
])('a refusal with status %i is a fault of reason %s, with cause and remedy', (status, reason) => {
  const fault = faultOf(thrown, { status, reason: 'X', message: 'pods is\nforbidden' });
  expect(fault).toBeInstanceOf(Fault);
  expect(fault).toMatchObject({ reason, message: expect.stringContaining('pods is forbidden') });
  expect((fault as Fault).remedy).not.toBe('');
});

it('a Fault stays what it is, and our own mistakes are thrown on', () => {
  const fault = new Fault('lock-held', 'held', 'wait');
  expect(faultOf(fault, { status: 403, reason: '', message: '' })).toBe(fault);
  expect(findingOf(fault, undefined)).toMatchObject({ level: 'fail', reason: 'lock-held', message: 'held' });
  expect(() => findingOf(thrown, undefined)).toThrow(thrown);
});

it('one cause is said by the check that owns it; the others could not look', () => {
  const finding = {
    level: 'fail',
    reason: 'cluster-unreachable',
    message: 'no answer',
    remedy: 'look',
  } as const;
  const result = (check: 'connectivity' | 'overlay' | 'health') =>
    ({ check, level: 'fail', findings: [finding], milliseconds: 1 }) as const;
  const said = saidOnce([result('connectivity'), result('overlay'), result('health')]);
  expect(said.map(({ level }) => level)).toEqual(['fail', 'warn', 'warn']);
  expect(said[1]?.findings[0]?.message).toBe('Not checked: the connectivity check failed.');
});
