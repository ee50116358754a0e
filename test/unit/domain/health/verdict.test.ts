import { describe, expect, test } from 'vitest';
import { observeHealth, startHealth } from '../../../../src/domain/health/state.ts';
import { type HealthVerdict, healthVerdict } from '../../../../src/domain/health/verdict.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { type ObservedChange, startRollout } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deployment,
  ended,
  listed,
  namespace,
  type PodFields,
  pod,
  replicaSet,
  running,
  start,
  target,
  template,
  time,
} from '../../../support/rollout/objects.ts';
import { limits } from '../../../support/rollout/story.ts';

type Labels = Readonly<Record<string, string>>;

const labelled = (version: string, labels: Labels) => ({ ...template(version), metadata: { labels } });
const before = deployment({ template: labelled('1', { app: 'api' }) });
const live = deployment({ generation: 2, template: labelled('2', { app: 'api' }), updated: 1, available: 1 });
const oldSet = replicaSet(before, 'one');
const newSet = replicaSet(live, 'two');

const web = (fields: PodFields = {}) =>
  pod(newSet, {
    name: 'api-two-x',
    labels: { app: 'api', 'pod-template-hash': 'two' },
    ready: 5,
    created: 2,
    containers: [running(3)],
    ...fields,
  });
const oldPod = (fields: PodFields = {}) =>
  pod(oldSet, {
    name: 'api-one-x',
    labels: { app: 'api' },
    ready: -100,
    containers: [running(-100)],
    ...fields,
  });

function service(
  selector: Labels | undefined,
  spec: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', namespace },
    spec: {
      ...(selector === undefined ? {} : { selector }),
      ports: [{ port: 80, targetPort: 8080 }],
      ...spec,
    },
  };
}

const ready = { ready: true, serving: true, terminating: false };

function slice(
  name: string,
  ...endpoints: readonly (readonly [KubernetesObject, object])[]
): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, uid: name, labels: { 'kubernetes.io/service-name': 'api' } },
    endpoints: endpoints.map(([{ metadata }, conditions]) => ({
      addresses: ['10.0.0.1'],
      conditions,
      targetRef: { kind: 'Pod', name: metadata.name, uid: metadata.uid },
    })),
  };
}

interface Story {
  readonly rendered: readonly KubernetesObject[];
  readonly changes: readonly ObservedChange[];
  readonly desired?: KubernetesObject;
  /** Seconds after the start. */
  readonly at?: number;
  readonly former?: readonly string[];
}

const rolledOut = applied(3, live, newSet, oldSet);

function judge({ rendered, changes, desired = live, at = 20, former = [] }: Story): HealthVerdict {
  let rollout = startRollout([target(desired)], start - 5_000);
  let health = startHealth();
  for (const change of changes) {
    rollout = observe(rollout, change);
    health = observeHealth(health, change);
  }
  const subject = { namespace, rendered: [desired, ...rendered], former: new Set(former) };
  return healthVerdict(rollout, health, subject, start + at * 1000, {
    rollout: limits,
    deadline: start + 60_000,
  });
}

/** The state, and what is said of the Services, of troubles or of what is waited for. */
function told(answer: HealthVerdict): string {
  const said =
    answer.state === 'failed'
      ? answer.failures.map(({ reason, message }) => `${reason}: ${message}`)
      : answer.services.map(({ state, message }) => `${state}: ${message}`);
  return [answer.state, ...said].join(' | ');
}

const app = service({ app: 'api' });

const endpointStories: readonly (readonly [string, Story, string])[] = [
  [
    'hold every ready pod of this release',
    { rendered: [app], changes: [...rolledOut, ...applied(5, web(), slice('s', [web(), ready]))] },
    'passed | sound: 1 of 1 new pods in its endpoints',
  ],
  [
    'of several slices count together, and an absent ready means true',
    { rendered: [app], changes: [...rolledOut, ...applied(5, web(), slice('s'), slice('t', [web(), {}]))] },
    'passed | sound: 1 of 1 new pods in its endpoints',
  ],
  [
    'of old pods only are meant where the overlay pauses the Deployment',
    {
      rendered: [app],
      desired: deployment({
        generation: 2,
        template: labelled('2', { app: 'api' }),
        spec: { paused: true },
      }),
      changes: [
        ...applied(3, deployment({ generation: 2, spec: { paused: true } }), oldSet),
        ...applied(5, oldPod(), slice('s', [oldPod(), ready])),
      ],
    },
    'passed | sound: 1 of 1 new pods in its endpoints',
  ],
  [
    'that lack a ready pod are waited for',
    { rendered: [app], changes: [...rolledOut, ...applied(5, web(), slice('s'))] },
    'pending | waiting: 0 of 1 new pods in its endpoints',
  ],
  [
    'that lack a ready pod when time is up are the failure',
    { rendered: [app], changes: [...rolledOut, ...applied(5, web(), slice('s'))], at: 60 },
    'failed | endpoints-missing: Service api does not have api-two-x in its endpoints, which is ready.',
  ],
  [
    'of a pod of the same name that is gone do not count',
    {
      rendered: [app],
      changes: [...rolledOut, ...applied(5, web(), slice('s', [web({ uid: 'before' }), ready]))],
    },
    'pending | waiting: 0 of 1 new pods in its endpoints',
  ],
  [
    'with an old pod beside the new one are waited for',
    {
      rendered: [app],
      changes: [...rolledOut, ...applied(5, oldPod(), web(), slice('s', [web(), ready], [oldPod(), ready]))],
    },
    'pending | waiting: 1 of 1 new pods in its endpoints, old pods are in its endpoints beside the new ones: api-one-x',
  ],
  [
    'with an old pod when time is up name it',
    {
      rendered: [app],
      changes: [...rolledOut, ...applied(5, oldPod(), web(), slice('s', [web(), ready], [oldPod(), ready]))],
      at: 60,
    },
    'failed | endpoints-missing: Service api still sends to old pods: api-one-x.',
  ],
  [
    'of an old pod that ends are waited for',
    {
      rendered: [app],
      changes: [
        ...rolledOut,
        ...applied(
          5,
          oldPod({ deletion: 40 }),
          web(),
          slice('s', [web(), ready], [oldPod(), { ready: false, serving: true, terminating: true }]),
        ),
      ],
    },
    'pending | waiting: 1 of 1 new pods in its endpoints, old pods still end: api-one-x',
  ],
  [
    'of an old pod that ends for long are no failure',
    {
      rendered: [app],
      changes: [
        ...rolledOut,
        ...applied(
          5,
          oldPod({ deletion: 400 }),
          web(),
          slice('s', [web(), ready], [oldPod(), { ready: false, serving: true, terminating: true }]),
        ),
      ],
      at: 60,
    },
    'passed | waiting: 1 of 1 new pods in its endpoints, old pods still end: api-one-x',
  ],
  [
    'of an old pod that ends and no longer answers do not matter',
    {
      rendered: [app],
      changes: [
        ...rolledOut,
        ...applied(
          5,
          oldPod({ deletion: 40 }),
          web(),
          slice('s', [web(), ready], [oldPod(), { ready: false, serving: false, terminating: true }]),
        ),
      ],
    },
    'passed | sound: 1 of 1 new pods in its endpoints',
  ],
];

describe('endpoints', () => {
  test.each(endpointStories)('%s', (_name, story, wanted) => {
    expect(told(judge(story))).toBe(wanted);
  });
});

const rolledOutPod = [...rolledOut, ...applied(5, web())];

const selectorStories: readonly (readonly [string, Story, string])[] = [
  [
    'that no pod can ever have fails at once and names the nearest labels',
    { rendered: [service({ app: 'apj' })], changes: rolledOutPod },
    'failed | endpoints-missing: Service api selects app=apj, and no pod has that; the nearest, Deployment api, has app=api.',
  ],
  [
    'that a label of the running pod could still fulfil is waited for',
    { rendered: [service({ app: 'api', role: 'leader' })], changes: rolledOutPod },
    'pending | waiting: selects app=api, role=leader, and no pod has that; the nearest, Deployment api, has app=api',
  ],
  [
    'that nothing fulfilled when time is up',
    { rendered: [service({ app: 'api', role: 'leader' })], changes: rolledOutPod, at: 60 },
    'failed | endpoints-missing: Service api selects app=api, role=leader, and no pod has that; the nearest, Deployment api, has app=api.',
  ],
  [
    'that an operator’s pods may have is waited for',
    {
      rendered: [
        service({ cluster: 'pg' }),
        { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', metadata: { name: 'pg', namespace } },
      ],
      changes: rolledOutPod,
    },
    'pending | waiting: selects cluster=pg, and no pod has that',
  ],
  [
    'that pins an old label, the old pods still ending, names them',
    {
      rendered: [service({ app: 'api', version: '1' })],
      desired: deployment({
        ...{ generation: 2, updated: 1, available: 1 },
        template: labelled('2', { app: 'api', version: '2' }),
      }),
      changes: applied(
        3,
        deployment({
          generation: 2,
          updated: 1,
          available: 1,
          template: labelled('2', { app: 'api', version: '2' }),
        }),
        replicaSet(deployment({ template: labelled('2', { app: 'api', version: '2' }) }), 'two'),
        oldSet,
        web({ labels: { app: 'api', version: '2' } }),
        oldPod({ labels: { app: 'api', version: '1' }, deletion: 30 }),
      ),
    },
    'failed | endpoints-missing: Service api selects app=api, version=1, which only old pods have (api-one-x), and none of this release; the nearest, Deployment api, has version=2.',
  ],
  [
    'of pods that are not of this release is not judged',
    {
      rendered: [service({ app: 'elsewhere' })],
      changes: [
        ...rolledOutPod,
        ...applied(
          5,
          pod(replicaSet(deployment({ name: 'other' }), 'x'), {
            name: 'other-x',
            labels: { app: 'elsewhere' },
          }),
        ),
      ],
    },
    'passed | skipped: selects pods that are not of this release, not judged',
  ],
  [
    'of pods that a workload of the release before left behind is a failure',
    {
      rendered: [service({ app: 'api', colour: 'blue' })],
      desired: deployment({
        generation: 2,
        updated: 1,
        available: 1,
        template: labelled('2', { app: 'api', colour: 'green' }),
      }),
      former: [`Deployment.apps/${namespace}/blue`],
      changes: applied(
        3,
        deployment({
          generation: 2,
          updated: 1,
          available: 1,
          template: labelled('2', { app: 'api', colour: 'green' }),
        }),
        replicaSet(deployment({ template: labelled('2', { app: 'api', colour: 'green' }) }), 'two'),
        web({ labels: { app: 'api', colour: 'green' } }),
        deployment({ name: 'blue', template: labelled('1', { app: 'api', colour: 'blue' }) }),
        replicaSet(deployment({ name: 'blue' }), 'b'),
        pod(replicaSet(deployment({ name: 'blue' }), 'b'), {
          name: 'blue-b-x',
          labels: { app: 'api', colour: 'blue' },
          ready: -9,
        }),
      ),
    },
    'failed | endpoints-missing: Service api selects app=api, colour=blue, which only old pods have (blue-b-x), and none of this release; the nearest, Deployment api, has colour=green.',
  ],
  [
    'that is absent is not judged',
    { rendered: [service(undefined)], changes: rolledOutPod },
    'passed | skipped: has no selector, not judged',
  ],
  [
    'beside an external name is not judged',
    {
      rendered: [service({ app: 'nobody' }, { type: 'ExternalName', externalName: 'db.example' })],
      changes: rolledOutPod,
    },
    'passed | skipped: has no selector, not judged',
  ],
  [
    'of a workload that is scaled to zero is not judged',
    {
      rendered: [
        service({ app: 'batch' }),
        deployment({ name: 'batch', replicas: 0, template: labelled('1', { app: 'batch' }) }),
      ],
      changes: rolledOutPod,
    },
    'passed | skipped: selects pods of Deployment batch, which is scaled to zero',
  ],
  [
    'of one pod of a StatefulSet, by the label that its controller adds, is waited for',
    {
      rendered: [service({ app: 'api', 'statefulset.kubernetes.io/pod-name': 'api-0' })],
      changes: rolledOutPod,
    },
    'pending | waiting: no pod of Deployment api exists yet',
  ],
];

describe('a selector', () => {
  test.each(selectorStories)('%s', (_name, story, wanted) => {
    expect(told(judge(story))).toBe(wanted);
  });
});

describe('a named target port', () => {
  const named = service({ app: 'api' }, { ports: [{ port: 80, targetPort: 'http' }] });
  const withPort = (port: object) => web({ spec: { containers: [{ name: 'api', ports: [port] }] } });
  test('that no container has fails at once', () => {
    const changes = [
      ...rolledOut,
      ...applied(5, withPort({ name: 'web', containerPort: 80 }), slice('s', [web(), ready])),
    ];
    expect(told(judge({ rendered: [named], changes }))).toBe(
      'failed | endpoints-missing: Service api sends to the port named http, and no container of pod api-two-x has a port of that name.',
    );
  });
  test('that only exists for another protocol fails too', () => {
    const port = { name: 'http', containerPort: 80, protocol: 'UDP' };
    const changes = [...rolledOut, ...applied(5, withPort(port), slice('s', [web(), ready]))];
    expect(judge({ rendered: [named], changes }).state).toBe('failed');
  });
  test('that the container has passes', () => {
    const changes = [
      ...rolledOut,
      ...applied(5, withPort({ name: 'http', containerPort: 80 }), slice('s', [web(), ready])),
    ];
    expect(judge({ rendered: [named], changes }).state).toBe('passed');
  });
});

describe('after the rollout', () => {
  const endpoints = applied(5, web(), slice('s', [web(), ready]));
  test('a restart makes it wait until the pod has stayed up anew', () => {
    const changes = [
      ...rolledOut,
      ...endpoints,
      ...applied(18, web({ ready: false, containers: [ended(18)] })),
      ...applied(19, web({ ready: 19, containers: [running(19, 1)] })),
    ];
    expect(judge({ rendered: [app], changes, at: 20 }).state).toBe('pending');
    expect(judge({ rendered: [app], changes, at: 29 }).state).toBe('passed');
  });
  test('three ends alike are a failure of health, with the cause', () => {
    const crashes = [18, 19, 20].flatMap((at, run) =>
      applied(at, web({ ready: false, containers: [ended(at, run)] })),
    );
    const answer = judge({ rendered: [app], changes: [...rolledOut, ...endpoints, ...crashes], at: 20 });
    expect(told(answer)).toContain(
      'restarted-after-ready: After the rollout had passed: Container api of Deployment api exited with code 3, 3 times in the same way.',
    );
  });
  test('a pod that is unready when time is up is said to be', () => {
    const changes = [
      ...rolledOut,
      ...endpoints,
      ...applied(
        18,
        web({ ready: false, conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time(18) }] }),
      ),
      ...applied(18, slice('s')),
    ];
    const answer = judge({ rendered: [app], changes, at: 60 });
    expect(told(answer)).toContain(
      'endpoints-missing: Service api has no endpoints: none of its pods is ready (api-two-x).',
    );
  });
});

test('the order of arrival between kinds, repeats and lists change nothing', () => {
  const parts = [rolledOut, applied(5, web()), applied(5, app), applied(5, slice('s', [web(), ready]))];
  const relisted = [
    ...listed(6, 'EndpointSlice.discovery.k8s.io', slice('s', [web(), ready])),
    ...listed(6, 'Service', app),
  ];
  const orders = [parts, [...parts].reverse(), [...parts, ...parts, relisted], [relisted, ...parts]];
  const told_ = orders.map((order) => told(judge({ rendered: [app], changes: order.flat() })));
  expect(new Set(told_)).toEqual(new Set(['passed | sound: 1 of 1 new pods in its endpoints']));
});

test('a slice that a list no longer has is gone', () => {
  const changes = [
    ...rolledOut,
    ...applied(5, web(), slice('s', [web(), ready])),
    ...listed(6, 'EndpointSlice.discovery.k8s.io'),
  ];
  expect(judge({ rendered: [app], changes }).state).toBe('pending');
});
