/** What each kind makes, told by objects as their projects document them. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { fillerOf, productsByAnnotation } from '../../../../src/domain/producers/annotations.ts';
import { isNamed, type Product } from '../../../../src/domain/producers/product.ts';
import { liveKinds, productsByKind, rules } from '../../../../src/domain/producers/table.ts';

const object = (
  apiVersion: string,
  kind: string,
  spec: unknown,
  metadata: object = {},
): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'shop', namespace: 'shop', ...metadata },
  spec,
});

/** `Secret name[key,key]`, `+` before one that is only filled, `@` after one for all namespaces. */
const told = ({ kind, name, keys, fills, everywhere }: Product) =>
  `${fills ? '+' : ''}${kind} ${name}${keys === undefined ? '' : `[${keys.join()}]`}${everywhere ? '@' : ''}`;

const es = 'external-secrets.io/v1';
const vault = 'secrets.hashicorp.com/v1beta1';
const data = [{ secretKey: 'PASSWORD', remoteRef: { key: 'shop' } }];

const productsOfKinds: readonly [string, KubernetesObject, readonly string[]][] = [
  ['an ExternalSecret', object(es, 'ExternalSecret', { data }), ['Secret shop[PASSWORD]']],
  [
    'an older version, with a target of another name',
    object('external-secrets.io/v1beta1', 'ExternalSecret', { target: { name: 'db' }, data }),
    ['Secret db[PASSWORD]'],
  ],
  [
    'dataFrom',
    object(es, 'ExternalSecret', { data, dataFrom: [{ extract: { key: 'a' } }] }),
    ['Secret shop'],
  ],
  [
    'a template',
    object(es, 'ExternalSecret', { data, target: { template: { data: { URL: '{{ .PASSWORD }}' } } } }),
    ['Secret shop'],
  ],
  ['policy None', object(es, 'ExternalSecret', { data, target: { creationPolicy: 'None' } }), []],
  [
    'policy Merge',
    object(es, 'ExternalSecret', { data, target: { creationPolicy: 'Merge' } }),
    ['+Secret shop'],
  ],
  [
    'a ConfigMap as its target',
    object(es, 'ExternalSecret', {
      data,
      target: { name: 'c', manifest: { apiVersion: 'v1', kind: 'ConfigMap' } },
    }),
    ['ConfigMap c[PASSWORD]'],
  ],
  [
    'a ClusterExternalSecret',
    object(es, 'ClusterExternalSecret', { externalSecretName: 'db', externalSecretSpec: { data } }),
    ['Secret db[PASSWORD]@'],
  ],
  [
    'a PushSecret',
    object('external-secrets.io/v1alpha1', 'PushSecret', { selector: { secret: { name: 'db' } } }),
    [],
  ],
  [
    'a SealedSecret',
    object('bitnami.com/v1alpha1', 'SealedSecret', {
      encryptedData: { A: 'x' },
      template: { data: { B: 'y' } },
    }),
    ['Secret shop[A,B]'],
  ],
  [
    'a Certificate',
    object('cert-manager.io/v1', 'Certificate', { secretName: 'tls' }),
    ['Secret tls[tls.crt,tls.key,ca.crt]'],
  ],
  [
    'a Certificate with a keystore',
    object('cert-manager.io/v1', 'Certificate', {
      secretName: 'tls',
      keystores: { jks: { create: true } },
    }),
    ['Secret tls'],
  ],
  [
    'an Ingress with an issuer',
    object(
      'networking.k8s.io/v1',
      'Ingress',
      { tls: [{ hosts: ['a'], secretName: 'tls' }] },
      { annotations: { 'cert-manager.io/cluster-issuer': 'acme' } },
    ),
    ['Secret tls'],
  ],
  ['an Ingress without one', object('networking.k8s.io/v1', 'Ingress', { tls: [{ secretName: 'tls' }] }), []],
  [
    'a Gateway with an issuer',
    object(
      'gateway.networking.k8s.io/v1',
      'Gateway',
      { listeners: [{ tls: { certificateRefs: [{ name: 'tls' }] } }] },
      { annotations: { 'cert-manager.io/issuer': 'acme' } },
    ),
    ['Secret tls'],
  ],
  [
    'a VaultStaticSecret that creates',
    object(vault, 'VaultStaticSecret', { destination: { name: 'db', create: true } }),
    ['Secret db'],
  ],
  ['one that does not', object(vault, 'VaultDynamicSecret', { destination: { name: 'db' } }), ['+Secret db']],
  [
    'a SecretProviderClass',
    object('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', {
      secretObjects: [{ secretName: 'db', data: [{ objectName: 'o', key: 'PASSWORD' }] }],
    }),
    ['Secret db[PASSWORD]'],
  ],
  [
    'an InfisicalSecret',
    object('secrets.infisical.com/v1alpha1', 'InfisicalSecret', {
      managedKubeSecretReferences: [{ secretName: 'db' }],
      managedKubeConfigMapReferences: [{ configMapName: 'c' }],
    }),
    ['Secret db', 'ConfigMap c'],
  ],
  ['a OnePasswordItem', object('onepassword.com/v1', 'OnePasswordItem', {}), ['Secret shop']],
  [
    'a DopplerSecret',
    object('secrets.doppler.com/v1alpha1', 'DopplerSecret', { managedSecret: { name: 'db' } }),
    ['Secret db'],
  ],
  [
    'a trust-manager Bundle',
    object(
      'trust.cert-manager.io/v1alpha1',
      'Bundle',
      { target: { configMap: { key: 'ca.crt' } } },
      { namespace: undefined },
    ),
    ['ConfigMap shop@'],
  ],
  [
    'any managed resource of Crossplane',
    object('rds.aws.upbound.io/v1beta1', 'Instance', {
      writeConnectionSecretToRef: { name: 'db', namespace: 'shop' },
    }),
    ['Secret db'],
  ],
  [
    'any resource of the Azure Service Operator',
    object('cache.azure.com/v1', 'Redis', {
      operatorSpec: { secrets: { primaryKey: { name: 'r', key: 'k' } } },
    }),
    ['Secret r'],
  ],
  [
    'a RabbitmqCluster',
    object('rabbitmq.com/v1beta1', 'RabbitmqCluster', {}),
    ['Secret shop-default-user', 'Secret shop-erlang-cookie'],
  ],
  [
    'a FieldExport',
    object('services.k8s.aws/v1alpha1', 'FieldExport', { to: { kind: 'configmap', name: 'c' } }),
    ['+ConfigMap c'],
  ],
  ['a Deployment', object('apps/v1', 'Deployment', {}), []],
  ['a kind called like a property of every object', object('', 'constructor', {}), []],
];

describe('by kind', () => {
  test.each(productsOfKinds)('%s', (_what, given, products) => {
    expect(productsByKind(given).map(told)).toEqual(products);
  });

  test.each(Object.keys(rules))('%s: an object without any field makes nothing wrong', (groupKind) => {
    const [kind = '', ...group] = groupKind.split('.');
    const bare = { apiVersion: `${group.join('.')}/v1`, kind, metadata: { name: 'x' } };
    for (const { name } of productsByKind(bare)) expect(name).toMatch(/^[a-z0-9.*-]+$/);
  });

  test('live objects of built-in kinds are not listed', () => {
    expect(liveKinds).toContain('ExternalSecret.external-secrets.io');
    expect(
      liveKinds.every(
        (kind) => (kind.includes('.') && !kind.endsWith('networking.k8s.io')) || kind.startsWith('Gateway'),
      ),
    ).toBe(true);
  });

  test.each([
    ['*.shop.credentials.postgresql.acid.zalan.do', 'app.shop.credentials.postgresql.acid.zalan.do', true],
    ['shop-es-*', 'shop-es-elastic-user', true],
    ['shop-es-*', 'shop-kb-user', false],
    ['*-shop-*', 'db-shop-user', true],
    ['*-shop-*', 'db-store-user', false],
    ['shop.db', 'shopxdb', false],
  ])('%s of %s: %s', (name, wanted, named) => {
    expect(isNamed({ kind: 'Secret', name }, wanted)).toBe(named);
  });
});

describe('by annotation', () => {
  const annotated = (annotations: Record<string, string>, kind = 'Service') =>
    productsByAnnotation(object('v1', kind, {}, { annotations })).map(told);

  test.each<[string, readonly string[]]>([
    ['Secret/db', ['Secret db']],
    ['db', ['Secret db']],
    ['secret/db, ConfigMap/ca', ['Secret db', 'ConfigMap ca']],
    ['Secret/db:A+B.c\nConfigMap/ca', ['Secret db[A,B.c]', 'ConfigMap ca']],
    ['', []],
    ['Deployment/x', []],
  ])('orion.dev/provides: %j', (value, products) => {
    expect(annotated({ 'orion.dev/provides': value })).toEqual(products);
  });

  test('a serving certificate of OpenShift', () => {
    expect(annotated({ 'service.beta.openshift.io/serving-cert-secret-name': 'tls' })).toEqual([
      'Secret tls[tls.crt,tls.key]',
    ]);
  });

  test('a Secret that is copied into other namespaces', () => {
    const copies = { 'replicator.v1.mittwald.de/replicate-to': 'a,b' };
    expect(annotated(copies, 'Secret')).toEqual(['Secret shop@']);
    expect(annotated(copies, 'Service')).toEqual([]);
  });
});

describe('who fills what the overlay brings', () => {
  const held = (kind: string, metadata: object, more: object = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'held', ...metadata },
    ...more,
  });
  test.each<[string, KubernetesObject, string | undefined]>([
    [
      'a token Secret',
      held('Secret', {}, { type: 'kubernetes.io/service-account-token' }),
      'sure token,ca.crt,namespace',
    ],
    [
      'trusted certificate authorities',
      held('ConfigMap', { labels: { 'config.openshift.io/inject-trusted-cabundle': 'true' } }),
      'sure ca-bundle.crt',
    ],
    [
      'a mirror',
      held('Secret', { annotations: { 'reflector.v1.k8s.emberstack.com/reflects': 'a/b' } }),
      'sure any',
    ],
    [
      'a controller that nobody knows',
      held('Secret', { annotations: { 'vault.example.com/path': 'kv/a' } }),
      'possible any',
    ],
    [
      'beside data of its own',
      held('Secret', { annotations: { 'vault.example.com/path': 'kv/a' } }, { data: { A: '' } }),
      undefined,
    ],
    ['a type of its own', held('Secret', {}, { type: 'example.com/token' }), 'possible any'],
    [
      'everyday labels',
      held('Secret', { labels: { 'app.kubernetes.io/name': 'a', app: 'b', 'helm.sh/chart': 'c' } }),
      undefined,
    ],
    ['nothing at all', held('Secret', {}, { type: 'Opaque' }), undefined],
    ['no such kind', held('Service', { annotations: { 'vault.example.com/path': 'kv/a' } }), undefined],
  ])('%s', (_what, given, expected) => {
    const filler = fillerOf(given);
    expect(filler && `${filler.certainty} ${filler.keys?.join() ?? 'any'}`).toBe(expected);
  });
});
