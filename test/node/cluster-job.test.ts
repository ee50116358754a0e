/** Services called from within a real cluster, in a namespace with restricted pod security. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type ClusterJob, runClusterJob } from '../../src/cluster/in-cluster-job/job.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import type { HttpAnswer } from '../../src/domain/smoke/http/http-answer.ts';
import type { ProbeRequest } from '../../src/domain/smoke/tests/probe.ts';
import { type Deployer, deployerFor, dropNamespace, until } from '../support/actions/deployer.ts';

const namespace = `cluster-job-${process.pid}`;
let deployer: Deployer;
const { signal } = new AbortController();

/** Says what it was asked, in a header too; `/big` is longer than what is kept. */
const server = `require('http').createServer((request, answer) => {
  let body = '';
  request.on('data', (part) => { body += part; }).on('end', () => {
    const { method, url, headers } = request;
    answer.writeHead(url === '/broken' ? 503 : 200, { 'x-name': process.env.NAME, 'set-cookie': ['a=1', 'b=2'] });
    answer.end(url === '/big' ? 'o'.repeat(100000) : JSON.stringify({ name: process.env.NAME, method, url, headers, body }));
  });
}).listen(8080)`;

const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
};

function pod(name: string): KubernetesObject {
  const main = {
    name: 'main',
    image: 'orion.example/service:1',
    imagePullPolicy: 'Never',
    command: ['/usr/local/bin/node', '-e', server],
    env: [{ name: 'NAME', value: name }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    securityContext,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [main] },
  } as KubernetesObject;
}

function service(name: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  } as KubernetesObject;
}

type HttpProbe = Extract<ProbeRequest, { what: 'http' }>;

function call(host: string, path = '/', more: Partial<HttpProbe['call']> = {}, deadline = 3000): HttpProbe {
  const call = { scheme: 'http', host, port: 80, verify: true, method: 'GET', path, ...more } as const;
  return { what: 'http', call, deadline };
}

function job(requests: readonly ProbeRequest[], more: Partial<ClusterJob> = {}): ClusterJob {
  const [name, token] = [randomBytes(6).toString('hex'), randomBytes(16).toString('hex')];
  const image = 'orion.example/probe:1';
  return { namespace, image, requests, name, token, startLimit: 60_000, signal, ...more };
}

async function answersOf(requests: readonly HttpProbe[]): Promise<readonly HttpAnswer[]> {
  const outcome = await runClusterJob(deployer.api, job(requests));
  if (outcome.type !== 'answered') throw new Error(outcome.message);
  return outcome.findings.flatMap((one) => (one.what === 'http' ? [one.finding] : []));
}

/** Names of what a Job of ours can leave. */
async function left(): Promise<readonly string[]> {
  const kinds = [
    ['batch/v1', 'Job'],
    ['v1', 'Secret'],
    ['v1', 'Pod'],
  ] as const;
  const lists = await Promise.all(
    kinds.map(([version, kind]) => deployer.api.list(version, kind, { namespace })),
  );
  const names = lists.flatMap(({ objects }) => objects.map(({ metadata }) => metadata.name));
  return names.filter((name) => name.startsWith('orion-smoke-'));
}

const nothingLeft = (limit: number) =>
  until('nothing left', async () => ((await left()).length === 0 ? true : undefined), limit);

beforeAll(async () => {
  deployer = await deployerFor('cluster-job', inject('stateDirectory'));
  await deployer.newNamespace(namespace, { 'pod-security.kubernetes.io/enforce': 'restricted' });
  for (const name of ['auth', 'user']) await deployer.api.create(pod(name));
  for (const name of ['auth', 'user', 'nobody']) await deployer.api.create(service(name));
  await until('ready pods', async () => {
    const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
    const ready = objects.filter(
      ({ status }) =>
        (status as { containerStatuses?: readonly { ready: boolean }[] } | undefined)?.containerStatuses?.[0]
          ?.ready,
    );
    return ready.length === 2 ? true : undefined;
  });
  // kube-proxy programs a Service a moment after its pods are ready.
  await until('answers of both Services', async () => {
    const answers = await answersOf([call('auth'), call('user')]);
    return answers.length === 2 && answers.every(({ status }) => status === 200) ? true : undefined;
  });
});

afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

describe('a Job in the cluster', () => {
  test('brings the answers of Services and says what is wrong with the others', async () => {
    const headers = { 'x-quoted': 'Bearer "quoted\\"', 'x-empty': '', authorization: 'Bearer t0k3n' };
    const [auth, user, big, posted, nobody, unknown, closed, named] = await answersOf([
      call('auth', '/health?a[]={b}', { headers }),
      call(`user.${namespace}.svc.cluster.local`, '/broken'),
      call('auth', '/big'),
      call('user', '/', { method: 'POST', body: '@/etc/passwd\n"\\ é' }),
      call('nobody', '/', {}, 1000),
      call('nobdoy'),
      call('auth', '/', { port: 81 }, 1000),
      call('auth', '/named', { serverName: 'shop.example' }),
    ]);
    expect(auth).toMatchObject({
      status: 200,
      headers: { 'x-name': ['auth'], 'set-cookie': ['a=1', 'b=2'] },
    });
    expect(JSON.parse(auth?.body ?? '')).toMatchObject({
      name: 'auth',
      url: '/health?a[]={b}',
      headers: { ...headers, authorization: '***', 'user-agent': 'orion-smoke' },
    });
    expect(auth?.milliseconds).toBeGreaterThan(0);
    expect(user).toMatchObject({ status: 503 });
    expect(JSON.parse(user?.body ?? '')).toMatchObject({ name: 'user' });
    expect(big).toMatchObject({ status: 200, truncated: true, body: 'o'.repeat(65_536) });
    expect(JSON.parse(posted?.body ?? '')).toMatchObject({ method: 'POST', body: '@/etc/passwd\n"\\ é' });
    // What has no endpoints is refused or dropped, as kube-proxy likes.
    expect(['refused', 'unreachable', 'timeout']).toContain(nobody?.error?.kind);
    expect(unknown?.error).toMatchObject({ kind: 'dns', message: expect.stringContaining('nobdoy') });
    expect(closed?.status).toBeUndefined();
    expect(JSON.parse(named?.body ?? '')).toMatchObject({ name: 'auth', headers: { host: 'shop.example' } });
    await nothingLeft(15_000);
  });

  test('finds what databases say, and measures from where the pods are', async () => {
    const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
    const { podIP = '' } = (objects.find(({ metadata }) => metadata.name === 'auth')?.['status'] ?? {}) as {
      podIP?: string;
    };
    const schedule = { requests: 80, rate: 40, maxInFlight: 64, timeout: 5000 };
    const measured = { ...call(podIP, '/', { port: 8080 }).call };
    const target = { host: 'auth', port: 80, user: 'shop', database: 'shop', password: 'hunter2' };
    const tls = { mode: 'disable' } as const;
    const outcome = await runClusterJob(
      deployer.api,
      job([
        { what: 'latency', call: measured, schedule, expect: {} },
        { what: 'postgres', target: { ...target, tls }, deadline: 3000 },
        { what: 'redis', target: { host: 'nobdoy', port: 6379, tls }, deadline: 3000 },
      ]),
    );
    if (outcome.type !== 'answered') throw new Error(outcome.message);
    const [latency, postgres, redis] = outcome.findings;
    if (latency?.what !== 'latency') throw new Error('no samples');
    expect(latency.finding).toHaveLength(80);
    expect(latency.finding.every(({ ok }) => ok)).toBe(true);
    // A server of HTTP is no PostgreSQL: whatever it says, it is a finding.
    expect(postgres?.finding).toMatchObject({ connectionFault: expect.anything() });
    expect(redis?.finding).toMatchObject({ connectionFault: { kind: 'dns' } });
    await nothingLeft(15_000);
  });
});

describe('a Job in the cluster that cannot start', () => {
  test('whose image is no probe says so', async () => {
    const outcome = await runClusterJob(deployer.api, job([call('auth')], { image: 'orion.example/curl:1' }));
    expect(outcome).toMatchObject({ type: 'unavailable', message: 'its log is not that of a probe' });
    await nothingLeft(15_000);
  });

  test('whose image is not there is given up at once, and leaves nothing', async () => {
    const outcome = await runClusterJob(
      deployer.api,
      job([call('auth')], { image: 'orion.example/UPPER:1' }),
    );
    expect(outcome).toMatchObject({
      type: 'unavailable',
      message: expect.stringMatching(/InvalidImageName/),
    });
    await nothingLeft(15_000);
  });

  test('whose pod has no room, or is refused, is given up long before its patience ends', async () => {
    const startedAt = performance.now();
    const startLimit = 60_000;
    const crowded = await deployer.newNamespace(`${namespace}-crowded`);
    const hard = { pods: '0' };
    const metadata = { name: 'none', namespace: crowded };
    await deployer.api.create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } } as never);
    // The quota counts from when its controller has seen it.
    await until('the quota', async () => {
      const quota = await deployer.api.get({ apiVersion: 'v1', kind: 'ResourceQuota', ...metadata });
      return (quota?.['status'] as { hard?: object } | undefined)?.hard === undefined ? undefined : true;
    });
    try {
      const outcome = await runClusterJob(deployer.api, {
        ...job([call('auth')]),
        namespace: crowded,
        startLimit,
      });
      expect(outcome).toMatchObject({
        type: 'unavailable',
        message: expect.stringMatching(/refused: .*exceeded quota/),
      });
      expect(performance.now() - startedAt).toBeLessThan(startLimit / 2);
    } finally {
      await dropNamespace(deployer.api, crowded);
    }
  });
});

describe('a Job in the cluster that is interrupted', () => {
  test('that is stopped leaves nothing', async () => {
    const stop = new AbortController();
    const running = runClusterJob(
      deployer.api,
      job([call('10.255.255.1', '/', {}, 60_000)], { signal: stop.signal }),
    );
    await until('the pod', async () => ((await left()).length >= 3 ? true : undefined));
    stop.abort(new Error('stopped'));
    await expect(running).rejects.toThrow('stopped');
    await nothingLeft(15_000);
  });

  test('of a killed run is ended and deleted by the cluster, its Secret too', async () => {
    const options = job([call('10.255.255.1', '/', {}, 60_000)], {
      seconds: { deadline: 4, afterwards: 2 },
    });
    const { signal: _, ...plain } = options;
    const script = `import { connect } from './src/cluster/api/connect.ts';
      import { createKubernetesApi } from './src/cluster/api/api.ts';
      import { runClusterJob } from './src/cluster/in-cluster-job/job.ts';
      const connection = await connect({ kubeconfig: process.env.CONFIG, env: {}, home: '' });
      await runClusterJob(createKubernetesApi(connection), { ...JSON.parse(process.env.JOB), signal: new AbortController().signal });`;
    const process_ = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, CONFIG: deployer.kubeconfig, JOB: JSON.stringify(plain) },
      stdio: 'inherit',
    });
    const over = once(process_, 'exit');
    await until('Job, Secret and pod', async () => ((await left()).length >= 3 ? true : undefined));
    process_.kill('SIGKILL');
    await over;
    expect((await left()).length).toBeGreaterThanOrEqual(2);
    await nothingLeft(90_000);
  });
});
