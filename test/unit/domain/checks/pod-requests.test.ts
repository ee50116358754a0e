import { expect, test } from 'vitest';
import { podRequests } from '../../../../src/domain/checks/pod-requests.ts';

const asks = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu } }, ...more });
const sidecar = (cpu: string) => asks(cpu, { restartPolicy: 'Always' });

/** In cores. Each row is a case of the scheduler's own (component-helpers/resource, TestPodRequests and its siblings). */
test.each<[string, object, number]>([
  ['nothing asked for', { containers: [{}] }, 0],
  ['all containers together', { containers: [asks('1'), asks('500m')] }, 1.5],
  [
    'the largest init container, if it is more',
    { initContainers: [asks('3'), asks('1')], containers: [asks('1')] },
    3,
  ],
  ['sidecars beside the containers', { initContainers: [sidecar('2')], containers: [asks('1')] }, 3],
  [
    'an init container beside the sidecars that were started before it',
    { initContainers: [sidecar('2'), asks('5'), sidecar('4')], containers: [asks('1')] },
    7,
  ],
  ['a limit where no request is', { containers: [{ resources: { limits: { cpu: '2' } } }] }, 2],
  [
    'a request of nothing beside a limit',
    { containers: [{ resources: { requests: { cpu: '0' }, limits: { cpu: '2' } } }] },
    0,
  ],
  [
    'the pod as a whole, if its containers ask for nothing',
    { resources: { requests: { cpu: '2' } }, containers: [{}] },
    2,
  ],
  [
    'the pod as a whole, whatever its containers ask for',
    { resources: { requests: { cpu: '2' } }, containers: [asks('1')] },
    2,
  ],
  [
    'the pod as a whole, whatever its init containers ask for',
    { resources: { requests: { cpu: '2' } }, initContainers: [asks('1')], containers: [] },
    2,
  ],
  ['the limit of the pod, if nobody asks', { resources: { limits: { cpu: '2' } }, containers: [{}] }, 2],
  [
    'the requests of its containers before the limit of the pod',
    { resources: { limits: { cpu: '2' } }, containers: [asks('1')] },
    1,
  ],
  [
    'of another resource than the pod asks for',
    { resources: { requests: { memory: '1Gi' } }, containers: [asks('1')] },
    1,
  ],
  [
    'overhead on top',
    { overhead: { cpu: '250m' }, resources: { requests: { cpu: '2' } }, containers: [asks('1')] },
    2.25,
  ],
])('%s', (_, spec, cores) => {
  expect(podRequests(spec).cpu).toBe(cores);
});
