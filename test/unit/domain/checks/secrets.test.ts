import { describe, expect, test } from 'vitest';
import { judgeSecrets, type SecretFacts } from '../../../../src/domain/checks/secrets.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { inWaves } from '../../../../src/domain/plan/waves.ts';
import { expectationsOf, firstProducers } from '../../../../src/domain/producers/expectations.ts';
import { keysOfOthers } from '../../../../src/domain/producers/keys.ts';
import { profiles } from '../../../../src/domain/settings/profile.ts';

const placed = (apiVersion: string, kind: string, name: string, rest: object = {}, metadata: object = {}) =>
  ({ apiVersion, kind, metadata: { name, namespace: 'shop', ...metadata }, ...rest }) as KubernetesObject;

/** A Deployment that needs a key of a Secret, or the whole of it. */
const needs = (name: string, key?: string, kind: 'secret' | 'configMap' = 'secret'): KubernetesObject => {
  const entry =
    key === undefined
      ? { envFrom: [{ [`${kind}Ref`]: { name } }] }
      : { env: [{ name: 'X', valueFrom: { [`${kind}KeyRef`]: { name, key } } }] };
  return placed('apps/v1', 'Deployment', 'auth', {
    spec: { template: { spec: { containers: [{ name: 'main', ...entry }] } } },
  });
};

const supply = (rendered: readonly KubernetesObject[], more: Partial<SecretFacts> = {}): SecretFacts => ({
  rendered,
  live: [],
  producers: [],
  unseen: [],
  kept: new Map(),
  decode: (text) => Buffer.from(text, 'base64').toString(),
  locate: () => ({ file: 'k.yaml', line: 1 }),
  ...more,
});

const judged = (facts: SecretFacts, environment: 'staging' | 'production' = 'production') =>
  judgeSecrets(facts, profiles[environment]).map(
    ({ level, reason, message }) => `${level} ${reason}: ${message}`,
  );

const externalSecret = placed('external-secrets.io/v1', 'ExternalSecret', 'shop-db', {
  spec: { target: { name: 'tokens' }, data: [{ secretKey: 'TOKEN' }] },
});
const order = (spec: object = { target: 'tokens' }, name = 'order', kind = 'SecretOrder') =>
  placed('example.org/v1', kind, name, { spec });

describe('what somebody will make is not missing: producers that the table knows', () => {
  test('a producer that the table knows: told, and passed', () => {
    expect(judged(supply([needs('tokens', 'TOKEN'), externalSecret]))).toEqual([
      'pass ok: Secret tokens will be created by ExternalSecret shop-db.',
      expect.stringContaining('exists or will be created'),
    ]);
  });

  test('a live one, where it can be listed', () => {
    expect(judged(supply([needs('tokens')], { producers: [externalSecret] }))[0]).toBe(
      'pass ok: Secret tokens will be created by ExternalSecret shop-db.',
    );
  });

  test('without the key that the pod needs: refused, with both names', () => {
    expect(judged(supply([needs('tokens', 'OTHER'), externalSecret]))).toEqual([
      expect.stringMatching(
        /^fail secret-key-missing: .*key OTHER of Secret tokens, which ExternalSecret shop-db creates without/,
      ),
    ]);
  });

  test('in another namespace: refused', () => {
    const elsewhere = { ...externalSecret, metadata: { ...externalSecret.metadata, namespace: 'other' } };
    expect(judged(supply([needs('tokens', 'TOKEN'), elsewhere]))[0]).toMatch(/^fail secret-missing/);
  });

  test('one that only merges into a Secret that nobody makes: refused', () => {
    const merging = placed('external-secrets.io/v1', 'ExternalSecret', 'shop-db', {
      spec: { target: { name: 'tokens', creationPolicy: 'Merge' } },
    });
    const held = placed('v1', 'Secret', 'tokens', { data: { A: 'eA==' } });
    expect(judged(supply([needs('tokens', 'B'), merging]))[0]).toMatch(/^fail secret-missing/);
    expect(judged(supply([needs('tokens', 'B'), merging, held]))[0]).toBe(
      'pass ok: Key B of Secret tokens will be created by ExternalSecret shop-db.',
    );
  });
});

describe('what somebody may make: kinds that the table does not know', () => {
  test.each<[string, KubernetesObject]>([
    ['names it', order()],
    ['names it deep in its spec', order({ outputs: [{ secret: { ref: { name: 'tokens' } } }] })],
    ['names it with its namespace', order({ write: 'shop/tokens' })],
    ['has its name', order({}, 'tokens', 'Tenant')],
    ['is of a kind that makes Secrets', order({ path: 'kv/a' }, 'a', 'VaultCredential')],
    ['brings a chart', placed('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'db', { spec: { chart: {} } })],
    [
      'is a Job whose command makes it',
      placed('batch/v1', 'Job', 'certgen', {
        spec: {
          template: { spec: { containers: [{ name: 'c', args: ['create', '--secret-name=tokens'] }] } },
        },
      }),
    ],
  ])('an object of an unknown kind that %s: a warning', (_what, object) => {
    const [first, ...rest] = judged(supply([needs('tokens', 'TOKEN'), object]));
    expect(first).toMatch(/^warn producer-uncertain: Secret tokens does not exist yet; /);
    expect(first).toContain(`${object.kind} ${object.metadata.name}`);
    expect(rest).toEqual([]);
  });

  test.each<[string, readonly KubernetesObject[]]>([
    ['nothing else', []],
    ['an object that has to do with something else', [order({ size: 3 }, 'disk', 'Volume')]],
    [
      'one that reads Secrets',
      [
        placed('keda.sh/v1alpha1', 'TriggerAuthentication', 't', {
          spec: { secretTargetRef: [{ name: 'tokens' }] },
        }),
      ],
    ],
    [
      'a workload of another kind that needs it too',
      [placed('argoproj.io/v1alpha1', 'Rollout', 'r', needs('tokens') as object)],
    ],
    [
      'an unknown one that only refers to it in its pods',
      [
        order(
          { template: { spec: { containers: [{ envFrom: [{ secretRef: { name: 'tokens' } }] }] } } },
          'web',
          'Runner',
        ),
      ],
    ],
    ['a Secret whose name only contains it', [order({ target: 'tokens-2' }, 'disk', 'Volume')]],
  ])('%s: refused', (_what, others) => {
    const levels = judged(supply([needs('tokens', 'TOKEN'), ...others]));
    expect(levels.every((one) => one.startsWith('fail secret-missing'))).toBe(true);
  });

  test('an object whose name the Secret begins with: a warning', () => {
    expect(judged(supply([needs('shop-app-user'), order({}, 'shop', 'Database')]))[0]).toMatch(
      /^warn.*Database shop, whose name/,
    );
    expect(judged(supply([needs('shopping'), order({}, 'shop', 'Database')]))[0]).toMatch(
      /^fail secret-missing/,
    );
  });

  test('an object whose name the Secret ends with: a warning', () => {
    const user = order({ secretName: 'database' }, 'shop-user', 'DatabaseUser');
    expect(judged(supply([needs('database-shop-user'), user]))[0]).toMatch(
      /^warn.*DatabaseUser shop-user, whose name it ends with/,
    );
    expect(judged(supply([needs('workshop-user'), user]))[0]).toMatch(/^fail secret-missing/);
  });
});

describe('what somebody will make is not missing: annotations, permissions, live objects', () => {
  test('an annotation says it of any object', () => {
    const tenant = order({ size: 3 }, 'disk', 'Volume');
    const annotations = { 'orion.dev/provides': 'Secret/tokens' };
    const providing = { ...tenant, metadata: { ...tenant.metadata, annotations } };
    expect(judged(supply([needs('tokens', 'TOKEN'), providing]))[0]).toBe(
      'pass ok: Secret tokens will be created by Volume disk.',
    );
  });

  test('a kind that may not be listed: a warning that names the permission', () => {
    const facts = supply([needs('tokens')], { unseen: ['ExternalSecret.external-secrets.io'] });
    expect(judged(facts)).toEqual([expect.stringMatching(/^warn producer-uncertain: .*may not read/)]);
    // Its products have names that this one has not.
    expect(judged(supply([needs('tokens')], { unseen: ['RabbitmqCluster.rabbitmq.com'] }))[0]).toMatch(
      /^fail/,
    );
  });

  test('a token Secret of the overlay is filled by its controller', () => {
    const token = placed('v1', 'Secret', 'reader-token', { type: 'kubernetes.io/service-account-token' });
    expect(judged(supply([needs('reader-token', 'token'), token]))[0]).toBe(
      'pass ok: Key token of Secret reader-token will be created by the token controller.',
    );
    expect(judged(supply([needs('reader-token', 'tokem'), token]))[0]).toMatch(/^fail secret-key-missing/);
  });

  test('a key that another manager keeps in the live object is there', () => {
    const entry = (manager: string, operation: string, ...keys: string[]) => ({
      manager,
      operation,
      fieldsV1: { 'f:data': Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
    });
    const live = placed(
      'v1',
      'Secret',
      'tokens',
      { data: { A: '', B: '', C: '' } },
      {
        managedFields: [
          entry('orion', 'Apply', 'A'),
          entry('controller', 'Update', 'B', 'GONE'),
          entry('kubectl-client-side-apply', 'Update', 'C'),
        ],
      },
    );
    expect(keysOfOthers(live, false)).toEqual(['B', 'C']);
    expect(keysOfOthers(live, true)).toEqual(['B']);
    const rendered = placed('v1', 'Secret', 'tokens', { data: {} });
    const kept = new Map([['Secret/shop/tokens', ['B']]]);
    expect(judged(supply([needs('tokens', 'B'), rendered], { kept }))[0]).toMatch(/^pass/);
    expect(judged(supply([needs('tokens', 'A'), rendered], { kept }))[0]).toMatch(/^fail secret-key-missing/);
  });
});

describe('pull secrets, and the order of producers', () => {
  test('a pull secret is never missed, and waited for where somebody makes it', () => {
    const puller = placed('apps/v1', 'Deployment', 'auth', {
      spec: { template: { spec: { imagePullSecrets: [{ name: 'tokens' }], containers: [] } } },
    });
    expect(judged(supply([puller]))).toEqual([expect.stringMatching(/^pass/)]);
    expect(expectationsOf(supply([puller], { unseen: ['ExternalSecret.external-secrets.io'] }))).toEqual([]);
    expect(expectationsOf(supply([puller, externalSecret]))).toMatchObject([{ name: 'tokens', early: true }]);
  });

  test('producers of what is needed go before the workloads, others of unknown kinds with them', () => {
    const bystander = order({ size: 3 }, 'disk', 'Volume');
    const late = placed('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', 'p', {
      spec: { secretObjects: [{ secretName: 'mounted', data: [] }] },
    });
    const store = placed('external-secrets.io/v1', 'SecretStore', 's');
    const rendered = [needs('tokens'), needs('mounted'), bystander, order(), late, store];
    const expectations = expectationsOf(supply(rendered));
    expect(expectations.map(({ name, early }) => [name, early])).toEqual([
      ['tokens', true],
      ['mounted', false],
    ]);
    const changes = rendered.map((desired) => ({ desired }));
    expect(
      inWaves(changes, firstProducers(expectations)).map(({ wave, changes: members }) => [
        wave,
        members.map(({ desired }) => desired.kind).join(),
      ]),
    ).toEqual([
      ['bindings', 'SecretProviderClass,SecretStore'],
      ['producers', 'SecretOrder'],
      ['workloads', 'Deployment,Deployment,Volume'],
    ]);
  });
});

describe('placeholders', () => {
  const secret = (data: Record<string, string>, annotations: Record<string, string> = {}) =>
    placed(
      'v1',
      'Secret',
      's',
      { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])) },
      { annotations },
    );
  const variable = `$${'{DSN}'}`;
  test.each<[string, string, string]>([
    ['CHANGEME', 'warn', 'fail'],
    ['', 'warn', 'warn'],
    [variable, 'warn', 'warn'],
    ['s3cret', 'pass', 'pass'],
  ])(
    '%j in a Secret of the overlay: staging %s, production %s; of others at most a warning',
    (value, staging, production) => {
      expect(judged(supply([secret({ A: value })]), 'staging')[0]).toMatch(staging);
      expect(judged(supply([secret({ A: value })]))[0]).toMatch(production);
      expect(judged(supply([], { live: [secret({ A: value })] }))[0]).toMatch(/^(?:warn|pass)/);
      const allowed = { 'orion.dev/allow-placeholder': 'B, A' };
      expect(judged(supply([secret({ A: value }, allowed)]))[0]).toMatch(/^pass/);
      expect(judged(supply([secret({ C: value }, allowed)]))[0]).toMatch(production);
    },
  );

  test('what is meant is said', () => {
    expect(judged(supply([secret({ SENTRY_DSN: '' })]))).toEqual([
      'warn secret-placeholder: Key SENTRY_DSN of Secret s is empty.',
    ]);
  });
});

describe('the findings as a whole', () => {
  const secret = (name: string, more: object = { data: {} }) => placed('v1', 'Secret', name, more);

  test('that all is there: how many Secrets were checked, and whether some will be made later', () => {
    expect(judged(supply([secret('tokens'), needs('tokens')]))).toEqual([
      'pass ok: Every Secret and ConfigMap that a pod refers to exists; 1 Secret checked for placeholders.',
    ]);
    const made = judged(supply([needs('tokens'), externalSecret]));
    expect(made.at(-1)).toBe(
      'pass ok: Every Secret and ConfigMap that a pod refers to exists or will be created; 0 Secrets checked for placeholders.',
    );
  });

  test('a Secret that several pods miss is said for each workload, once', () => {
    const again = { ...needs('tokens'), metadata: { name: 'other', namespace: 'shop' } };
    const found = judged(supply([needs('tokens', 'A'), needs('tokens', 'A'), again]));
    expect(found).toHaveLength(2);
    for (const one of found) expect(one).toMatch(/^fail secret-missing: .* refers to Secret tokens/);
  });

  test('a placeholder in stringData is one too; bytes that are no text are none', () => {
    const [found] = judged(supply([secret('s', { stringData: { A: 'CHANGEME' } })]));
    expect(found).toBe('fail secret-placeholder: Key A of Secret s still contains a placeholder.');
    const bytes = { ...supply([secret('s', { data: { A: btoa('CHANGEME') } })]), decode: () => undefined };
    expect(judged(bytes)[0]).toMatch(/^pass/);
  });
});
