/** One object made what it was, before an API server in memory that knows ownership of the fields of `data`. */
import { describe, expect, test } from 'vitest';
import { membersOf, memberText, valueAt } from '../../../../src/domain/kubernetes/field-set.ts';
import { canonicalJson, isOurs } from '../../../../src/domain/kubernetes/managed-fields.ts';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';
import type { Restore } from '../../../../src/domain/undo/decision.ts';
import { restoreObject } from '../../../../src/flow/rollback/restore.ts';
import type { ApplyAnswer, ApplyOptions, ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const { apiVersion, kind } = reference;

const dataFields = (...names: readonly string[]): JsonObject => ({
  'f:data': Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});
const entry = (manager: string, fieldsV1: JsonObject, operation: 'Apply' | 'Update' = 'Apply') =>
  ({ manager, operation, apiVersion, fieldsV1 }) satisfies ManagedFieldsEntry;

function live(data: JsonObject, ...managedFields: readonly ManagedFieldsEntry[]): KubernetesObject {
  const metadata = { name: 'settings', namespace: 'shop', uid: 'u1', resourceVersion: '1', managedFields };
  return { apiVersion, kind, metadata, data };
}

function restoreOf(data: JsonObject, more: Partial<Restore> = {}): Restore {
  const fields = dataFields(...Object.keys(data));
  return {
    reference,
    request: { apiVersion, kind, metadata: { name: 'settings', namespace: 'shop' }, data },
    fields,
    brought: [],
    ownership: [entry('orion', fields)],
    leftAlone: [],
    ...more,
  };
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`refused with ${status}`);
    this.status = status;
  }
}

/** `refusals`: what the next calls of a method are refused with, in their order. */
function serverOf(
  object: KubernetesObject | undefined,
  refusals: Readonly<Record<string, readonly number[]>> = {},
) {
  const calls: string[] = [];
  const left = new Map(Object.entries(refusals).map(([method, statuses]) => [method, [...statuses]]));
  let current = object;
  const called = (method: string, what = ''): void => {
    calls.push(`${method} ${what}`.trim());
    const status = left.get(method)?.shift();
    if (status !== undefined) throw new Refusal(status);
  };
  const store = (next: KubernetesObject): KubernetesObject => {
    const version = String(Number(current?.metadata.resourceVersion ?? 0) + 1);
    current = { ...next, metadata: { uid: 'u2', ...next.metadata, resourceVersion: version } };
    return current;
  };
  const port = {
    get: async () => current,
    servedVersionOf: async (wanted: { readonly apiVersion: string }) => wanted.apiVersion,
    apply: async (request: KubernetesObject, { dryRun }: ApplyOptions): Promise<ApplyAnswer> => {
      called(dryRun ? 'foresee' : 'apply', canonicalJson(request['data']));
      const entries = current?.metadata.managedFields ?? [];
      const conflicts = entries
        .filter((one) => !isOurs(one))
        .flatMap(({ manager = '', fieldsV1 }) =>
          membersOf(fieldsV1)
            .filter((path) => ![undefined, valueAt(current, path)].includes(valueAt(request, path)))
            .map((path) => ({ field: memberText(path), manager })),
        );
      if (conflicts.length > 0) return { type: 'conflict', conflicts };
      const data = request['data'] as JsonObject;
      const kept = Object.entries((current?.['data'] ?? {}) as JsonObject).filter(([name]) =>
        entries.some((one) => !isOurs(one) && JSON.stringify(one.fieldsV1).includes(`"f:${name}"`)),
      );
      const managedFields = [
        ...entries.filter((one) => !isOurs(one)),
        entry('orion', dataFields(...Object.keys(data))),
      ];
      const metadata = { ...current?.metadata, ...request.metadata, managedFields };
      const next = { ...request, metadata, data: { ...Object.fromEntries(kept), ...data } };
      return { type: 'applied', object: dryRun ? next : store(next), warnings: [], created: false };
    },
    rewrite: async (_live: KubernetesObject, wanted: KubernetesObject) => {
      called('rewrite', canonicalJson(wanted['data']));
      return store(wanted);
    },
    patchManagedFields: async (one: KubernetesObject, entries: readonly ManagedFieldsEntry[]) => {
      called(
        'own',
        entries.map(({ manager, fieldsV1 }) => `${manager} ${membersOf(fieldsV1).map(memberText)}`).join(),
      );
      return store({ ...one, metadata: { ...one.metadata, managedFields: entries } });
    },
    delete: async (_reference: object, uid: string, options: object) => {
      called('delete', `${uid} ${JSON.stringify(options)}`);
      if (!left.has('deletion')) current = undefined;
    },
    refusalOf: (error: unknown) =>
      error instanceof Refusal ? { status: error.status, reason: '', message: error.message } : undefined,
  } as unknown as ClusterPort;
  const { run } = flowRun({ holder: 'us' });
  return {
    calls,
    now: () => current,
    /** Since the run began. */
    seconds: () => (run.clock.now() - 1_000_000) / 1000,
    restore: (wanted: Restore) => restoreObject(run, port, wanted),
  };
}

const ours = entry('orion', dataFields('a'));

describe('by apply', () => {
  test('values and ownership are what they were', async () => {
    const server = serverOf(live({ a: '2' }, entry('orion', dataFields('a', 'added'))));
    const restored = await server.restore(restoreOf({ a: '1' }));
    expect(restored).toMatchObject({ reference, leftAlone: [], remade: false, object: { data: { a: '1' } } });
    expect(server.calls).toEqual(['apply {"a":"1"}']);
  });

  test('who lost a field to the release owns it again', async () => {
    const server = serverOf(live({ a: '2' }, ours));
    const someone = entry('someone', dataFields('a'), 'Update');
    const restored = await server.restore(restoreOf({ a: '1' }, { ownership: [someone] }));
    expect(server.calls).toEqual(['apply {"a":"1"}', 'own someone .data.a']);
    expect(restored).toMatchObject({ object: { metadata: { managedFields: [someone] } } });
  });

  test('what the server brought is made ours before, so that the apply removes it', async () => {
    const server = serverOf(live({ a: '2', brought: 'x' }, ours));
    await server.restore(restoreOf({ a: '1' }, { brought: [['f:data', 'f:brought']] }));
    expect(server.calls).toEqual(['own orion .data.a,.data.brought', 'apply {"a":"1"}']);
    expect(server.now()).toMatchObject({ data: { a: '1' } });
  });

  test('a field that somebody changed since is left out, with whoever owns it', async () => {
    const server = serverOf(live({ a: '2', b: '3' }, ours, entry('someone', dataFields('b'), 'Update')));
    const restored = await server.restore(restoreOf({ a: '1', b: '1' }));
    expect(restored).toMatchObject({ leftAlone: [{ path: ['f:data', 'f:b'], managers: ['someone'] }] });
    expect(server.now()).toMatchObject({ data: { a: '1', b: '3' } });
    expect(server.calls.slice(0, 2)).toEqual(['apply {"a":"1","b":"1"}', 'apply {"a":"1"}']);
  });

  test('ownership is written again where a controller wrote meanwhile, and not without end', async () => {
    const ownership = [entry('someone', dataFields('a'), 'Update')];
    const moved = serverOf(live({ a: '2' }, ours), { own: [409, 422] });
    await moved.restore(restoreOf({ a: '1' }, { ownership }));
    expect(moved.calls.filter((call) => call.startsWith('own'))).toHaveLength(3);
    const always = serverOf(live({ a: '2' }, ours), { own: Array.from({ length: 20 }, () => 409) });
    await expect(always.restore(restoreOf({ a: '1' }, { ownership }))).rejects.toThrow('refused with 409');
    expect(always.calls.filter((call) => call.startsWith('own'))).toHaveLength(8);
  });
});

describe('where the server does not take the apply', () => {
  test('as invalid: the object is written as it was, beside what others own', async () => {
    const someone = entry('someone', dataFields('theirs'), 'Update');
    const server = serverOf(live({ a: '2', theirs: 'x' }, ours, someone), { apply: [422] });
    await server.restore(restoreOf({ a: '1' }));
    expect(server.calls.slice(0, 2)).toEqual(['apply {"a":"1"}', 'rewrite {"a":"1","theirs":"x"}']);
  });

  test('nor the write: its refusal of the apply is what is said', async () => {
    const server = serverOf(live({ a: '2' }, ours), { apply: [422], rewrite: [403] });
    await expect(server.restore(restoreOf({ a: '1' }))).rejects.toThrow('refused with 422');
  });

  test.each([403, 500])('with %i: nothing else is tried', async (status) => {
    const server = serverOf(live({ a: '2' }, ours), { apply: [status] });
    await expect(server.restore(restoreOf({ a: '1' }))).rejects.toThrow(`refused with ${status}`);
    expect(server.calls).toEqual(['apply {"a":"1"}']);
  });

  test('as invalid, of an object that is gone: nothing else is tried', async () => {
    const server = serverOf(undefined, { apply: [422] });
    await expect(server.restore(restoreOf({ a: '1' }))).rejects.toThrow('refused with 422');
    expect(server.calls).toEqual(['apply {"a":"1"}']);
  });
});

describe('a list with a key twice', () => {
  const item = 'k:{"name":"X"}';
  const twice = {
    list: [
      { name: 'X', value: '1' },
      { name: 'X', value: '2' },
    ],
  };
  const fields = { 'f:data': { 'f:list': { [item]: {} } } };
  const wanted = restoreOf(twice, { fields, ownership: [entry('orion', dataFields('list'))] });
  const once = 'foresee {"list":[{"name":"X","value":"2"}]}';
  const both = 'rewrite {"list":[{"name":"X","value":"1"},{"name":"X","value":"2"}]}';

  test('is foreseen with the key once, and written with it twice', async () => {
    const server = serverOf(live({ list: [] }, entry('orion', dataFields('list'))));
    await server.restore(wanted);
    expect(server.calls).toEqual([once, both]);
  });

  test('is tried again when the object has moved, eight times at most', async () => {
    const moved = serverOf(live({ list: [] }), { rewrite: [409, 422] });
    await moved.restore(wanted);
    expect(moved.calls.slice(0, 6)).toEqual([once, both, once, both, once, both]);
    const always = serverOf(live({ list: [] }), { rewrite: Array.from({ length: 20 }, () => 409) });
    await expect(always.restore(wanted)).rejects.toThrow('refused with 409');
    expect(always.calls.filter((call) => call === both)).toHaveLength(8);
  });

  test('of an object that was deleted meanwhile is not restored', async () => {
    expect(await serverOf(undefined).restore(wanted)).toEqual({ why: 'it was deleted meanwhile' });
  });
});

describe('made anew', () => {
  const { request } = restoreOf({ a: '1' });
  const remake = { object: request, ownership: [ours] };

  test('the one of the release goes without what it owns, and one as before is created', async () => {
    const server = serverOf(live({ a: '2' }, ours));
    const wanted = restoreOf({ a: '1' }, { remake: { ...remake, uid: 'u1' } });
    expect(await server.restore(wanted)).toMatchObject({ remade: true, object: { data: { a: '1' } } });
    expect(server.calls).toEqual(['delete u1 {"propagation":"Orphan"}', 'apply {"a":"1"}']);
    expect(server.now()?.metadata.uid).toBe('u2');
  });

  test('without a UID nothing is deleted', async () => {
    const server = serverOf(undefined);
    await server.restore(restoreOf({ a: '1' }, { remake }));
    expect(server.calls).toEqual(['apply {"a":"1"}']);
  });

  test('is given up when the deletion has not ended after a minute', async () => {
    const server = serverOf(live({ a: '2' }, ours), { deletion: [] });
    const wanted = restoreOf({ a: '1' }, { remake: { ...remake, uid: 'u1' } });
    expect(await server.restore(wanted)).toEqual({
      why: 'it has to be recreated, but its deletion does not complete',
    });
    expect(server.calls).toHaveLength(1);
    expect(Math.floor(server.seconds())).toBe(60);
  });
});
