/** Live objects that make what an overlay lacks, on a real API server: found, or not to be seen, and never a failure of ours. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { expectationsOf } from '../../src/domain/producers/expectations.ts';
import type { Target } from '../../src/flow/plan/desired.ts';
import { makePlan } from '../../src/flow/plan/plan.ts';
import { readSupply } from '../../src/flow/preflight/supply.ts';
import type { ClusterPort } from '../../src/ports/cluster.ts';
import { grantIn } from '../support/actions/deployer-role.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';

let here: ApiCluster;
let cluster: ClusterPort;
let namespace: string;

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function definition(plural: string, kind: string): KubernetesObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.external-secrets.io` },
    spec: {
      group: 'external-secrets.io',
      scope: kind.startsWith('Cluster') ? 'Cluster' : 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } },
        },
      ],
    },
  };
}

beforeAll(async () => {
  here = await startApiCluster();
  cluster = releaseCluster(here.connection, here.api);
  namespace = await here.newNamespace();
  await here.api.create(definition('externalsecrets', 'ExternalSecret'));
  await here.api.create(definition('clusterexternalsecrets', 'ClusterExternalSecret'));
  await vi.waitFor(
    () =>
      here.api.create({
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name: 'shop-db', namespace },
        spec: { target: { name: 'tokens' }, data: [{ secretKey: 'TOKEN' }] },
      }),
    { timeout: 20_000, interval: 250 },
  );
}, startTimeout);

afterAll(() => here?.stop(), 60_000);

function placed(kind: string, name: string, rest: object): KubernetesObject {
  return {
    apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
    kind,
    metadata: { name, namespace },
    ...rest,
  };
}

function targetWith(name: string, ...others: readonly KubernetesObject[]): Target {
  const env = [{ name: 'X', valueFrom: { secretKeyRef: { name, key: 'TOKEN' } } }];
  const template = {
    metadata: { labels: { app: 'auth' } },
    spec: { containers: [{ name: 'main', image: 'registry.test/main:1', env }] },
  };
  const workload = placed('Deployment', 'auth', {
    spec: { selector: { matchLabels: { app: 'auth' } }, template },
  });
  return {
    namespace,
    objects: [workload, ...others],
    unknownKinds: new Set(),
    repeats: [],
    locate: () => ({ file: 'kustomization.yaml', line: 1 }),
  };
}

async function supplyFor(target: Target, by: ClusterPort = cluster) {
  const plan = makePlan(by, target, { adopt: [], namespaceExists: true });
  return readSupply(by, target, { namespaceExists: true, changes: plan.then(({ changes }) => changes) });
}

test('a live ExternalSecret makes what neither overlay nor namespace has', async () => {
  const supply = await supplyFor(targetWith('tokens'));
  expect(expectationsOf(supply)).toMatchObject([
    { certainty: 'sure', by: 'ExternalSecret shop-db', keys: ['TOKEN'] },
  ]);
  expect(supply.unseen).toEqual([]);
  expect(expectationsOf(await supplyFor(targetWith('typo')))).toEqual([]);
});

test('with the Role as it is shipped it cannot be seen, and that is said', async () => {
  const user = 'narrow';
  const kubeconfig = await here.cluster.controlPlane.issueKubeconfig(user, user, []);
  await grantIn(here.api, user, namespace, {});
  const connection = await here.connectAgain(kubeconfig);
  const narrow = releaseCluster(connection, createKubernetesApi(connection));
  const supply = await supplyFor(targetWith('tokens'), narrow);
  expect(supply.unseen).toEqual([
    'ClusterExternalSecret.external-secrets.io',
    'ExternalSecret.external-secrets.io',
  ]);
  expect(expectationsOf(supply)).toMatchObject([{ certainty: 'unseen', early: false }]);
});

test('a key that another manager has put into the live Secret stays, and is there', async () => {
  const secret = (data: object) => placed('Secret', 'shared', { data });
  await cluster.apply(secret({ OWN: 'eA==' }), { force: false, dryRun: false });
  const target = targetWith('shared', secret({ OWN: 'eA==' }));
  const missing = await supplyFor(target);
  expect(missing.kept.get(`Secret/${namespace}/shared`)).toEqual([]);
  // As a controller writes it: an update by another manager.
  await here.connection.transport.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/secrets/shared`,
    query: { fieldManager: 'controller' },
    contentType: 'application/merge-patch+json',
    body: { data: { TOKEN: 'eA==' } },
  });
  const kept = await supplyFor(target);
  expect(kept.kept.get(`Secret/${namespace}/shared`)).toEqual(['TOKEN']);
});
