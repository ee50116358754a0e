import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { errorIsDue } from '../../../../examples/orion/service/misbehaviour.ts';
import { misbehaviourSchema, readSettings } from '../../../../examples/orion/service/settings.ts';

const example = fileURLToPath(new URL('../../../../examples/orion', import.meta.url));
const environments = ['staging', 'production'] as const;

const probe = z.object({ periodSeconds: z.number() });
const container = z.object({
  name: z.string(),
  image: z.string(),
  imagePullPolicy: z.literal('IfNotPresent'),
  env: z.array(z.looseObject({ name: z.string() })),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  securityContext: z.looseObject({}),
});
/** The restricted profile of Kubernetes' pod security standards, as far as a pod template decides it. */
const restrictedContainer = z.object({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
});
const podSpec = z.object({
  automountServiceAccountToken: z.literal(false),
  serviceAccountName: z.literal('orion'),
  securityContext: z.object({
    runAsNonRoot: z.literal(true),
    runAsUser: z.number().min(1),
    seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([container]),
  volumes: z.array(z.strictObject({ name: z.string(), emptyDir: z.object({}) })).default([]),
});
const object = z.object({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z
    .looseObject({
      replicas: z.number().optional(),
      template: z
        .object({
          metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
          spec: z.unknown(),
        })
        .optional(),
    })
    .optional(),
});
type RenderedObject = z.output<typeof object>;

let folder: string;
const rendered = new Map<string, readonly RenderedObject[]>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-example-'));
  await cp(join(example, 'k8s'), folder, { recursive: true });
  for (const environment of environments) {
    const overlay = join(folder, 'overlays', environment);
    await rename(join(overlay, 'secrets.env.template'), join(overlay, 'secrets.env'));
    const { stdout } = await promisify(execFile)('kubectl', ['kustomize', overlay]);
    rendered.set(
      environment,
      parseAllDocuments(stdout).map((document) => object.parse(document.toJS())),
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function objectsOf(environment: string, kind: string): readonly RenderedObject[] {
  return (rendered.get(environment) ?? []).filter((item) => item.kind === kind);
}

const namesOf = (objects: readonly RenderedObject[]) => objects.map((item) => item.metadata.name).sort();
const workloads = ['auth', 'gateway', 'notification', 'postgres', 'redis', 'user'];

describe.each(environments)('the overlay %s', (environment) => {
  test('renders every workload with Service and PodDisruptionBudget', () => {
    const found = [...objectsOf(environment, 'Deployment'), ...objectsOf(environment, 'StatefulSet')];
    expect(namesOf(found)).toEqual(workloads);
    expect(namesOf(objectsOf(environment, 'Service'))).toEqual(workloads);
    expect(namesOf(objectsOf(environment, 'PodDisruptionBudget'))).toEqual(workloads);
  });

  test.each(workloads)('%s satisfies restricted pod security, with probes and resources', (name) => {
    const found = (rendered.get(environment) ?? []).find(
      (item) => item.spec?.template !== undefined && item.metadata.name === name,
    );
    const spec = podSpec.parse(found?.spec?.template?.spec);
    restrictedContainer.parse(spec.containers[0].securityContext);
    expect(spec.containers[0].image).toMatch(/^orion\.example\/[a-z]+:\d+$/);
  });

  test.each(['auth', 'gateway', 'notification', 'user'])('%s is scraped by Prometheus', (name) => {
    const found = objectsOf(environment, 'Deployment').find((item) => item.metadata.name === name);
    expect(found?.spec?.template?.metadata.annotations).toMatchObject({
      'prometheus.io/scrape': 'true',
      'prometheus.io/path': '/metrics',
    });
  });

  test('gives configuration and secrets names with a hash, and the workloads refer to those', () => {
    const [settings] = namesOf(objectsOf(environment, 'ConfigMap'));
    const [secrets] = namesOf(objectsOf(environment, 'Secret'));
    expect(settings).toMatch(/^orion-settings-[a-z0-9]{10}$/);
    expect(secrets).toMatch(/^orion-secrets-[a-z0-9]{10}$/);
    const gateway = objectsOf(environment, 'Deployment').find((item) => item.metadata.name === 'gateway');
    expect(JSON.stringify(gateway)).toContain(`"name":"${settings}"`);
    const [postgres] = objectsOf(environment, 'StatefulSet');
    expect(JSON.stringify(postgres)).toContain(`"name":"${secrets}"`);
  });

  test('puts everything into one namespace that enforces restricted pod security', () => {
    const [namespace] = objectsOf(environment, 'Namespace');
    expect(namespace?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'orion.dev/environment': environment,
    });
    const others = (rendered.get(environment) ?? []).filter((item) => item.kind !== 'Namespace');
    expect(new Set(others.map((item) => item.metadata['namespace']))).toEqual(
      new Set([`orion-${environment}`]),
    );
  });
});

test('production runs at least two pods of each service', () => {
  const services = objectsOf('production', 'Deployment').filter(
    (item) => item.metadata.labels['app.kubernetes.io/component'] === 'service',
  );
  expect(services).toHaveLength(4);
  for (const service of services) expect(service.spec?.replicas).toBeGreaterThanOrEqual(2);
});

test('the README documents every misbehaviour, and no other', async () => {
  const readme = await readFile(join(example, 'README.md'), 'utf8');
  const documented = [...readme.matchAll(/^\| `(MISBEHAVE_[A-Z_]+)` *\|/gm)].map(([, name]) => name);
  expect(documented).toEqual(Object.keys(misbehaviourSchema.shape));
});

describe('settings', () => {
  const base = { SERVICE: 'notification', REDIS_URL: 'redis://:secret@redis:6379' };

  test.each([
    ['300ms', 300],
    ['1.5s', 1500],
    ['2m', 120_000],
  ])('a duration %s is %d ms', (text, expected) => {
    const settings = readSettings({ ...base, MISBEHAVE_LATENCY: text });
    expect(settings.misbehaviour.MISBEHAVE_LATENCY).toBe(expected);
  });

  test('an empty value counts as unset', () => {
    const settings = readSettings({ ...base, MISBEHAVE_EXIT_CODE: '', MISBEHAVE_LATENCY: '' });
    expect(settings.misbehaviour.MISBEHAVE_EXIT_CODE).toBeUndefined();
    expect(settings.misbehaviour.MISBEHAVE_LATENCY).toBe(0);
  });

  test.each([
    { MISBEHAVE_EXIT_CODE: '256' },
    { MISBEHAVE_LATENCY: '5' },
    { MISBEHAVE_LATENCY: '5h' },
    { MISBEHAVE_ERROR_RATE: '2' },
    { MISBEHAVE_LOG_FORMAT: 'xml' },
    { MISBEHAVE_LOG_STACK: 'perhaps' },
    { MISBEHAVE_LATENZ: '5s' },
    { REDIS_URL: 'http://redis' },
    { SERVICE: 'billing' },
  ])('refuses %o', (wrong) => {
    expect(() => readSettings({ ...base, ...wrong })).toThrow(z.ZodError);
  });
});

test('of any n requests, the share that was asked for fails, rounded down', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, rate) => {
      const failed = Array.from({ length: n }, (_, index) => errorIsDue(index + 1, rate)).filter(Boolean);
      expect(failed).toHaveLength(Math.floor(n * rate));
    }),
  );
});
