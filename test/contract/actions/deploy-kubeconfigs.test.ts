/** Cases 234 to 239 of other people's set-ups, by the bundle of deploy-staging: what is looked at is how far it gets. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type StepResult, startStep } from '../../../testbed/workflow-step.ts';
import { type LocalApiServer, startLocalApiServer } from '../../support/servers/api-server.ts';

const bundle = join(import.meta.dirname, '../../../dist/deploy-staging/index.js');
let folder: string;
let server: LocalApiServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-outside-'));
  server = await startLocalApiServer();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {GREETING: good day}\n';
const plain = {
  'ws/k8s/overlays/staging/kustomization.yaml': 'resources: [settings.yaml]\n',
  'ws/k8s/overlays/staging/settings.yaml': settings,
};

async function deploy(
  files: Readonly<Record<string, string>>,
  kubeconfig: string,
  env: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  for (const [path, text] of Object.entries({ 'ws/README': '', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    if (text.startsWith('#!')) await chmod(join(folder, path), 0o755);
  }
  const inputs = { namespace: 'shop', app: 'shop', kubeconfig };
  const variables = { NO_COLOR: '1', ...env };
  const step = await startStep({ bundle, workspace: join(folder, 'ws'), inputs, env: variables });
  return step.result;
}

/** A kubeconfig for a port where nobody listens. */
const nobody = (change: Parameters<LocalApiServer['kubeconfig']>[0] = {}) =>
  server.kubeconfig({ cluster: { server: 'https://127.0.0.1:9' }, ...change });
const login = (token: string) =>
  `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${token}"}}'\n`;

test('234: the plugin beside the kubeconfig is run, and not the one of the checkout', async () => {
  const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login' } };
  const files = { ...plain, 'kube/config': nobody({ user }), 'kube/login': login('right') };
  const alone = await deploy(files, '../kube/config');
  expect(alone.exitCode).toBe(1);
  expect(alone.output).toContain('The API server 127.0.0.1:9 cannot be reached (ECONNREFUSED).');
  expect(alone.output).not.toContain('tool-missing');
  server.handler = (_, response) => void response.writeHead(401).end();
  const reachable = { ...files, 'kube/config': server.kubeconfig({ user }), 'ws/login': login('wrong') };
  await deploy(reachable, '../kube/config');
  expect(new Set(server.requests.map(({ authorization }) => authorization))).toStrictEqual(
    new Set(['Bearer right']),
  );
});

test.each(['10.0.0.0/8,.svc,.cluster.local', '10.254.254.254'])(
  '236: a proxy is not asked for the network in NO_PROXY=%s',
  async (NO_PROXY) => {
    const asked: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        asked.push(String(bytes).split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const HTTPS_PROXY = `http://me:hunter2@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const kubeconfig = server.kubeconfig({ cluster: { server: 'https://10.254.254.254:6443' } });
    const excepted = await deploy(plain, kubeconfig, { HTTPS_PROXY, NO_PROXY });
    expect(excepted.exitCode).toBe(1);
    expect(asked).toStrictEqual([]);
    const proxied = await deploy(plain, kubeconfig, { HTTPS_PROXY, NO_PROXY: '11.0.0.0/8' });
    expect(asked[0]).toBe('CONNECT 10.254.254.254:6443 HTTP/1.1');
    expect(`${excepted.output}${proxied.output}${proxied.summary}`).not.toContain('hunter2');
    await new Promise((resolve) => proxy.close(resolve));
  },
);

test('the authorities of the machine count where the kubeconfig names none', async () => {
  const kubeconfig = server.kubeconfig({ cluster: { 'certificate-authority-data': undefined } });
  const stranger = await deploy(plain, kubeconfig);
  expect(stranger.output).toContain('is signed by an authority that the kubeconfig does not contain');
  expect(server.requests).toStrictEqual([]);
  await deploy(plain, kubeconfig, { SSL_CERT_FILE: join(server.folder, 'ca.pem') });
  expect(server.requests.length).toBeGreaterThan(0);
});

test.each([
  [
    '238: a chart in the overlay',
    {
      'ws/k8s/overlays/staging/kustomization.yaml':
        'resources: [settings.yaml]\nhelmCharts:\n- {name: extra, valuesInline: {p: hunter2}}\n',
    },
    'k8s/overlays/staging/kustomization.yaml',
    2,
    /renders a Helm chart \(helmCharts\).*--enable-helm/,
  ],
  [
    '238: a chart in the base',
    {
      'ws/k8s/overlays/staging/kustomization.yaml': 'resources: [../../base]\n',
      'ws/k8s/base/kustomization.yaml':
        'helmGlobals: {chartHome: ../charts}\nhelmCharts:\n- {name: extra, valuesInline: {p: hunter2}}\n',
    },
    'k8s/base/kustomization.yaml',
    2,
    /renders a Helm chart \(helmCharts\).*--enable-helm/,
  ],
  [
    '239: a Job with generateName',
    {
      'ws/k8s/overlays/staging/kustomization.yaml': 'resources: [migrate.yaml]\n',
      'ws/k8s/overlays/staging/migrate.yaml':
        'apiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: migrate-\nspec: {}\n',
    },
    'k8s/overlays/staging/migrate.yaml',
    4,
    /migrate\.yaml holds an object of kind Job with generateName/,
  ],
])('%s', async (_, files, file, line, sentence) => {
  const { exitCode, output, annotations } = await deploy({ ...plain, ...files }, nobody());
  expect(exitCode).toBe(1);
  expect(output.split('\n').find((text) => text.includes('FAIL overlay'))).toMatch(sentence);
  expect(annotations.some((text) => text.includes(`file=${file},line=${line}`))).toBe(true);
  expect(output).not.toMatch(/must be a directory|is not directory|hunter2/);
});
