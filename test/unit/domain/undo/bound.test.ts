import { describe, expect, test } from 'vitest';
import type { JsonObject, KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { boundBy, retiredBy } from '../../../../src/domain/undo/bound.ts';

describe('a claim', () => {
  const reference = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data' };
  const claim = (storage?: string, mode = 'ReadWriteOnce') => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop' },
    spec: { accessModes: [mode], resources: { requests: storage === undefined ? {} : { storage } } },
  });

  test('that has grown keeps its size, and nothing else', () => {
    const bound = boundBy(reference, claim('1Gi'), claim('2Gi', 'ReadWriteMany'));
    expect(bound?.request).toEqual(claim('2Gi'));
    expect(bound?.kept).toMatchObject({
      reference,
      message: expect.stringContaining('keeps its new size of 2Gi: a claim of 1Gi'),
    });
  });

  test.each([
    ['1Gi', '1Gi'],
    ['1Gi', '1024Mi'],
    ['2Gi', '1Gi'],
    [undefined, '1Gi'],
    ['1Gi', undefined],
  ])('of %s that is %s now is restored as it was', (before, now) => {
    expect(boundBy(reference, claim(before), claim(now))).toBeUndefined();
  });

  test('is told by its kind', () => {
    expect(boundBy({ ...reference, kind: 'Widget' }, claim('1Gi'), claim('2Gi'))).toBeUndefined();
  });
});

describe('a definition', () => {
  const apiVersion = 'apiextensions.k8s.io/v1';
  const reference = { apiVersion, kind: 'CustomResourceDefinition', name: 'queues.example.org' };
  const version = (name: string, storage: boolean, served = true) => ({ name, served, storage });
  const definition = (versions: readonly JsonObject[], storedVersions: readonly string[] = []) =>
    ({
      apiVersion,
      kind: 'CustomResourceDefinition',
      metadata: { name: 'queues.example.org' },
      spec: { group: 'example.org', versions },
      status: { storedVersions },
    }) as KubernetesObject & JsonObject;
  const before = definition([version('v1', true)]);

  test('keeps a version in which objects may be stored, served and no longer the stored one', () => {
    const live = definition([version('v1', false), version('v2', true), version('v3', false)], ['v1', 'v2']);
    const bound = boundBy(reference, before, live);
    expect(bound?.request).toMatchObject({ spec: { versions: [version('v1', true), version('v2', false)] } });
    expect(bound?.kept.message).toContain('keeps version v2:');
  });

  test('is restored as it was where nothing is stored in the new version', () => {
    const live = definition([version('v1', true), version('v2', false)], ['v1']);
    expect(boundBy(reference, before, live)).toBeUndefined();
    expect(boundBy(reference, definition([]), live)).toBeUndefined();
  });

  test('retires the versions that it serves now and will not serve', () => {
    const live = definition([version('v1', false), version('v2', true), version('v3', false)]);
    const request = definition([version('v1', true), version('v3', false, false)]);
    expect(retiredBy(request, live)).toEqual(['example.org/v2', 'example.org/v3']);
    expect(retiredBy(live, live)).toEqual([]);
    expect(retiredBy(request, undefined)).toEqual([]);
    expect(retiredBy(definition([]), live)).toEqual([]);
    expect(retiredBy(request, { ...live, kind: 'Widget' })).toEqual([]);
  });
});
