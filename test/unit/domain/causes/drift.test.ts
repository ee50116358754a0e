/** Scenario 28: somebody else writes a field of ours while the release is rolled out. */
import { describe, expect, test } from 'vitest';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { type ObservedChange, startRollout, withTarget } from '../../../../src/domain/rollout/state.ts';
import { targetOf } from '../../../../src/domain/rollout/target.ts';
import { verdict } from '../../../../src/domain/verdict/verdict.ts';
import {
  applied,
  deployment,
  listed,
  pod,
  replicaSet,
  running,
  start,
  template,
  time,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

const image = 'registry.test/shop/api:2';
const field: JsonObject = {};
const api = 'k:{"name":"api"}';
const port = 'k:{"containerPort":8080,"protocol":"TCP"}';

/** What we sent: replicas, one container with image, a port and an environment. */
const ours: JsonObject = {
  'f:metadata': { 'f:annotations': { 'f:team': field } },
  'f:spec': {
    'f:replicas': field,
    'f:template': {
      'f:spec': {
        'f:containers': {
          [api]: {
            '.': field,
            'f:name': field,
            'f:image': field,
            'f:securityContext': field,
            'f:env': { 'k:{"name":"LEVEL"}': { '.': field, 'f:name': field, 'f:value': field } },
            'f:ports': { [port]: { '.': field, 'f:containerPort': field } },
          },
        },
      },
    },
  },
};

const container = {
  spec: {
    env: [{ name: 'LEVEL', value: 'info' }],
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    securityContext: {},
    terminationMessagePath: '/dev/termination-log',
  },
};

function entry(manager: string, at: number, fieldsV1: JsonObject, more: Partial<ManagedFieldsEntry> = {}) {
  return { manager, operation: 'Update', time: time(at), fieldsV1, ...more };
}

const orion = entry('orion', 0, ours, { operation: 'Apply' });
const controller = entry(
  'kube-controller-manager',
  4,
  { 'f:status': { 'f:replicas': field } },
  { subresource: 'status' },
);

type Fields = Parameters<typeof deployment>[0];

function live(generation: number, fields: Fields, entries: readonly ManagedFieldsEntry[]): KubernetesObject {
  const object = deployment({ template: template('2', container), generation, ...fields });
  return { ...object, metadata: { ...object.metadata, managedFields: [orion, controller, ...entries] } };
}

const written = live(2, { observed: 1 }, []);
const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'api' };
const wish = targetOf({ reference, desired: written }, true, written);
const before = live(1, { template: template('1', container), updated: 1, available: 1 }, []);

const path = (...below: JsonObject[]): JsonObject =>
  ({
    'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { [api]: Object.assign({}, ...below) } } } },
  }) as JsonObject;

function told(...changes: readonly ObservedChange[][]) {
  return tell(
    [wish],
    [...listed(-1, 'Deployment.apps', before), ...applied(0.1, written), ...changes.flat()],
  );
}

function failureOf(ending: ReturnType<typeof tell>) {
  if (ending.verdict.state !== 'failed') throw new Error('passed');
  return ending.verdict.failures[0];
}

describe('broken at the change, naming manager, field and both values', () => {
  test('an image edited by hand', () => {
    const edited = live(3, { template: template('9', container) }, [
      entry('kubectl-edit', 3, path({ 'f:image': field })),
    ]);
    const ending = told(applied(3, edited));
    expect([outcome(ending), ending.at]).toEqual(['changed-by-other', 3]);
    expect(failureOf(ending)).toMatchObject({
      message:
        'Deployment api was changed by field manager kubectl-edit while it was rolled out: ' +
        `spec.template.spec.containers[name=api].image is "registry.test/shop/api:9", not "${image}".`,
      field: ['spec', 'template', 'spec', 'containers', 0, 'image'],
      evidenceAt: time(3),
    });
  });

  test('a variable that another apply takes, and one more field', () => {
    const changed = template('8', { spec: { ...container.spec, env: [{ name: 'LEVEL', value: 'debug' }] } });
    const taken = path({ 'f:image': field, 'f:env': { 'k:{"name":"LEVEL"}': { 'f:value': field } } });
    const edited = live(3, { template: changed }, [
      entry('flux', 2, taken, { operation: 'Apply' }),
      entry('kubectl', 1, path({ 'f:image': field })),
    ]);
    const message = failureOf(told(applied(3, edited)))?.message;
    expect(message).toContain('by field manager flux');
    expect(message).toContain('and 1 more of its fields');
  });

  test('a container of ours that is gone', () => {
    const other = template('2', { name: 'other' });
    const edited = live(3, { template: other }, [entry('helm', 3, {}), entry('someone', 2, {})]);
    expect(failureOf(told(applied(3, edited)))?.message).toBe(
      'Deployment api was changed by field manager helm while it was rolled out: spec.template.spec.containers[name=api] is gone.',
    );
  });

  test('replicas edited otherwise than by a scale', () => {
    const edited = live(3, { replicas: 0 }, [
      entry('kubectl-edit', 3, { 'f:spec': { 'f:replicas': field } }),
    ]);
    expect(outcome(told(applied(3, edited)))).toBe('changed-by-other');
  });

  test('also when the workload is up by then, and settles', () => {
    const set = replicaSet(written, 'new');
    const up = live(2, { updated: 1, available: 1 }, []);
    const edited = live(
      3,
      { updated: 1, available: 1, template: template('2', { ...container, image: 'x' }) },
      [entry('kubectl-edit', 5, path({ 'f:image': field }))],
    );
    const sets = [...applied(1, set), ...applied(1, replicaSet(edited, 'other'))];
    const pods = [
      ...applied(2, pod(set, { ready: 2, containers: [running(1)] })),
      ...applied(2, pod(replicaSet(edited, 'other'), { name: 'other', ready: 2, containers: [running(1)] })),
    ];
    const ending = told(sets, pods, applied(3, up), applied(5, edited));
    expect([outcome(ending), ending.at]).toEqual(['changed-by-other', 5]);
  });

  test('also when only a list after a cut watch tells it, by whom it may be', () => {
    const edited = live(3, { template: template('9', container) }, []);
    const { managedFields: _, ...metadata } = edited.metadata;
    const ending = told(listed(7, 'Deployment.apps', { ...edited, metadata }));
    expect(failureOf(ending)?.message).toContain('was changed by somebody else while');
  });
});

describe('sound', () => {
  const set = replicaSet(written, 'new', { template: template('2', container) });
  const up = pod(set, { ready: 4, containers: [running(3)] });
  const rest = (done: KubernetesObject, more: ObservedChange[] = []) =>
    told(applied(1, set), more, applied(4, up, done));

  test('an autoscaler scales, and we had sent replicas', () => {
    const scale = { subresource: 'scale' };
    const scaled = live(3, { replicas: 2, updated: 2, available: 2 }, [
      entry('kube-controller-manager', 3, { 'f:spec': { 'f:replicas': field } }, scale),
    ]);
    const second = pod(set, { name: 'second', ready: 4, containers: [running(3)] });
    expect(outcome(rest(scaled, applied(3, second)))).toBe('passed');
  });

  test('others write what is not ours: an annotation of the template, a part of what we sent empty', () => {
    const done = live(
      3,
      {
        updated: 1,
        available: 1,
        template: template('2', { spec: { ...container.spec, securityContext: { runAsUser: 5 } } }),
      },
      [entry('policy', 3, path({ 'f:securityContext': { 'f:runAsUser': field } }))],
    );
    const its = replicaSet(done, 'its');
    const ending = told(
      applied(1, its),
      applied(4, pod(its, { ready: 4, containers: [running(3)] })),
      applied(4, done),
    );
    expect(outcome(ending)).toBe('passed');
  });

  test('metadata, also ours, is taken without a new generation', () => {
    const done = live(2, { updated: 1, available: 1 }, []);
    const annotated = { ...done, metadata: { ...done.metadata, annotations: { team: 'theirs' } } };
    expect(outcome(rest(annotated))).toBe('passed');
  });

  test('the change was taken back before anybody looked', () => {
    expect(outcome(rest(live(4, { updated: 1, available: 1 }, [])))).toBe('passed');
  });
});

test('whose write it is does not depend on which comes first, the answer to our write or the watch', () => {
  const edited = live(3, { template: template('9', container) }, [
    entry('kubectl-edit', 3, path({ 'f:image': field })),
  ]);
  let state = startRollout([], start - 5_000, 1);
  const changes = [
    ...listed(-1, 'Deployment.apps', before),
    ...applied(0.1, written),
    ...applied(0.2, edited),
  ];
  for (const change of changes) state = observe(state, change);
  const answer = verdict(withTarget(state, wish), start + 300, limits);
  if (answer.state !== 'failed') throw new Error(answer.state);
  expect(answer.failures[0]?.message).toContain('field manager kubectl-edit');
});
