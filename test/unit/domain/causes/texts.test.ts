import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingSource } from '../../../../src/domain/causes/configuration.ts';
import { likenessOf } from '../../../../src/domain/causes/crashes.ts';
import {
  containerField,
  podField,
  referenceField,
  volumeField,
} from '../../../../src/domain/causes/evidence/field-paths.ts';
import { classifyPullError, registryOf } from '../../../../src/domain/causes/images.ts';
import {
  answerClass,
  misdirectedAllowance,
  readinessAllowance,
} from '../../../../src/domain/causes/probes.ts';
import { maxUnavailableOf } from '../../../../src/domain/kubernetes/surge.ts';
import { deployment } from '../../../support/rollout/objects.ts';

describe('pull errors', () => {
  const image = 'registry.test:5000/shop/api:2';
  test.each([
    [
      'rpc error: code = NotFound desc = failed to pull and unpack image "registry.test:5000/shop/api:2": registry.test:5000/shop/api:2: not found',
      'not-found',
    ],
    ['manifest unknown: manifest unknown', 'not-found'],
    ['no match for platform in manifest: not found', 'not-found'],
    [
      'failed to resolve reference "registry.test:5000/shop/api:2": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      'unauthorized',
    ],
    [
      'unexpected status from HEAD request to https://registry.test:5000/v2/shop/api/manifests/2: 403 Forbidden',
      'unauthorized',
    ],
    [
      'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized',
      'unauthorized',
    ],
    [
      'failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.test/token: 503 Service Unavailable',
      'transient',
    ],
    [
      'unexpected status from HEAD request to http://registry.test:5000/v2/shop/api/manifests/2?ns=x: 429 Too Many Requests',
      'transient',
    ],
    [
      'unexpected status from HEAD request to https://registry.test:5000/v2/shop/api/manifests/2: 500 Internal Server Error',
      'transient',
    ],
    ['toomanyrequests: You have reached your pull rate limit', 'transient'],
    ['dial tcp: lookup registry.test on 10.96.0.10:53: no such host', 'transient'],
    ['dial tcp 10.0.0.1:5000: i/o timeout', 'transient'],
    ['dial tcp 10.0.0.1:5000: connect: connection refused', 'transient'],
    ['net/http: TLS handshake timeout', 'transient'],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'unknown'],
    ['Back-off pulling image "registry.test:5000/shop/api:2"', 'unknown'],
    ['couldn\'t parse image name "UPPER": invalid reference format', 'invalid'],
    ['', 'unknown'],
  ])('%s', (text, kind) => {
    expect(classifyPullError(text, image)).toBe(kind);
  });

  test('the name of an image is no part of the error', () => {
    const names = fc.constantFrom(
      'unauthorized',
      '503',
      'denied',
      'not found'.replace(' ', '-'),
      '429',
      'timeout',
      'manifest-unknown',
    );
    fc.assert(
      fc.property(names, names, (repository, tag) => {
        const named = `registry.test/${repository}/${repository}:${tag}`;
        const text = `failed to pull "${named}": failed to resolve reference "${named}": unexpected status from HEAD request to https://registry.test/v2/${repository}/manifests/${tag}: 404 ${named}: not found`;
        return classifyPullError(text, named) === 'not-found';
      }),
      { seed: 11 },
    );
  });

  test.each([
    ['nginx', 'docker.io'],
    ['library/nginx:1', 'docker.io'],
    ['localhost/api', 'localhost'],
    ['registry.test/api@sha256:0', 'registry.test'],
    ['registry:5000/api', 'registry:5000'],
  ])('%s is served by %s', (name, registry) => {
    expect(registryOf(name)).toBe(registry);
  });
});

test.each([
  ['configmap "settings" not found', { kind: 'ConfigMap', name: 'settings' }],
  ['secret "db" not found', { kind: 'Secret', name: 'db' }],
  ["couldn't find key PASSWORD in Secret shop/db", { kind: 'Secret', name: 'db', key: 'PASSWORD' }],
  ["couldn't find key mode in ConfigMap shop/settings", { kind: 'ConfigMap', name: 'settings', key: 'mode' }],
  ['container has runAsNonRoot and image will run as root', undefined],
])('what is missing: %s', (text, source) => {
  expect(missingSource(text)).toEqual(source);
});

describe('ends that are alike', () => {
  const end = (run: number, exitCode: number) => ({
    run,
    termination: { exitCode, reason: 'Error', message: '' },
    seenAt: 0,
  });
  test.each([
    ['three alike', [end(0, 1), end(1, 1), end(2, 1)], 3, 0, true],
    ['two are not enough', [end(0, 1), end(1, 1)], 2, 0, false],
    ['one of the three differs', [end(0, 2), end(1, 1), end(2, 1)], 3, 0, false],
    ['the last three of four', [end(0, 2), end(1, 1), end(2, 1), end(3, 1)], 4, 0, true],
    ['one of the three was missed', [end(1, 1), end(2, 1)], 3, 0, true],
    ['only the last is known', [end(2, 1)], 3, 0, false],
    ['two of them were before this release', [end(0, 1), end(1, 1), end(2, 1)], 3, 2, false],
  ])('%s', (_, known, ends, before, expected) => {
    expect(likenessOf(known, ends, before)).toBe(expected ? 'alike' : 'different');
  });
});

describe('readiness', () => {
  test.each([
    ['the defaults of the API', {}, 91_000],
    ['a quick probe has a minute', { periodSeconds: 1, failureThreshold: 1 }, 61_000],
    [
      'a patient probe is believed',
      { periodSeconds: 30, failureThreshold: 10, initialDelaySeconds: 20 },
      921_000,
    ],
  ])('%s', (_, probe, allowance) => {
    expect(readinessAllowance(probe, 60_000)).toBe(allowance);
  });

  const refused =
    'Readiness probe failed: Get "http://10.1.1.1:9/ready": dial tcp 10.1.1.1:9: connect: connection refused';
  const missing = 'Readiness probe failed: HTTP probe failed with statuscode: 404';
  const http = (port: number, path: string) => ({ httpGet: { port, path }, periodSeconds: 2 });
  test.each([
    [
      'refused at another port than the liveness probe',
      http(9, '/ready'),
      http(80, '/health'),
      refused,
      9_000,
    ],
    ['404 at another path', http(80, '/reddy'), http(80, '/health'), missing, 9_000],
    [
      'the liveness probe has the longer window',
      http(9, '/'),
      { ...http(80, '/'), initialDelaySeconds: 20 },
      refused,
      29_000,
    ],
    [
      'refused at the same port: it has not begun to listen',
      http(80, '/ready'),
      http(80, '/health'),
      refused,
      undefined,
    ],
    ['503 is an answer', http(80, '/ready'), http(80, '/health'), missing.replace('404', '503'), undefined],
    ['without a liveness probe nobody knows', http(9, '/ready'), undefined, refused, undefined],
    [
      'a command says nothing about ports',
      http(9, '/ready'),
      { exec: { command: ['true'] } },
      refused,
      undefined,
    ],
  ])('misdirected: %s', (_, readinessProbe, livenessProbe, answer, allowance) => {
    expect(misdirectedAllowance({ readinessProbe, livenessProbe }, answer)).toBe(allowance);
  });

  test.each([
    [missing, '404'],
    [refused, 'connection refused'],
    ['Readiness probe failed: context deadline exceeded', 'context deadline exceeded'],
    ['Readiness probe failed: cat: /ready: No such file', 'other'],
  ])('the kind of answer: %s', (text, kind) => {
    expect(answerClass(text)).toBe(kind);
  });
});

test.each([
  [{ maxUnavailable: 0, maxSurge: 1 }, 4, 0],
  [{ maxUnavailable: '25%' }, 4, 1],
  [{ maxUnavailable: '25%' }, 3, 0],
  [{ maxUnavailable: 0, maxSurge: 0 }, 3, 1],
  [undefined, 4, 1],
])('maxUnavailable of %j with %d replicas', (rollingUpdate, replicas, expected) => {
  expect(maxUnavailableOf(deployment({ replicas, spec: { strategy: { rollingUpdate } } }))).toBe(expected);
});

describe('the field to edit', () => {
  const container = {
    name: 'api',
    image: 'api:1',
    env: [
      { name: 'A', value: '1' },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
    ],
    envFrom: [{ configMapRef: { name: 'settings' } }],
  };
  const desired = deployment({
    template: { spec: { containers: [{ name: 'first' }, container], volumes: [{ name: 'data' }] } },
  });
  const base = ['spec', 'template', 'spec', 'containers', 1];
  test.each([
    ['an image', containerField(desired, 'api', 'image'), [...base, 'image']],
    [
      'what was not written: its container',
      containerField(desired, 'api', 'readinessProbe', 'httpGet'),
      base,
    ],
    [
      'an injected container: the template',
      containerField(desired, 'proxy', 'image'),
      ['spec', 'template', 'spec'],
    ],
    [
      'a key of a Secret',
      referenceField(desired, 'api', { name: 'db', key: 'password' }),
      [...base, 'env', 1],
    ],
    ['a ConfigMap', referenceField(desired, 'api', { name: 'settings' }), [...base, 'envFrom', 0]],
    ['an unknown reference', referenceField(desired, 'api', { name: 'other' }), base],
    ['a volume', volumeField(desired, 'data'), ['spec', 'template', 'spec', 'volumes', 0]],
    ['tolerations that are not there', podField(desired, 'tolerations'), ['spec', 'template', 'spec']],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
