/** Release records as Secrets: what is read again, and what is not believed. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HeadPlace,
  hasSignature,
  headSecret,
  packBody,
  readHead,
  unpackBody,
} from '../../../../src/cluster/release-store/secrets.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseHead } from '../../../../src/domain/release/record.ts';

const head: ReleaseHead = {
  version: 1,
  app: 'shop',
  number: 7,
  status: 'failed',
  overlay: 'k8s',
  run: { holder: 'job-1' },
  phase: 'rollout',
  jobInSteps: false,
  startedAt: '2026-01-01T00:00:00Z',
  planDigest: '',
  body: { chunks: 1, sha256: 'a'.repeat(64) },
};
const settings = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const body: ReleaseBody = {
  rendered: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' } }],
  before: [{ reference: settings, presence: 'absent' }],
  inventory: [{ reference: settings, uid: 'u1', made: true }],
};
const place: HeadPlace = { namespace: 'shop' };

function secretOf(release: Buffer): KubernetesObject {
  const secret = headSecret(head, place);
  return { ...secret, data: { release: release.toString('base64') } } as KubernetesObject;
}

function readValue(value: unknown): ReleaseHead | undefined {
  return readHead(secretOf(gzipSync(JSON.stringify(value))));
}

/** Made by somebody who makes head and body: the digest is right. */
function unpacked(bytes: Buffer): ReleaseBody | undefined {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return unpackBody([bytes], { chunks: 1, sha256 });
}

const zeros = (mebibytes: number): Buffer => gzipSync(Buffer.alloc(mebibytes * 2 ** 20, ' '));

describe('a head', () => {
  test('is read as it was written', () => {
    expect(readHead(headSecret(head, place))).toEqual(head);
  });

  test('of a later version may have more fields', () => {
    expect(readValue({ ...head, canary: { weight: 5 } })).toMatchObject({ number: 7 });
  });

  test.each<[title: string, value: unknown]>([
    ['nothing', null],
    ['a list', [head]],
    ['a number that is not whole', { ...head, number: 1.5 }],
    ['a number that leaves none for the next release', { ...head, number: Number.MAX_SAFE_INTEGER }],
    ['a negative number', { ...head, number: -1 }],
    ['an unknown status', { ...head, status: 'fine' }],
    ['a run without a holder', { ...head, run: {} }],
    ['no run', { ...head, run: null }],
    ['a digest that is none', { ...head, body: { chunks: 1, sha256: 'orion.dev/app=x' } }],
    ['references without a name', { ...head, pruned: [{ apiVersion: 'v1', kind: 'Secret' }] }],
  ])('with %s is not believed', (_title, value) => {
    expect(readValue(value)).toBeUndefined();
  });

  test('that unpacks to much more than a head is given up', () => {
    expect(readHead(secretOf(zeros(8)))).toBeUndefined();
  });

  test('is any bytes, and never an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.jsonValue().map((value) => gzipSync(JSON.stringify(value))),
        ),
        (bytes) => {
          expect(readHead(secretOf(Buffer.from(bytes)))).toBeUndefined();
        },
      ),
    );
  });
});

describe('a body', () => {
  test('is read as it was written', () => {
    const { chunks, sha256 } = packBody(body);
    expect(unpackBody(chunks, { chunks: chunks.length, sha256 })).toEqual(body);
  });

  test.each<[title: string, value: unknown]>([
    ['nothing', null],
    ['no objects', { ...body, rendered: [null] }],
    [
      'an object without a name',
      { ...body, rendered: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }] },
    ],
    ['a state before of no object', { ...body, before: [{ presence: 'absent' }] }],
    ['a state that is neither', { ...body, before: [{ reference: settings, presence: 'maybe' }] }],
    ['an inventory that is no list', { ...body, inventory: {} }],
  ])('with %s is not believed, although its digest is right', (_title, value) => {
    expect(unpacked(gzipSync(JSON.stringify(value)))).toBeUndefined();
  });

  test('that is no JSON, or unpacks to more than any body, is given up', () => {
    expect(unpacked(gzipSync('no json'))).toBeUndefined();
    expect(unpacked(Buffer.from('not gzipped'))).toBeUndefined();
    expect(unpacked(zeros(80))).toBeUndefined();
  });

  test('that could not be read again is not written', () => {
    const large = {
      ...body.rendered[0],
      data: { a: 'x'.repeat(65 * 2 ** 20) },
    } as unknown as KubernetesObject;
    expect(() => packBody({ ...body, rendered: [large] })).toThrow('would have 66 MiB');
  });
});

describe('a signature', () => {
  const key = 'k'.repeat(32);
  const signed = headSecret(head, { ...place, key });

  test('holds for the key, the place and the head that it was made for', () => {
    expect(hasSignature(signed, key)).toBe(true);
    expect(hasSignature(signed, 'l'.repeat(32))).toBe(false);
  });

  test.each<[title: string, secret: KubernetesObject]>([
    ['without one', headSecret(head, place)],
    ['of another release', { ...signed, metadata: { ...signed.metadata, name: 'orion-shop-8' } }],
    ['of another namespace', { ...signed, metadata: { ...signed.metadata, namespace: 'bank' } }],
    [
      'with another content',
      {
        ...signed,
        data: { ...(signed['data'] as object), release: gzipSync('{}').toString('base64') },
      } as KubernetesObject,
    ],
    [
      'with half of it',
      { ...signed, data: { ...(signed['data'] as object), signature: 'c2hvcnQ=' } } as KubernetesObject,
    ],
  ])('does not hold for a head %s', (_title, secret) => {
    expect(hasSignature(secret, key)).toBe(false);
  });

  test('is not there without a key', () => {
    expect(headSecret(head, place)['data']).not.toHaveProperty('signature');
  });
});
