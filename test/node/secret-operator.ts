/**
 * The part of the External Secrets operator that a release meets, as a process of its own: `node secret-operator.ts KUBECONFIG NAMESPACE`.
 * Each ExternalSecret gets its Secret after as many seconds as its annotation `test.orion.dev/after` says; one whose remote key is
 * `absent` gets the condition that the operator writes for a provider without that key, and no Secret.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { connect } from '../../src/cluster/api/connect.ts';
import { watchKinds } from '../../src/cluster/watch/watch.ts';
import { fieldAt } from '../../src/domain/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';

const [kubeconfig = '', namespace = ''] = process.argv.slice(2);
const apiVersion = 'external-secrets.io/v1';
const connection = await connect({ kubeconfig, env: {}, home: '' });
const api = createKubernetesApi(connection);
const seen = new Set<string>();

async function say(object: KubernetesObject, condition: object): Promise<void> {
  await api.transport.request({
    method: 'PATCH',
    path: `/apis/${apiVersion}/namespaces/${namespace}/externalsecrets/${object.metadata.name}/status`,
    contentType: 'application/merge-patch+json',
    body: {
      status: { conditions: [{ type: 'Ready', lastTransitionTime: new Date().toISOString(), ...condition }] },
    },
  });
}

async function reconcile(object: KubernetesObject): Promise<void> {
  const { name, uid = '', annotations = {} } = object.metadata;
  if (seen.has(uid)) return;
  seen.add(uid);
  await delay(1000 * Number(annotations['test.orion.dev/after'] ?? 0));
  const keys = fieldAt(object, 'spec', 'data') as readonly {
    readonly secretKey: string;
    readonly remoteRef: { readonly key: string };
  }[];
  if (keys.some(({ remoteRef }) => remoteRef.key === 'absent')) {
    const message = 'could not get secret data from provider';
    return say(object, { status: 'False', reason: 'SecretSyncedError', message });
  }
  const target = String(fieldAt(object, 'spec', 'target', 'name') ?? name);
  const stringData = Object.fromEntries(keys.map(({ secretKey }) => [secretKey, 'from-the-vault']));
  await api.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: target, namespace },
    stringData,
  } as never);
  await say(object, { status: 'True', reason: 'SecretSynced', message: 'secret synced' });
}

process.on('SIGTERM', () => process.exit(0));
await watchKinds(
  [{ apiVersion, kind: 'ExternalSecret', namespace }],
  (change) => {
    const objects =
      change.type === 'listed' ? change.objects : change.type === 'applied' ? [change.object] : [];
    for (const object of objects) reconcile(object).catch((error: unknown) => console.error(String(error)));
  },
  { api },
);
console.log('watching');
await new Promise<never>(() => {});
