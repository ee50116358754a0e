/** deploy-production in clusters as other people run them: managed databases, secrets that an operator makes, nodes made on demand. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { attachCluster } from '../../testbed/cluster.ts';
import {
  type Deployer,
  deployerFor,
  dropNamespace,
  everythingShown,
  type Inputs,
} from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { idle, type Manifest, overlayPath, type Shop, writeShop } from '../support/actions/shop-overlay.ts';
import { startPostgres } from '../support/servers/example-processes.ts';
import { nowhere, type PrivateNetwork, startPrivateNetwork } from './private-network.ts';

const password = 'Correct0Horse0Battery';
const definition = 'externalsecrets.external-secrets.io';
const namespaces: string[] = [];
let deployer: Deployer;
let network: PrivateNetwork;

beforeAll(async () => {
  deployer = await deployerFor('other-clusters', inject('stateDirectory'), 'deploy-production', {
    also: [rulesFor('external-secrets.io', ['externalsecrets'], 'watch')],
  });
  network = await startPrivateNetwork();
  await deployer.api.create(externalSecrets as never);
});

afterAll(async () => {
  const apiVersion = 'apiextensions.k8s.io/v1';
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.api.delete({ apiVersion, kind: 'CustomResourceDefinition', name: definition });
  await network[Symbol.asyncDispose]();
  await deployer.close();
});

/** As the operator ships it, without the schema. */
const externalSecrets: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: definition },
  spec: {
    group: 'external-secrets.io',
    scope: 'Namespaced',
    names: { plural: 'externalsecrets', singular: 'externalsecret', kind: 'ExternalSecret' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

async function newNamespace(name: string): Promise<string> {
  const namespace = `other-${name}-${Math.random().toString(36).slice(2, 8)}`;
  namespaces.push(await deployer.newNamespace(namespace, { 'orion.dev/environment': 'production' }));
  return namespace;
}

/** With the defaults of production, but for what this machine is: one node, no GitHub that could prove an approval, little time. */
async function deploy(shop: Shop, inputs: Inputs = {}) {
  const workspace = await writeShop(shop);
  return deployer.deploy(workspace, {
    overlay: overlayPath,
    'skip-approval': 'true',
    'min-nodes': '1',
    monitor: '0s',
    timeout: '170s',
    ...inputs,
  });
}

function countOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(new RegExp(pattern, 'g'))].length;
}

function usingDatabase(namespace: string, host: string): Shop {
  const value = `postgres://orion:${password}@${host}:5432/postgres`;
  const env = [{ name: 'DATABASE_URL', value }];
  return { namespace, workloads: [{ name: 'api', script: idle, container: { env } }] };
}

test('a managed database that only the cluster reaches is tested from inside', async () => {
  const server = await startPostgres(5432, password, network);
  try {
    const step = await deploy(usingDatabase(await newNamespace('managed'), network.address));
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0', failed: '0' });
    expect(step.output).toMatch(/PASS .*PostgreSQL|PostgreSQL .*answer/i);
    expect(step.output).not.toContain('cannot be reached');
    expect(await everythingShown(step)).not.toContain(password);
  } finally {
    await server.stop();
  }
});

test('a database that nobody reaches is inconclusive: green, and said once', async () => {
  const step = await deploy(usingDatabase(await newNamespace('nowhere'), nowhere));
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0', failed: '0' });
  for (const text of [step.output, step.summary]) {
    expect(countOf(text, /cannot be reached from inside the cluster/), text).toBe(1);
  }
});

async function startOperator(namespace: string): Promise<ChildProcess> {
  const { kubeconfig } = await attachCluster(inject('stateDirectory'));
  const program = join(import.meta.dirname, 'secret-operator.ts');
  const operator = spawn(process.execPath, [program, kubeconfig, namespace], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(operator.stdout, 'data');
  return operator;
}

function usingVault(namespace: string, key: string): Shop {
  const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'shop-vault', key: 'token' } } }];
  return {
    namespace,
    workloads: [{ name: 'api', script: idle, container: { env } }],
    objects: [
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name: 'shop-vault', annotations: { 'test.orion.dev/after': '6' } },
        spec: {
          secretStoreRef: { kind: 'ClusterSecretStore', name: 'vault' },
          data: [{ secretKey: 'token', remoteRef: { key } }],
        },
      },
    ],
  };
}

test('a Secret that the External Secrets operator makes after 6 s is waited for', async () => {
  const namespace = await newNamespace('vault');
  const operator = await startOperator(namespace);
  try {
    const step = await deploy(usingVault(namespace, 'shop/token'));
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    expect(step.output).toContain('ExternalSecret shop-vault');
  } finally {
    operator.kill();
  }
});

test('an ExternalSecret that gets nothing from its provider is the cause', async () => {
  const namespace = await newNamespace('vault-fails');
  const operator = await startOperator(namespace);
  try {
    const step = await deploy(usingVault(namespace, 'absent'));
    expect(step.exitCode, step.output).toBe(2);
    for (const text of [step.output, step.summary]) {
      expect(text.replaceAll('`', '')).toMatch(
        /ExternalSecret shop-vault\b.*could not get secret data from provider/,
      );
    }
  } finally {
    operator.kill();
  }
});

test('an empty value of a Secret is a warning', async () => {
  const namespace = await newNamespace('empty');
  const env = [{ name: 'SENTRY_DSN', valueFrom: { secretKeyRef: { name: 'telemetry', key: 'SENTRY_DSN' } } }];
  const step = await deploy({
    namespace,
    workloads: [{ name: 'api', script: idle, container: { env } }],
    kustomization: { secretGenerator: [{ name: 'telemetry', literals: ['SENTRY_DSN='] }] },
  });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  expect(step.output).toMatch(/Key SENTRY_DSN of Secret telemetry-\w+ .*empty/);
});

test('a full node is a warning where an autoscaler makes nodes', async () => {
  const marker = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: 'kube-system',
    name: 'cluster-autoscaler-status',
  };
  const { objects } = await deployer.api.list('v1', 'Node', {});
  const [node] = objects as readonly {
    readonly status?: { readonly allocatable?: Record<string, string> };
  }[];
  const cores = Number(node?.status?.allocatable?.['cpu']);
  // Two pods take most of the node, so a third one beside them does not fit; one of the old ones may go first.
  const cpu = `${Math.floor((cores * 1000) / 2) - 150}m`;
  const shop = (image: string): Shop => ({
    namespace,
    workloads: [
      {
        name: 'api',
        script: `echo ${image}; ${idle}`,
        replicas: 2,
        container: { resources: { requests: { cpu } } },
        spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      },
    ],
  });
  const namespace = await newNamespace('full');
  await deployer.api.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: marker.name, namespace: marker.namespace },
    data: { status: 'autoscalerStatus: Running\n' },
  } as never);
  try {
    expect((await deploy(shop('one'))).outputs).toMatchObject({ outcome: 'succeeded' });
    const step = await deploy(shop('two'));
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    expect(step.annotations.join('\n'), step.output).toMatch(
      /^::warning title=resources\S* insufficient-resources::/m,
    );
  } finally {
    await deployer.api.delete(marker);
  }
});
