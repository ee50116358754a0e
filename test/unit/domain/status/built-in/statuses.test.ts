import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { containersOf, endsOf } from '../../../../../src/domain/status/built-in/containers.ts';
import { current, failed, isFinal } from '../../../../../src/domain/status/generic/status.ts';
import { statusOf } from '../../../../../src/domain/status/table.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec?: unknown;
  readonly status?: unknown;
  /** Fields beside spec and status. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly is: string;
  readonly code: string;
  readonly message?: string;
}

const groups: Readonly<Record<string, string>> = {
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Pod: 'v1',
  ConfigMap: 'v1',
  Service: 'v1',
  Namespace: 'v1',
  PersistentVolumeClaim: 'v1',
  Ingress: 'networking.k8s.io/v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
  Rollout: 'argoproj.io/v1alpha1',
  Workflow: 'argoproj.io/v1alpha1',
};
const versionOf = (kind: string) =>
  groups[kind] ?? (/Set$|^Deployment$/.test(kind) ? 'apps/v1' : 'example.test/v1');

function objectOf({ kind, metadata, spec, status, more }: Case): KubernetesObject {
  return {
    apiVersion: versionOf(kind),
    kind,
    metadata: { name: 'one', namespace: 'shop', generation: 1, ...metadata },
    spec: spec ?? {},
    ...(status === undefined ? {} : { status }),
    ...more,
  };
}

const cases = parse(readFileSync(new URL('statuses.yaml', import.meta.url), 'utf8')) as readonly Case[];

test.each(cases)('$kind: $name', (one) => {
  const status = statusOf(objectOf(one));
  expect([status.word, status.code]).toEqual([one.is, one.code]);
  if (one.message !== undefined) expect(status.message).toBe(one.message);
});

test('a failure that is tried again is not final', () => {
  expect(
    [failed('failed', ''), failed('stalled', ''), failed('failing', ''), current('')].map(isFinal),
  ).toEqual([true, true, false, false]);
});

test('objects of any shape have a status', () => {
  const kinds = fc.constantFrom(
    ...Object.keys(groups),
    'Deployment',
    'ReplicaSet',
    'StatefulSet',
    'DaemonSet',
    'Widget',
  );
  fc.assert(
    fc.property(kinds, fc.jsonValue(), fc.jsonValue(), (kind, spec, status) => {
      const object = { apiVersion: versionOf(kind), kind, metadata: { name: 'one' }, spec, status };
      return statusOf(object).message !== '' && containersOf(object).length >= 0;
    }),
    { numRuns: 600, seed: 7 },
  );
});

describe('how often a container has ended', () => {
  const end = (exitCode: number) => ({ terminated: { exitCode, reason: 'Error' } });
  test.each([
    ['never started', { state: { waiting: { reason: 'ContainerCreating' } } }, 0],
    ['runs the first time', { state: { running: {} } }, 0],
    ['first end', { state: end(3) }, 1],
    ['runs the second time', { state: { running: {} }, lastState: end(3), restartCount: 1 }, 1],
    ['second end', { state: end(3), lastState: end(3), restartCount: 1 }, 2],
    [
      'back-off after the second end',
      { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: end(3), restartCount: 1 },
      2,
    ],
    ['third end', { state: end(3), lastState: end(3), restartCount: 2 }, 3],
    [
      'its image is gone after the first end',
      { state: { waiting: { reason: 'ImagePullBackOff' } }, lastState: end(3), restartCount: 0 },
      1,
    ],
    [
      'lost by the runtime, raised already',
      { state: { waiting: { reason: 'ContainerCreating' } }, lastState: end(137), restartCount: 1 },
      1,
    ],
  ])('%s', (_, status, expected) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one' },
      spec: { containers: [{ name: 'api' }] },
      status: { containerStatuses: [{ name: 'api', ...status }] },
    };
    expect(containersOf(pod).map(endsOf)).toEqual([expected]);
  });

  test('an init container that completed has not ended badly', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'one' },
      spec: { initContainers: [{ name: 'migrate' }] },
      status: { initContainerStatuses: [{ name: 'migrate', state: end(0), restartCount: 2 }] },
    };
    expect(containersOf(pod).map(endsOf)).toEqual([2]);
  });
});
