import { expect, test } from 'vitest';
import {
  type JsonObject,
  type KubernetesObject,
  referenceOf,
} from '../../../../src/domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../../../src/domain/plan/changes.ts';
import { planDigestText } from '../../../../src/domain/plan/digest.ts';

const one = 'app-secrets-2456789bcd';
const other = 'app-secrets-fghkmt2456';

const secret = (name: string, value: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop', labels: { app: 'shop' } },
  type: 'Opaque',
  data: { url: value },
});
const settings = (value: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { level: value },
});
const web = (secretName: string, image = 'web:1'): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { image, secretName },
});

function planned(desired: KubernetesObject, live?: KubernetesObject, fields: JsonObject = {}): PlannedChange {
  const managedFields = [{ manager: 'orion', operation: 'Apply' as const, fieldsV1: fields }];
  return {
    reference: referenceOf(desired),
    action: live === undefined ? 'created' : 'configured',
    desired,
    ...(live === undefined
      ? {}
      : { live, predicted: { ...desired, metadata: { ...desired.metadata, managedFields } } }),
    conflicts: [],
    adopts: false,
    deferred: false,
    warnings: [],
  };
}

const specFields = { 'f:spec': { 'f:image': {}, 'f:secretName': {} } };
const base = planDigestText([planned(secret(one, 'YQ==')), planned(settings('info')), planned(web(one))]);

test('a generated suffix of a Secret, its data and the order of objects move nothing', () => {
  expect(
    planDigestText([planned(web(other)), planned(secret(other, 'Yg==')), planned(settings('info'))]),
  ).toBe(base);
});

test('nor does it matter which generated Secret is live already', () => {
  const current = web(one);
  const withSecrets = [
    planned(secret(one, 'YQ=='), secret(one, 'YQ==')),
    planned(web(one), current, specFields),
  ];
  const withoutThem = [planned(secret(other, '')), planned(web(other), current, specFields)];
  expect(planDigestText(withoutThem)).toBe(planDigestText(withSecrets));
});

test.each<[string, readonly PlannedChange[]]>([
  ['a value of a ConfigMap', [planned(secret(one, 'YQ==')), planned(settings('debug')), planned(web(one))]],
  ['an image', [planned(secret(one, 'YQ==')), planned(settings('info')), planned(web(one, 'web:2'))]],
  [
    'an object more',
    [planned(secret(one, 'YQ==')), planned(settings('info')), planned(web(one)), planned(settings('x'))],
  ],
  [
    'a label of a Secret',
    [planned({ ...secret(one, ''), type: 'other' }), planned(settings('info')), planned(web(one))],
  ],
])('%s moves it', (_, changes) => {
  expect(planDigestText(changes)).not.toBe(base);
});

test('a live field of ours moves it, a live field of others does not', () => {
  const digest = (live: KubernetesObject) => planDigestText([planned(web(one, 'web:2'), live, specFields)]);
  const before = digest(web(one));
  expect(digest(web(one, 'web:0'))).not.toBe(before);
  expect(digest({ ...web(one), spec: { image: 'web:1', secretName: one, replicas: 7 } })).toBe(before);
});

test('a namespace that was only just made is like one that is not there', () => {
  const desired = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { level: 'restricted' } },
  };
  const made = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop' } },
  };
  const fields = { 'f:metadata': { 'f:labels': { 'f:level': {} } } };
  const absent = planDigestText([planned(desired)]);
  expect(planDigestText([planned(desired, made, fields)])).toBe(absent);
  const labelled = { ...made, metadata: { ...made.metadata, labels: { level: 'baseline' } } };
  expect(planDigestText([planned(desired, labelled, fields)])).not.toBe(absent);
});

test('no value of a Secret is in the text', () => {
  const { data: _data, ...rest } = secret('plain', '');
  const texts = { ...rest, stringData: { url: 'canary-one' } } as KubernetesObject;
  const objects = [secret(one, 'Y2FuYXJ5'), texts];
  const textOf = (kind: string) =>
    planDigestText(
      objects.map((object) => {
        const ofKind = { ...object, kind };
        return planned(ofKind, ofKind, { 'f:data': {}, 'f:stringData': {} });
      }),
    );
  expect(textOf('Secret')).not.toMatch(/Y2FuYXJ5|canary/);
  const shown = textOf('ConfigMap');
  expect(shown).toContain('Y2FuYXJ5');
  expect(shown).toContain('canary-one');
});
