import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeResources, schedulingOf } from '../../../../src/domain/checks/resources.ts';
import type { JsonObject, KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { parseQuantity } from '../../../../src/domain/kubernetes/quantity.ts';
import { fencepostsOf } from '../../../../src/domain/kubernetes/surge.ts';
import { profiles } from '../../../../src/domain/settings/profile.ts';
import { needsExtraPod } from '../../../../src/domain/workloads/extra-pods.ts';

const node = (name: string, cpu: string, more: JsonObject = {}, ready = 'True'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  spec: more,
  status: { allocatable: { cpu, memory: '8Gi' }, conditions: [{ type: 'Ready', status: ready }] },
});
const container = (cpu: string): JsonObject => ({
  name: 'a',
  resources: { requests: { cpu, memory: '1Gi' } },
});
const pod = (cpu: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { nodeName: 'one', containers: [container(cpu)] },
});
const workload = (
  kind: string,
  spec: JsonObject,
  podSpec: JsonObject = { containers: [container('1')] },
): KubernetesObject => ({
  apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: 'web' },
  spec: { ...spec, template: { spec: podSpec } },
});
const rolling = (maxSurge: unknown, maxUnavailable: unknown): JsonObject => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } as JsonObject },
});

test('what is kept of a pod says the same as the whole of it', () => {
  const init = (cpu: string, more: JsonObject = {}) => ({ ...container(cpu), ...more });
  const pods = [
    pod('1'),
    { ...pod('2'), status: { phase: 'Failed' } },
    { ...pod('2'), metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    { ...pod('1'), spec: { nodeName: 'one', priority: -1, containers: [container('1')] } },
    { ...pod('3'), spec: { nodeName: 'elsewhere', containers: [container('3')] } },
    { ...pod('4'), spec: { containers: [container('4')] } },
    {
      ...pod('5'),
      metadata: { name: 'rich', annotations: { note: 'x'.repeat(5000) } },
      spec: {
        nodeName: 'one',
        containers: [container('5'), { name: 'free' }],
        initContainers: [init('9'), init('2', { restartPolicy: 'Always' })],
        resources: { requests: { cpu: '9' } },
        overhead: { cpu: '1' },
        volumes: [{ name: 'v', emptyDir: {} }],
      },
    },
  ];
  const judged = (seen: readonly KubernetesObject[]) =>
    judgeResources({ nodes: [node('one', '32')], pods: seen, changing: [] }, profiles.production, 1);
  const kept = pods.map(schedulingOf);
  expect(judged(kept)).toEqual(judged(pods));
  expect(judged(pods)[0]?.message).toContain('18000m CPU');
  expect(JSON.stringify(kept).length).toBeLessThan(1800);
});

const surgesOfWorkloads: readonly [string, KubernetesObject, KubernetesObject | undefined, string][] = [
  ['all pods of a new Deployment', workload('Deployment', { replicas: 3 }), undefined, '3000'],
  ['a pod per node of a new DaemonSet', workload('DaemonSet', {}), undefined, '2000'],
  [
    'a pod for each node that a new DaemonSet selects',
    workload('DaemonSet', {}, { nodeSelector: { disk: 'fast' }, containers: [container('1')] }),
    undefined,
    '0',
  ],
  [
    'none of a Job that waits for its queue',
    workload('Job', { parallelism: 4, suspend: true }),
    undefined,
    '0',
  ],
  [
    'no more than a Job has to complete',
    workload('Job', { parallelism: 9, completions: 2 }),
    undefined,
    '2000',
  ],
  ['as many as a Job runs at once', workload('Job', { parallelism: 4 }), undefined, '4000'],
  [
    '25 % of four, rounded up',
    workload('Deployment', { replicas: 4 }),
    workload('Deployment', { replicas: 4 }),
    '1000',
  ],
  [
    '25 % of five, rounded up',
    workload('Deployment', { replicas: 5 }),
    workload('Deployment', { replicas: 5 }),
    '2000',
  ],
  [
    'no surge at all',
    workload('Deployment', { replicas: 4, ...rolling(0, 1) }),
    workload('Deployment', { replicas: 4 }),
    '0',
  ],
  [
    'Recreate ends all first',
    workload('Deployment', { replicas: 4, strategy: { type: 'Recreate' } }),
    workload('Deployment', { replicas: 4 }),
    '0',
  ],
  [
    'a StatefulSet replaces',
    workload('StatefulSet', { replicas: 3 }),
    workload('StatefulSet', { replicas: 3 }),
    '0',
  ],
  [
    'pods that are added',
    workload('StatefulSet', { replicas: 5 }),
    workload('StatefulSet', { replicas: 3 }),
    '2000',
  ],
  [
    'an init container that asks for more than all others',
    workload(
      'Deployment',
      { replicas: 1 },
      { initContainers: [container('3')], containers: [container('1'), container('1')] },
    ),
    undefined,
    '3000',
  ],
  [
    'a sidecar runs beside them',
    workload(
      'Deployment',
      { replicas: 1 },
      { initContainers: [{ ...container('1'), restartPolicy: 'Always' }], containers: [container('1')] },
    ),
    undefined,
    '2000',
  ],
];

const roomOfClusters: readonly [string, Parameters<typeof judgeResources>[0], string, string, string][] = [
  [
    'fits',
    {
      nodes: [node('one', '4')],
      pods: [pod('2')],
      changing: [{ workload: workload('Deployment', { replicas: 2 }) }],
    },
    'pass',
    'pass',
    'ok',
  ],
  [
    'does not fit',
    {
      nodes: [node('one', '4')],
      pods: [pod('3')],
      changing: [{ workload: workload('Deployment', { replicas: 2 }) }],
    },
    'warn',
    'fail',
    'insufficient-resources',
  ],
  [
    'a rollout that may end a pod first does without its surge',
    {
      nodes: [node('one', '4')],
      pods: [pod('4')],
      changing: [
        {
          workload: workload('Deployment', { replicas: 4 }),
          live: workload('Deployment', { replicas: 4 }),
        },
      ],
    },
    'warn',
    'warn',
    'insufficient-resources',
  ],
  [
    'pods that only hold room for others',
    {
      nodes: [node('one', '4')],
      pods: [{ ...pod('3'), spec: { ...(pod('3')['spec'] as JsonObject), priority: -10 } }],
      changing: [{ workload: workload('Deployment', { replicas: 2 }) }],
    },
    'warn',
    'warn',
    'insufficient-resources',
  ],
  [
    'pods on their way out',
    {
      nodes: [node('one', '4')],
      pods: [{ ...pod('3'), metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } }],
      changing: [{ workload: workload('Deployment', { replicas: 2 }) }],
    },
    'warn',
    'warn',
    'insufficient-resources',
  ],
  [
    'pods that are over hold nothing',
    {
      nodes: [node('one', '4')],
      pods: [{ ...pod('3'), status: { phase: 'Succeeded' } }],
      changing: [{ workload: workload('Deployment', { replicas: 2 }) }],
    },
    'pass',
    'pass',
    'ok',
  ],
  [
    'no ready node',
    { nodes: [node('one', '4', {}, 'False')], pods: [], changing: [] },
    'warn',
    'fail',
    'too-few-nodes',
  ],
  [
    'only a cordoned node',
    { nodes: [node('one', '4', { unschedulable: true })], pods: [], changing: [] },
    'warn',
    'fail',
    'too-few-nodes',
  ],
  ['nodes may not be listed', { pods: [], changing: [] }, 'warn', 'warn', 'resources-unknown'],
  [
    'pods may not be listed',
    { nodes: [node('one', '4')], changing: [] },
    'warn',
    'warn',
    'resources-unknown',
  ],
];

describe('room for the surge', () => {
  const needed = (change: KubernetesObject, live?: KubernetesObject) => {
    const changing = [{ workload: change, ...(live === undefined ? {} : { live }) }];
    const nodes = [node('one', '100'), node('two', '100')];
    const [finding] = judgeResources({ nodes, pods: [], changing }, profiles.production, 1);
    return /requests (\d+)m CPU/.exec(finding?.message ?? '')?.[1];
  };
  test.each(surgesOfWorkloads)('%s', (_, change, live, milli) => {
    expect(needed(change, live)).toBe(milli);
  });

  test.each(roomOfClusters)('%s: staging %s, production %s', (_, facts, staging, production, reason) => {
    expect(judgeResources(facts, profiles.staging, 1)).toMatchObject([{ level: staging, reason }]);
    expect(judgeResources(facts, profiles.production, 1)).toMatchObject([{ level: production, reason }]);
  });
});

describe('a rollout starts a pod before it ends one', () => {
  const three = (kind: string, more: JsonObject = {}) => workload(kind, { replicas: 3, ...more });
  test.each<[string, KubernetesObject | undefined, KubernetesObject, boolean]>([
    ['something new', undefined, three('Deployment'), true],
    ['25 % of three unavailable is none', three('Deployment'), three('Deployment'), true],
    [
      '25 % of four is one',
      workload('Deployment', { replicas: 4 }),
      workload('Deployment', { replicas: 4 }),
      false,
    ],
    ['maxUnavailable 1', three('Deployment'), three('Deployment', rolling(1, 1)), false],
    ['maxUnavailable 0', three('Deployment'), three('Deployment', rolling(1, 0)), true],
    [
      'both resolve to nothing: one goes',
      three('Deployment'),
      three('Deployment', rolling('0%', '1%')),
      false,
    ],
    ['Recreate', three('Deployment'), three('Deployment', { strategy: { type: 'Recreate' } }), false],
    ['one replica more', workload('Deployment', { replicas: 2 }), three('Deployment', rolling(1, 1)), true],
    ['StatefulSet', three('StatefulSet'), three('StatefulSet'), false],
    ['DaemonSet', workload('DaemonSet', {}), workload('DaemonSet', {}), false],
    [
      'DaemonSet that surges',
      workload('DaemonSet', {}),
      workload('DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: '10%' } } }),
      true,
    ],
    ['Job', undefined, workload('Job', {}), true],
    ['CronJob starts none', undefined, workload('CronJob', {}), false],
  ])('%s', (_, live, changed, expected) => {
    expect(needsExtraPod(live, changed)).toBe(expected);
  });

  test('a rollout can always move', () => {
    const bound = fc.oneof(
      fc.nat(5),
      fc.nat(100).map((percent) => `${percent}%`),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), bound, bound, (replicas, maxSurge, maxUnavailable) => {
        const { surge, unavailable } = fencepostsOf(
          workload('Deployment', { replicas, ...rolling(maxSurge, maxUnavailable) }),
        );
        return surge + unavailable > 0 && Number.isInteger(surge) && Number.isInteger(unavailable);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe('quantities', () => {
  test.each<[unknown, number | undefined]>([
    ['250m', 0.25],
    ['1.5', 1.5],
    [2, 2],
    ['.5', 0.5],
    ['512Mi', 512 * 2 ** 20],
    ['1e3', 1000],
    ['1E3', 1000],
    ['1E', 1e18],
    ['2Ei', 2 * 2 ** 60],
    ['100n', 1e-7],
    ['-1', -1],
    ['1e3k', undefined],
    ['1ki', undefined],
    ['1.2.3', undefined],
    ['.', undefined],
    ['', undefined],
    ['lots', undefined],
    [undefined, undefined],
  ])('%j is %j', (text, value) => {
    const parsed = parseQuantity(text);
    if (value === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toBeCloseTo(value, 9);
  });

  test('a suffix multiplies; text of any kind is a number or nothing', () => {
    const suffixes = { m: 1e-3, '': 1, k: 1e3, M: 1e6, Ki: 2 ** 10, Mi: 2 ** 20 };
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.constantFrom(...Object.entries(suffixes)),
        fc.string(),
        (amount, [suffix, factor], noise) => {
          expect(parseQuantity(`${amount}${suffix}`)).toBeCloseTo(amount * factor, 3);
          expect(parseQuantity(noise)).not.toBeNaN();
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });
});
