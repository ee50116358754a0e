import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster, stopCluster } from '../../testbed/cluster.ts';
import { isRunning, listProcesses } from '../../testbed/control-plane/processes.ts';
import { connectTo } from '../../testbed/node/kubernetes-api.ts';
import { processesOf } from '../support/cluster/processes-of.ts';

// Binaries may have to be built first, on a machine that has none.
const startTimeout = 1_800_000;
const timeout = 60_000;

const folders: string[] = [];
let first: Cluster;
let second: Cluster;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-cluster-'));
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  const [one, other] = [await newFolder(), await newFolder()];
  [first, second] = await Promise.all([
    startCluster({ stateDirectory: one, node: 'hollow' }),
    startCluster({ stateDirectory: other, node: 'hollow', hollowNodes: 1 }),
  ]);
}, startTimeout);

afterAll(async () => {
  for (const folder of folders) {
    await stopCluster(folder);
    await rm(folder, { recursive: true, force: true });
  }
}, timeout);

async function request(
  kubeconfig: string,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  value?: object,
): Promise<unknown> {
  const api = await connectTo(kubeconfig);
  try {
    const body = value && { type: 'application/json' as const, value };
    return await (await api.request(method, path, body)).json();
  } finally {
    await api.close();
  }
}

function deployment(name: string): object {
  const labels = { app: name };
  const containers = [{ name, image: 'example.test/nothing:1' }];
  const template = { metadata: { labels }, spec: { containers } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 3, selector: { matchLabels: labels }, template },
  };
}

const deployments = '/apis/apps/v1/namespaces/default/deployments';

async function deploymentBecomesReady(cluster: Cluster, name: string): Promise<void> {
  await request(cluster.kubeconfig, 'POST', deployments, deployment(name));
  const ready = () => request(cluster.kubeconfig, 'GET', `${deployments}/${name}`);
  while (true) {
    const live = await ready();
    if (JSON.stringify(live).includes('"readyReplicas":3')) return;
    await delay(50);
  }
}

function pidsOf(cluster: Cluster): Record<string, number> {
  return Object.fromEntries(listProcesses(cluster.stateDirectory).map(({ name, pid }) => [name, pid]));
}

function kill(cluster: Cluster, ...names: string[]): void {
  for (const [name, pid] of Object.entries(pidsOf(cluster))) {
    if (names.length === 0 || names.includes(name)) process.kill(pid, 'SIGKILL');
  }
}

test('two hollow clusters run side by side, apart from each other', { timeout }, async () => {
  await Promise.all([deploymentBecomesReady(first, 'web'), deploymentBecomesReady(second, 'other')]);
  const inFirst = JSON.stringify(await request(first.kubeconfig, 'GET', deployments));
  expect(inFirst).toContain('"name":"web"');
  expect(inFirst).not.toContain('"name":"other"');
  expect((await first.status()).hollowNodes).toBe(3);
  expect((await second.status()).hollowNodes).toBe(1);
});

test('starting again is a no-op, and more hollow nodes are added', { timeout }, async () => {
  const before = pidsOf(second);
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  await startCluster({ stateDirectory: second.stateDirectory, node: 'hollow', log });
  expect(lines).toEqual([]);
  const grown = await startCluster({
    stateDirectory: second.stateDirectory,
    node: 'hollow',
    hollowNodes: 20,
  });
  const nodes = JSON.stringify(await request(grown.kubeconfig, 'GET', '/api/v1/nodes'));
  expect(nodes.match(/"name":"hollow-\d+"/g)).toHaveLength(20);
  expect((await grown.status()).hollowNodes).toBe(20);
  expect(pidsOf(second)).toEqual(before);
});

test('the audit log has a request when its answer is there, without bodies', { timeout }, async () => {
  const mark = `audit-${process.pid}-${performance.now()}`;
  await request(first.kubeconfig, 'POST', '/api/v1/namespaces/default/secrets', {
    metadata: { name: mark },
    stringData: { key: 'canary-in-a-body' },
  });
  const log = await readFile(first.auditLog, 'utf8');
  const entries = log.split('\n').filter((line) => line.includes(mark));
  expect(entries).toHaveLength(1);
  expect(entries[0]).toContain('"stage":"ResponseComplete"');
  expect(log).not.toContain('canary-in-a-body');
});

test('a user without groups may do nothing', { timeout }, async () => {
  const nobody = await first.controlPlane.issueKubeconfig('nobody', 'nobody');
  await expect(request(nobody, 'GET', '/api/v1/namespaces/default/pods')).rejects.toThrow(/403.*nobody/s);
});

test('the API server can be restarted and keeps what it had', { timeout }, async () => {
  const before = pidsOf(first);
  await request(first.kubeconfig, 'POST', '/api/v1/namespaces', { metadata: { name: 'kept' } });
  await first.controlPlane.restartApiServer();
  expect(JSON.stringify(await request(first.kubeconfig, 'GET', '/api/v1/namespaces/kept'))).toContain('kept');
  expect(pidsOf(first)['kube-apiserver']).not.toBe(before['kube-apiserver']);
  expect(pidsOf(first)['etcd']).toBe(before['etcd']);
  expect((await first.status()).healthy).toBe(true);
});

test('after the API server was killed, starting cleans up and works', { timeout }, async () => {
  const old = listProcesses(first.stateDirectory);
  kill(first, 'kube-apiserver');
  while (isRunning(old.find(({ name }) => name === 'kube-apiserver') ?? expect.fail())) await delay(10);
  expect((await first.status()).healthy).toBe(false);
  first = await startCluster({ stateDirectory: first.stateDirectory, node: 'hollow' });
  expect(old.filter(isRunning)).toEqual([]);
  await deploymentBecomesReady(first, 'web');
});

test('a process that was started but never noted is found and ended', { timeout }, async () => {
  const old = listProcesses(first.stateDirectory);
  await rm(join(first.stateDirectory, 'processes', 'kube-scheduler.json'));
  kill(first, 'etcd');
  first = await startCluster({ stateDirectory: first.stateDirectory, node: 'hollow' });
  expect(old.filter(isRunning)).toEqual([]);
});

test('after everything was killed, starting cleans up and works', { timeout }, async () => {
  kill(first);
  first = await startCluster({ stateDirectory: first.stateDirectory, node: 'hollow' });
  await deploymentBecomesReady(first, 'web');
});

test('stopping leaves no process, and only the logs', { timeout }, async () => {
  expect((await processesOf(second.stateDirectory)).length).toBeGreaterThanOrEqual(5);
  await second.stop();
  expect(await processesOf(second.stateDirectory)).toEqual([]);
  await expect(readFile(second.kubeconfig)).rejects.toThrow('ENOENT');
  expect(await readFile(join(second.stateDirectory, 'logs', 'kube-apiserver.log'), 'utf8')).not.toBe('');
  await second.stop();
});
