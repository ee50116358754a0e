import { expect, test } from 'vitest';
import { faultsOf, smokeTests, type Undoing } from '../../../../bench/judge/rolled-back.ts';
import type { KubernetesObject, Write } from '../../../../bench/judge/writes.ts';

const up = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

function deployment(status: object = up): KubernetesObject {
  return {
    kind: 'Deployment',
    metadata: { name: 'web', generation: 3 },
    spec: { replicas: 2 },
    status,
  };
}

function write(resource: string, name: string, code = 200): Write {
  return { resource, name, code, verb: 'patch', subresource: '', message: '', at: 0 };
}

const fine: Undoing = {
  exitCode: 2,
  outcome: 'rolled-back',
  output: 'Restored: 5 smoke tests passed, 0 failed',
  expectedExitCode: 2,
  differences: [],
  byDesign: [],
  before: [deployment()],
  after: [deployment()],
  writes: [write('deployments', 'web')],
  clients: [{ service: 'web', oldPodsStay: true, calls: 76, failed: [] }],
};
const refused: Undoing = { ...fine, exitCode: 1, outcome: 'failed', output: '', writes: [] };
const claim = { object: 'PersistentVolumeClaim data', field: '', before: 'absent', after: 'there' };
const known = { object: claim.object, field: '^$', after: 'there', why: 'may hold data' };
const heldUp: Undoing = {
  ...fine,
  obstacle: 'paused',
  output: '',
  after: [deployment({ ...up, readyReplicas: 1 })],
};
const untested = 'what was restored was not smoke-tested, or did not pass';

test.each<[string, Undoing, readonly string[]]>([
  ['all is well', fine, []],
  ['refused before apply', refused, []],
  ['nothing was there before', { ...fine, before: [], after: [], output: '', clients: [] }, []],
  ['a difference by design', { ...fine, differences: [claim], byDesign: [known] }, []],
  ['only a ConfigMap was written', { ...fine, output: '', writes: [write('configmaps', 'web')] }, []],
  ['another workload was written', { ...fine, output: '', writes: [write('deployments', 'api')] }, []],
  ['a write was refused', { ...fine, output: '', writes: [write('deployments', 'web', 422)] }, []],
  ['the old pods go by design', withClient({ oldPodsStay: false, failed: ['+1.0 s: Error'] }), []],
  ['held up, and says so', { ...heldUp, outcome: 'rollback-failed' }, []],
  ['held up, not proven', { ...heldUp, outcome: 'restore-unverified' }, []],
  ['held up, and claims to be fine', heldUp, [untested, 'Deployment web is not ready']],
  [
    'held up, with another exit code',
    { ...heldUp, outcome: 'rollback-failed', exitCode: 3 },
    ['exit code 3, not 2'],
  ],
  ['another exit code', { ...fine, exitCode: 3 }, ['exit code 3, not 2']],
  ['no exit code', { ...fine, exitCode: null }, ['exit code null, not 2']],
  [
    'green',
    { ...fine, exitCode: 0, outcome: 'succeeded' },
    ['exit code 0, not 2', 'outcome succeeded, not rolled-back'],
  ],
  ['not undone', { ...fine, outcome: 'rollback-failed' }, ['outcome rollback-failed, not rolled-back']],
  [
    'refused too late',
    { ...refused, writes: [write('secrets', 'a')] },
    ['refused, and wrote patch secrets a'],
  ],
  ['not tested', { ...fine, output: 'FAIL' }, [untested]],
  ['tested in vain', { ...fine, output: 'Restored: 4 smoke tests passed, 1 failed' }, [untested]],
  [
    'a difference',
    { ...fine, differences: [claim] },
    ['PersistentVolumeClaim data.: was "absent", is "there"'],
  ],
  [
    'another difference than that by design',
    { ...fine, differences: [{ ...claim, after: 'elsewhere' }], byDesign: [known] },
    ['PersistentVolumeClaim data.: was "absent", is "elsewhere"'],
  ],
  [
    'one pod short',
    { ...fine, after: [deployment({ ...up, readyReplicas: 1 })] },
    ['Deployment web is not ready'],
  ],
  [
    'pods of two versions',
    { ...fine, after: [deployment({ ...up, replicas: 3 })] },
    ['Deployment web is not ready'],
  ],
  [
    'not seen yet',
    { ...fine, after: [deployment({ ...up, observedGeneration: 2 })] },
    ['Deployment web is not ready'],
  ],
  ['gone', { ...fine, after: [] }, ['Deployment web is not ready']],
  [
    'a failed call',
    withClient({ failed: ['+1.0 s: Error'] }),
    ['1 of 76 calls of Service web failed: +1.0 s: Error'],
  ],
  ['nobody called', withClient({ calls: 0 }), ['the client of Service web made no call']],
])('%s', (_, undoing, faults) => {
  expect(faultsOf(undoing)).toEqual(faults);
});

function withClient(client: Partial<Undoing['clients'][number]>): Undoing {
  return { ...fine, clients: fine.clients.map((one) => ({ ...one, ...client })) };
}

test.each([
  ['Restored: 12 smoke tests passed, 0 failed', 12],
  ['Restored: 12 smoke tests passed, 10 failed', undefined],
  ['12 smoke tests passed, 0 failed', undefined],
])('%s', (output, count) => {
  expect(smokeTests(output)).toBe(count);
});
