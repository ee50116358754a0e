/** The action smoke-tests against the example application on the real node; then one thing after the other is broken. */
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { parse } from 'junit2json';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { openPortForward } from '../../src/cluster/api/port-forward.ts';
import { fieldAt, numberAt } from '../../src/domain/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { runStep, type StepResult } from '../../testbed/workflow-step.ts';
import {
  changes,
  type Deployer,
  deployerFor,
  dropNamespace,
  everythingShown,
  until,
} from '../support/actions/deployer.ts';
import { type Manifest, probe, restricted, webServer, writeShop } from '../support/actions/shop-overlay.ts';

const namespace = 'smoke-example';
const password = 'Correct0Horse0Battery';
const bundle = join(import.meta.dirname, '../../dist/smoke-tests/index.js');
const dependencies = {
  gateway: { 'depends-on': ['auth', 'user', 'notification'] },
};
let deployer: Deployer;
let workspace: string;
const forwards = new AbortController();

async function smoke(folder: string, inputs: Readonly<Record<string, string>> = {}): Promise<StepResult> {
  const { post: _, ...step } = await runStep({
    bundle,
    workspace: folder,
    inputs: { kubeconfig: deployer.kubeconfig, report: 'smoke.xml', ...inputs },
  });
  return step;
}

/** Exit code 4, and one failure alone, by this reason. */
async function expectFailure(
  folder: string,
  reason: string,
  message: RegExp,
  inputs: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const step = await smoke(folder, inputs);
  expect(step.outputs, step.output).toMatchObject({ outcome: 'failed', 'exit-code': '4', reason });
  expect(step.exitCode).toBe(4);
  expect(step.annotations.filter((line) => line.startsWith('::error'))).toHaveLength(1);
  for (const text of [step.output, step.summary]) expect(text.replaceAll('`', '')).toMatch(message);
  return step;
}

async function change(kind: string, name: string, body: Manifest, space = namespace): Promise<void> {
  const plural = { Service: 'api/v1', Secret: 'api/v1' }[kind] ?? 'apis/apps/v1';
  await deployer.api.transport.request({
    method: 'PATCH',
    path: `/${plural}/namespaces/${space}/${kind.toLowerCase()}s/${name}`,
    contentType: 'application/merge-patch+json',
    body,
  });
}

async function read(kind: string, name: string): Promise<KubernetesObject | undefined> {
  return deployer.api.get({ apiVersion: 'apps/v1', kind, namespace, name });
}

/** Its controller has done what it was asked for, and all its pods are there and ready. */
function rolledOut(kind: string, name: string): Promise<true> {
  return until(
    `${kind} ${name} rolled out`,
    async () => {
      const object = await read(kind, name);
      const wanted = numberAt(object, 'spec', 'replicas');
      const counts = ['replicas', 'updatedReplicas', 'readyReplicas'].map(
        (field) => numberAt(object, 'status', field) ?? 0,
      );
      const seen = numberAt(object, 'status', 'observedGeneration') === object?.metadata.generation;
      return seen && counts.every((count) => count === wanted) ? true : undefined;
    },
    60_000,
  );
}

async function settings(): Promise<KubernetesObject> {
  const { objects } = await deployer.api.list('v1', 'Secret', { namespace });
  const found = objects.find(({ metadata }) => metadata.name.startsWith('orion-secrets-'));
  if (found === undefined) throw new Error('no Secret');
  return found;
}

/** The URL that the services use, with this machine in the place of the host. */
async function forwarded(name: 'postgres' | 'redis', port: number): Promise<string> {
  const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
  const pod = objects.find(({ metadata }) => metadata.name.startsWith(`${name}-`));
  const target = { namespace, pod: pod?.metadata.name ?? '', port, signal: forwards.signal };
  const forward = await openPortForward(deployer.api.transport, target);
  const data = (await settings())['data'] as Readonly<Record<string, string>>;
  const url = Buffer.from(data[name === 'redis' ? 'REDIS_URL' : 'DATABASE_URL'] ?? '', 'base64').toString();
  return url.replace(`@${name}:${port}`, `@${forward.host}:${forward.port}`);
}

/** Whatever the database's default, these may write. */
async function administrator(...statements: readonly string[]): Promise<void> {
  const connectionString = await forwarded('postgres', 5432);
  const client = new pg.Client({ connectionString, options: '-c default_transaction_read_only=off' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/**
 * Deployment user with these variables besides, until `look` has seen it. What the kubelet makes of its answers is none of the test's
 * business: with a threshold out of reach it neither restarts the container nor takes it out of its Service while a slow machine looks.
 */
async function whileUser(
  variables: Readonly<Record<string, string>>,
  look: () => Promise<void>,
): Promise<void> {
  const containers = fieldAt(await read('Deployment', 'user'), 'spec', 'template', 'spec', 'containers');
  const [container] = containers as readonly Manifest[];
  const more = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const env = [...(fieldAt(container, 'env') as readonly Manifest[]), ...more];
  const patient = Object.fromEntries(
    ['livenessProbe', 'readinessProbe'].map((name) => [
      name,
      { ...(fieldAt(container, name) as Manifest), failureThreshold: 1000 },
    ]),
  );
  const template = (these: unknown) => ({ spec: { template: { spec: { containers: these } } } });
  await change('Deployment', 'user', template([{ ...container, ...patient, env }]));
  try {
    await rolledOut('Deployment', 'user');
    await look();
  } finally {
    await change('Deployment', 'user', template(containers));
    await rolledOut('Deployment', 'user');
    await rolledOut('Deployment', 'gateway');
  }
}

/** The same workspace with a change that restarts nothing. */
async function withRound(folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'orion-smoke-'));
  await cp(folder, copy, { recursive: true });
  const file = join(copy, 'k8s/overlays/staging/kustomization.yaml');
  const patch = '- { op: add, path: /metadata/annotations, value: { round: two } }';
  const patches = [{ target: { kind: 'Deployment', name: 'gateway' }, patch }];
  await writeFile(file, stringify({ ...parseYaml(await readFile(file, 'utf8')), patches }));
  return copy;
}

beforeAll(async () => {
  deployer = await deployerFor('smoke', inject('stateDirectory'));
  workspace = await mkdtemp(join(tmpdir(), 'orion-smoke-'));
  await cp(join(import.meta.dirname, '../../examples/orion/k8s'), join(workspace, 'k8s'), {
    recursive: true,
  });
  const overlay = join(workspace, 'k8s/overlays/staging');
  const template = await readFile(join(overlay, 'secrets.env.template'), 'utf8');
  await writeFile(join(overlay, 'secrets.env'), template.replaceAll('changeme', password));
  const kustomization = parseYaml(await readFile(join(overlay, 'kustomization.yaml'), 'utf8'));
  await writeFile(join(overlay, 'kustomization.yaml'), stringify({ ...kustomization, namespace }));
  await writeFile(
    join(workspace, 'orion.yaml'),
    stringify({ app: 'orion', smoke: { retries: 1, services: dependencies } }),
  );
  const step = await deployer.deploy(workspace, { app: 'orion', timeout: '120s' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', failed: '0' });
});

afterAll(async () => {
  forwards.abort();
  await Promise.all([namespace, 'smoke-pods'].map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

test('all is well: databases, pods, endpoints and Services pass, and nothing is changed', async () => {
  const since = Date.now();
  const step = await smoke(workspace);
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0', failed: '0' });
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  const kinds = Map.groupBy(
    reports as { kind: string; outcome: string; route?: string }[],
    ({ kind }) => kind,
  );
  // Five pods of services with two endpoints each; six workloads; six Services.
  expect(kinds.get('health')).toHaveLength(5);
  expect(kinds.get('readiness')).toHaveLength(5);
  expect(kinds.get('pods')).toHaveLength(6);
  // Six by their EndpointSlices, four of them have an endpoint to call.
  expect(kinds.get('service')).toHaveLength(10);
  const called = (kinds.get('service') ?? []).filter(({ route }) => route);
  expect(called).toHaveLength(4);
  for (const one of called) expect(one).toMatchObject({ route: 'cluster-job', outcome: 'passed' });
  for (const kind of ['postgres', 'redis']) {
    expect(kinds.get(kind)).toMatchObject([
      { outcome: 'passed', route: 'port-forward', facts: { role: 'primary' } },
    ]);
  }
  const junit = await parse(await readFile(join(workspace, 'smoke.xml'), 'utf8'));
  expect(junit).toMatchObject({ failures: 0, tests: reports.length });
  // The Job that calls the Services comes and goes; nothing else is changed.
  const changed = (await deployer.requestsSince(since)).filter(changes);
  const made = changed.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`);
  expect(made.toSorted()).toEqual(['create jobs', 'create secrets', 'delete jobs', 'delete secrets']);
  expect(
    changed.every(({ verb, objectRef }) => verb === 'create' || /^orion-smoke-/.test(objectRef?.name ?? '')),
  ).toBe(true);
  await until('nothing left of it', async () => {
    const [jobs, secrets, pods] = await Promise.all(
      (
        [
          ['batch/v1', 'Job'],
          ['v1', 'Secret'],
          ['v1', 'Pod'],
        ] as const
      ).map(([version, kind]) => deployer.api.list(version, kind, { namespace })),
    );
    const names = [jobs, secrets, pods].flatMap((list) =>
      (list?.objects ?? []).map(({ metadata }) => metadata.name),
    );
    return names.some((name) => name.startsWith('orion-smoke-')) ? undefined : true;
  });

  for (const text of [step.summary, JSON.stringify(reports)]) expect(text).not.toContain(password);
});

test('without a pod that could call them, Services are called by the API server’s proxy, which is said', async () => {
  const step = await smoke(workspace, { 'smoke-image': 'orion.example/UPPER:1' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0', failed: '0' });
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  const called = (reports as { kind: string; route?: string; message: string }[]).filter(
    ({ kind, route }) => kind === 'service' && route !== undefined,
  );
  expect(called).toHaveLength(4);
  // Said once, in one line, and not with every Service.
  const said = step.output.split('\n').filter((line) => line.includes('InvalidImageName'));
  expect(said.filter((line) => !line.startsWith('::'))).toHaveLength(1);
  for (const { route, message } of called) {
    expect(route).toBe('api-proxy');
    expect(message).not.toContain('InvalidImageName');
  }
});

test('one service, with what it depends on', async () => {
  const step = await smoke(workspace, { service: 'gateway' });
  expect(step.outputs).toMatchObject({ 'exit-code': '0', failed: '0' });
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  const subjects = new Set((reports as { subject: string }[]).map(({ subject }) => subject));
  expect([...subjects].sort()).toEqual(['auth', 'gateway', 'notification', 'postgres', 'redis', 'user']);
  const alone = await smoke(workspace, { service: 'notification' });
  expect(alone.summary).not.toContain('gateway');
});

test('a journey through the pods of this release, whose token nobody sees', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orion-smoke-'));
  await cp(workspace, folder, { recursive: true });
  const steps = [
    {
      name: 'log in',
      path: '/?account=journey',
      json: { '$.service': 'auth' },
      capture: { account: '$.account', token: '$.token' },
    },
    {
      service: 'user',
      path: '/?account=$' + '{account}',
      'request-headers': { authorization: 'Bearer $' + '{token}' },
      json: { '$.account': '$' + '{account}' },
    },
  ];
  const section = (more: object) =>
    stringify({
      app: 'orion',
      smoke: { retries: 0, journeys: { profile: { service: 'auth', steps } }, ...more },
    });
  await writeFile(join(folder, 'orion.yaml'), section({}));
  const step = await smoke(folder, { service: 'profile' });
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', failed: '0' });
  expect(step.output).toContain('profile: Journey profile: all 2 steps answered as expected.');
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  expect(reports.at(-1)).toMatchObject({
    kind: 'journey',
    route: 'port-forward',
    pod: expect.stringMatching(/^auth-/),
  });
  expect(await everythingShown(step)).not.toMatch(/"token":"(?!\*\*\*)/);
  const wrong = [steps[0], { ...steps[1], json: { '$.account': 'somebody' } }];
  await writeFile(
    join(folder, 'orion.yaml'),
    section({ journeys: { profile: { service: 'auth', steps: wrong } } }),
  );
  const failed = await expectFailure(
    folder,
    'body-unexpected',
    /Journey profile, step 2 of 2 \(GET \/\?account=/,
  );
  expect(failed.outputs).toMatchObject({ failed: '1' });
});

test('a database that did not work before a release is not called its doing', async () => {
  await administrator('alter database orion set default_transaction_read_only = on');
  const step = await deployer.deploy(await withRound(workspace), { app: 'orion' });
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '4', reason: 'database-read-only' });
  expect(step.summary).toContain('It did not work before this release either.');
  await administrator('alter database orion reset default_transaction_read_only');
});

describe('broken on its own: databases that cannot be reached or logged in to', () => {
  test('PostgreSQL down: one failure, that names what failed because of it', async () => {
    await change('StatefulSet', 'postgres', { spec: { replicas: 0 } });
    await until('auth is not ready', async () =>
      numberAt(await read('Deployment', 'auth'), 'status', 'readyReplicas') === undefined ? true : undefined,
    );
    await expectFailure(workspace, 'connection-refused', /PostgreSQL is down: .*Because of it .*auth/);
    await change('StatefulSet', 'postgres', { spec: { replicas: 1 } });
    await rolledOut('StatefulSet', 'postgres');
    await Promise.all(['auth', 'user', 'gateway'].map((name) => rolledOut('Deployment', name)));
  });

  test.each([
    ['PostgreSQL', 'DATABASE_URL'],
    ['Redis', 'REDIS_URL'],
  ])('%s: the password in the Secret is wrong', async (title, key) => {
    const secret = await settings();
    const data = secret['data'] as Readonly<Record<string, string>>;
    const url = Buffer.from(data[key] ?? '', 'base64').toString();
    const wrong = Buffer.from(url.replace(password, 'Wrong0Horse0Battery')).toString('base64');
    await change('Secret', secret.metadata.name, { data: { [key]: wrong } });
    const step = await expectFailure(
      workspace,
      'login-refused',
      new RegExp(`${title} at \\S+ refused the (login|password)`),
    );
    expect(step.summary).not.toContain('Wrong0Horse0Battery');
    await change('Secret', secret.metadata.name, { data: { [key]: data[key] } });
  });

  test('a name in a URL that DNS does not know', async () => {
    const secret = await settings();
    const { DATABASE_URL = '' } = secret['data'] as Readonly<Record<string, string>>;
    const url = Buffer.from(DATABASE_URL, 'base64').toString().replace('@postgres:', '@postgress:');
    const wrong = Buffer.from(url).toString('base64');
    await change('Secret', secret.metadata.name, { data: { DATABASE_URL: wrong } });
    await expectFailure(
      workspace,
      'dns-unknown',
      /PostgreSQL at postgress has a name that .*DNS does not resolve/,
    );
    await change('Secret', secret.metadata.name, { data: { DATABASE_URL } });
  });
});

describe('broken on its own: databases that refuse writes or connections', () => {
  test('PostgreSQL that takes reads only, and one without a connection left', async () => {
    await administrator('alter database orion set default_transaction_read_only = on');
    await expectFailure(workspace, 'database-read-only', /is read-only/);
    await administrator(
      'alter database orion reset default_transaction_read_only',
      'alter database orion connection limit 0',
      'alter role orion nosuperuser',
    );
    await expectFailure(workspace, 'connections-exhausted', /has no connection left/);
    // Its data go with its pod.
    await change('StatefulSet', 'postgres', { spec: { replicas: 0 } });
    await until('PostgreSQL is gone', async () =>
      numberAt(await read('StatefulSet', 'postgres'), 'status', 'replicas') === 0 ? true : undefined,
    );
    await change('StatefulSet', 'postgres', { spec: { replicas: 1 } });
    await rolledOut('StatefulSet', 'postgres');
    await Promise.all(['auth', 'user', 'gateway'].map((name) => rolledOut('Deployment', name)));
  });

  test('Redis that is full, then a replica, then one that is down', async () => {
    const url = await forwarded('redis', 6379);
    const client = createClient({ url });
    await client.connect();
    await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '1']);
    await expectFailure(workspace, 'memory-full', /is full and refuses writes/);
    await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '0']);
    await client.sendCommand(['REPLICAOF', '127.0.0.1', '1']);
    await expectFailure(workspace, 'database-read-only', /Redis at \S+ is a replica and refuses writes/);
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE']);
    await client.close();
    await change('Deployment', 'redis', { spec: { replicas: 0 } });
    await until('notification is not ready', async () =>
      numberAt(await read('Deployment', 'notification'), 'status', 'readyReplicas') === undefined
        ? true
        : undefined,
    );
    await expectFailure(workspace, 'connection-refused', /Redis is down: .*Because of it .*notification/);
    await change('Deployment', 'redis', { spec: { replicas: 1 } });
    await rolledOut('Deployment', 'redis');
    await rolledOut('Deployment', 'notification');
  });
});

describe('broken on its own: endpoints and Services', () => {
  test.each([
    ['HEALTH', '500', /Health endpoint :8080\/health of pod user-\S+ answered 500 instead of 200 to 399/],
    ['READY', '503', /Readiness endpoint :8080\/ready of pod user-\S+ answered 503 instead of 200 to 399/],
  ])('%s of one service answers %s', async (which, status, message) => {
    const misbehaviour = { [`MISBEHAVE_${which}_STATUS`]: status, MISBEHAVE_STATUS_AFTER: '8s' };
    await whileUser(misbehaviour, async () => {
      await new Promise((resolve) => setTimeout(resolve, 8500));
      await expectFailure(workspace, 'status-unexpected', message);
    });
  });

  test('a slow endpoint', async () => {
    await whileUser({ MISBEHAVE_LATENCY: '400ms' }, async () => {
      const inputs = { comprehensive: 'true', 'max-latency': '200ms', service: 'user' };
      const message = /Latency of readiness endpoint :8080\/ready .*p95 is \d+ ms .*max-latency is 200 ms/;
      const step = await expectFailure(workspace, 'too-slow', message, inputs);
      expect(step.outputs).toMatchObject({ failed: '2' });
    });
  });

  test('a Service with ready pods, whose port leads to nobody', async () => {
    const service = await deployer.api.get({
      apiVersion: 'v1',
      kind: 'Service',
      namespace,
      name: 'notification',
    });
    if (service === undefined) throw new Error('There is no Service notification.');
    const ports = fieldAt(service, 'spec', 'ports') as readonly Manifest[];
    await change('Service', 'notification', {
      spec: { ports: ports.map((port) => ({ ...port, targetPort: 9 })) },
    });
    await expectFailure(workspace, 'connection-refused', /Service notification as a whole, :\d+\/\w+/);
    await change('Service', 'notification', { spec: { ports } });
  });

  test('a Service that selects nothing', async () => {
    await change('Service', 'notification', {
      spec: { selector: { 'app.kubernetes.io/name': 'notifications' } },
    });
    await expectFailure(
      workspace,
      'endpoints-missing',
      /Service notification selects .*, and no pod has that/,
    );
  });
});

test('one pod of three is bad behind a healthy Service, and a body that lies', async () => {
  const www = (files: string) =>
    webServer.replace('echo fine > /tmp/www/health', `echo fine > /tmp/www/health; ${files}`);
  const script = www(
    'echo \'{"status":"down"}\' > /tmp/www/state; case $HOSTNAME in *-1) ;; *) echo list > /tmp/www/items;; esac',
  );
  const container = {
    name: 'main',
    image: 'orion.example/sh',
    command: ['/bin/sh', '-c', script],
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: probe('/health'),
    securityContext: restricted,
  };
  const labels = { app: 'web' };
  const set: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: {
      serviceName: 'web',
      replicas: 3,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
    },
  };
  const service: Manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
  };
  const endpoints = (path: string): string =>
    stringify({ app: 'shop', smoke: { retries: 0, services: { web: { endpoints: [{ path }] } } } });
  await deployer.newNamespace('smoke-pods');
  const shop = { namespace: 'smoke-pods', workloads: [], objects: [set, service] };
  const folder = await writeShop({ ...shop, files: { 'orion.yaml': endpoints('/items') } });
  const deployed = await deployer.deploy(folder);
  expect(deployed.outputs, deployed.output).toMatchObject({ 'exit-code': '4', reason: 'status-unexpected' });
  expect(deployed.outputs).toMatchObject({ failed: '1' });
  await expectFailure(folder, 'status-unexpected', /endpoint :8080\/items of pod web-1 answered 404/);
  await writeFile(join(folder, 'orion.yaml'), endpoints('/state'));
  await expectFailure(folder, 'says-unhealthy', /answered 200, but its body says status: down/);
});

test('what is not there is told as such', async () => {
  const missing = await smoke(workspace, { namespace: 'smoke-nowhere' });
  expect(missing.outputs, missing.output).toMatchObject({ 'exit-code': '1', reason: 'namespace-missing' });
  const folder = await writeShop({ namespace, workloads: [{ name: 'payment' }] });
  const step = await smoke(folder);
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '4',
    reason: 'pods-not-ready',
    failed: '1',
  });
});
