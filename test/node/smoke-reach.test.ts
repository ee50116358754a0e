/** A Service as a whole by the ways from outside, and TLS, on the real node: a small shop with a LoadBalancer Service. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { runStep, type StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, dropNamespace, until } from '../support/actions/deployer.ts';
import { type Manifest, probe, restricted, writeShop } from '../support/actions/shop-overlay.ts';
import { expiredCertificate } from '../support/servers/certificates.ts';

const namespace = `smoke-reach-${process.pid}`;
const bundle = join(import.meta.dirname, '../../dist/smoke-tests/index.js');
/** No node can pull it: the Job is no way then. */
const noJob = { 'smoke-image': 'orion.example/UPPER:1' };
/** Only for this machine, on a port that only root may take: Ingresses know no other. */
const controllerAddress = '127.0.0.77';
let deployer: Deployer;
let folder: string;

const script = `const { readFileSync } = require('fs');
const answer = ({ headers }, response) => response.end(headers.host);
require('http').createServer(answer).listen(8080);
require('https').createServer({ key: process.env.TLS_KEY, cert: process.env.TLS_CERT }, answer).listen(8443);`;

function web(certificate: { readonly key: string; readonly cert: string }): readonly Manifest[] {
  const labels = { app: 'web' };
  const container = {
    name: 'main',
    image: 'orion.example/service:1',
    imagePullPolicy: 'Never',
    command: ['/usr/local/bin/node', '-e', script],
    env: [
      { name: 'TLS_KEY', value: certificate.key },
      { name: 'TLS_CERT', value: certificate.cert },
    ],
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'https', containerPort: 8443 },
    ],
    readinessProbe: probe('/ready'),
    livenessProbe: probe('/alive', 8443, {
      httpGet: { path: '/alive', port: 8443, scheme: 'HTTPS' },
      initialDelaySeconds: 5,
    }),
    securityContext: restricted,
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: {
        type: 'LoadBalancer',
        selector: labels,
        ports: [{ name: 'http', port: 8081, targetPort: 'http' }],
      },
    },
  ];
}

const shop = (certificate: Parameters<typeof web>[0], smoke: object = {}) => ({
  namespace,
  workloads: [],
  objects: web(certificate),
  files: { 'orion.yaml': stringify({ app: 'shop', smoke: { retries: 0, ...smoke } }) },
});

interface Report {
  readonly id: string;
  readonly kind: string;
  readonly route?: string;
  readonly outcome: string;
  readonly message: string;
}

async function smoke(
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly step: StepResult; readonly whole: Report | undefined }> {
  const given = { kubeconfig: deployer.kubeconfig, ...inputs };
  const step = await runStep({ bundle, workspace: folder, inputs: given, env });
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  return { step, whole: (reports as Report[]).find(({ id }) => id.startsWith('web/service/GET')) };
}

let certificate: Parameters<typeof web>[0];

beforeAll(async () => {
  deployer = await deployerFor('smoke-reach', inject('stateDirectory'));
  await deployer.newNamespace(namespace);
  certificate = await expiredCertificate();
  folder = await writeShop(shop(certificate));
  const step = await deployer.deploy(folder, { comprehensive: 'true' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  await until('an address of the Service', async () => {
    const service = await deployer.api.get({ apiVersion: 'v1', kind: 'Service', namespace, name: 'web' });
    return JSON.stringify(service?.['status']).includes('"ip"') ? true : undefined;
  });
});

afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

test('response times are in the record, and the next ones stand beside them', async () => {
  const { releases } = await deployer.records(namespace).list('shop');
  const { latencies = [] } = releases[0]?.head ?? {};
  expect(latencies.map(({ id }) => id)).toEqual([
    'web/latency/GET https:8443/alive',
    'web/latency/GET http:8080/ready',
  ]);
  for (const { requests, p95 } of latencies) {
    expect(requests).toBe(120);
    expect(p95).toBeGreaterThan(0);
  }
  // From here the way is in the figure: what it costs is said, and nothing is compared.
  const outside = await smoke({ comprehensive: 'true', ...noJob });
  expect(outside.step.outputs, outside.step.output).toMatchObject({ 'exit-code': '0', failed: '0' });
  expect(outside.step.output).toMatch(/by port-forward, of which the way itself costs about/);
  expect(outside.step.summary).not.toContain('before: in release');
  const { step } = await smoke({ comprehensive: 'true' });
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', failed: '0' });
  expect(step.output).not.toContain('by port-forward');
  expect(step.summary).toMatch(
    /Response times of 2 endpoints \(.*, before: in release <code>orion-shop-1<\/code>\)/,
  );
  expect(step.summary.match(/, [\d.]+ m?s before \|/g)).toHaveLength(2);
});

test('by its LoadBalancer address where no Job runs', async () => {
  const { step, whole } = await smoke(noJob);
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', failed: '0' });
  expect(whole).toMatchObject({
    outcome: 'passed',
    route: 'load-balancer',
    message: expect.stringMatching(/answered 200\.$/),
  });
});

test('by an Ingress host, then by ClusterIP for a runner inside, where neither a Job nor a balancer answers', async () => {
  const status = { loadBalancer: { ingress: [{ ip: controllerAddress }] } };
  const patch = (path: string, body: object) =>
    deployer.api.transport.request({
      method: 'PATCH',
      path: `${path}/status`,
      contentType: 'application/merge-patch+json',
      body: body as Manifest,
    });
  const backend = { service: { name: 'web', port: { name: 'http' } } };
  await deployer.api.create({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace },
    spec: {
      rules: [{ host: 'shop.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  } as never);
  await patch(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/web`, { status });
  // A balancer that leads nowhere from here.
  const nowhere = { status: { loadBalancer: { ingress: [{ ip: '127.0.0.78' }] } } };
  await patch(`/api/v1/namespaces/${namespace}/services/web`, nowhere);
  const hosts: string[] = [];
  const controller = createServer(({ headers }, response) => {
    hosts.push(headers.host ?? '');
    response.writeHead(headers.host === 'shop.example' ? 200 : 404).end();
  });
  await new Promise<void>((resolve) => controller.listen(80, controllerAddress, resolve));
  const entered = await smoke(noJob).finally(() => controller.close());
  expect(entered.whole).toMatchObject({ outcome: 'passed', route: 'ingress' });
  expect(entered.whole?.message).toContain('LoadBalancer address 127.0.0.78:8081: no answer');
  expect(hosts).toEqual(['shop.example']);

  // The kubeconfig names the API server by this address: a runner that has it from its own pod is inside.
  const { hostname } = new URL(/server: (\S+)/.exec(await kubeconfigText())?.[1] ?? '');
  const inside = await smoke(noJob, { KUBERNETES_SERVICE_HOST: hostname });
  expect(inside.whole).toMatchObject({ outcome: 'passed', route: 'cluster-ip' });
  expect(inside.whole?.message).toContain('Ingress host shop.example at 127.0.0.77:80: no answer');
});

async function kubeconfigText(): Promise<string> {
  return deployer.kubeconfig.includes('\n') ? deployer.kubeconfig : readFile(deployer.kubeconfig, 'utf8');
}

test('a TLS certificate that has expired', async () => {
  const endpoints = [{ path: '/alive', port: 'https', 'tls-days': 0 }];
  await writeShop(shop(certificate, { services: { web: { endpoints } } }), folder);
  const { step } = await smoke({});
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '4', reason: 'tls-expired', failed: '1' });
  expect(step.annotations.filter((line) => line.startsWith('::error'))).toHaveLength(1);
  expect(step.output).toMatch(
    /presented a TLS certificate that expires on \d{4}-\d\d-\d\d, in less than 0 days/,
  );
});
