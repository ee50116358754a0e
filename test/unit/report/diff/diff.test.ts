import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { renderDiff } from '../../../../src/report/diff/diff.ts';

function deployment(image: string, extra: Record<string, unknown> = {}): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'auth', namespace: 'orion-staging' },
    spec: {
      replicas: 2,
      template: { spec: { containers: [{ name: 'auth', image, ports: [{ containerPort: 8080 }] }] } },
    },
    ...extra,
  };
}

/** As the server shows it: bookkeeping, defaults, the manifest `kubectl apply` keeps. */
function live(object: KubernetesObject, version: string): KubernetesObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      uid: `uid-${version}`,
      resourceVersion: version,
      generation: Number(version),
      creationTimestamp: `2026-11-23T03:12:0${version}Z`,
      managedFields: [{ manager: `m${version}` }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"v":${version}}`, kept: 'yes' },
    },
    status: { replicas: Number(version) },
  };
}

function secret(data: Record<string, string>, rest: Record<string, unknown> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data, ...rest };
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('renderDiff', () => {
  it('shows what the server says will change, under the path of the field', () => {
    const before = live(deployment('orion/auth:1.4.0'), '1');
    const predicted = live(deployment('orion/auth:1.5.0'), '2');
    expect(renderDiff({ live: before, desired: deployment('orion/auth:1.5.0'), predicted })).toBe(
      [
        '@@ spec.template.spec.containers @@',
        '     spec:',
        '       containers:',
        '         - name: auth',
        '-          image: orion/auth:1.4.0',
        '+          image: orion/auth:1.5.0',
        '           ports:',
        '             - containerPort: 8080',
      ].join('\n'),
    );
  });

  it('is empty when only bookkeeping and status differ, or the order of keys', () => {
    const [before, after] = [live(deployment('a:1'), '1'), live(deployment('a:1'), '2')];
    expect(renderDiff({ live: before, desired: deployment('a:1'), predicted: after })).toBe('');
    const turned = Object.fromEntries(Object.entries(after).reverse()) as typeof after;
    expect(renderDiff({ live: before, desired: deployment('a:1'), predicted: turned })).toBe('');
  });

  it('compares only the fields the overlay names where the server could not be asked', () => {
    const before = deployment('a:1', {
      spec: {
        replicas: 2,
        paused: false,
        template: {
          spec: {
            dnsPolicy: 'ClusterFirst',
            containers: [
              { name: 'sidecar', image: 's:1' },
              {
                name: 'auth',
                image: 'a:1',
                imagePullPolicy: 'Always',
                ports: [{ containerPort: 8080, protocol: 'TCP' }],
              },
            ],
          },
        },
      },
    });
    const diff = renderDiff({ live: before, desired: deployment('a:2') });
    expect(diff).toContain('-          image: a:1');
    expect(diff).toContain('+          image: a:2');
    expect(diff).not.toMatch(/sidecar|paused|dnsPolicy|protocol|imagePullPolicy/);
  });

  it('shows a new object as rendered', () => {
    const diff = renderDiff({ desired: deployment('a:1'), predicted: live(deployment('a:1'), '1') });
    expect(diff.split('\n').slice(0, 5)).toEqual([
      '@@ object @@',
      '+apiVersion: apps/v1',
      '+kind: Deployment',
      '+metadata:',
      '+  name: auth',
    ]);
    expect(diff).not.toContain('uid');
  });

  it('cuts with a count', () => {
    const lines = Array.from({ length: 50 }, (_, index) => [`k${String(index).padStart(2, '0')}`, 'v']);
    const config: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: Object.fromEntries(lines),
    };
    const diff = renderDiff({ desired: config }, { maxLines: 10 }).split('\n');
    expect(diff.length).toBe(11);
    expect(diff.at(-1)).toBe('… 46 more lines');
  });
});

describe('Secrets', () => {
  it('say which keys change and nothing about their values', () => {
    const before = secret({ A: encoded('old'), B: encoded('same'), C: encoded('gone') });
    const after = secret({ A: encoded('new'), B: encoded('same'), D: encoded('added') });
    const diff = renderDiff({ live: before, desired: after, predicted: after });
    expect(diff.split('\n').filter((line) => /^[-+]/.test(line))).toEqual([
      '-  A: •••',
      '+  A: ••• (changed)',
      '-  C: •••',
      '+  D: •••',
    ]);
  });

  it('compare stringData with what the server keeps', () => {
    const before = secret({ A: encoded('same') });
    const desired: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { A: 'same' },
    };
    expect(renderDiff({ live: before, desired })).toBe('');
    expect(renderDiff({ live: before, desired: { ...desired, stringData: { A: 'other' } } })).toContain(
      '••• (changed)',
    );
  });

  it('never show a value, its encoding, or the manifest that holds it', () => {
    const value = fc.string({ minLength: 3 }).map((text) => `§${text}§`);
    fc.assert(
      fc.property(value, value, fc.boolean(), fc.boolean(), (old, now, isNew, predicted) => {
        const annotations = {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(secret({ A: encoded(old) })),
        };
        const before = secret({ A: encoded(old) }, { metadata: { name: 's', annotations } });
        const after = secret({ A: encoded(now) }, { stringData: { B: now } });
        const sides = {
          desired: after,
          ...(isNew ? {} : { live: before }),
          ...(predicted ? { predicted: after } : {}),
        };
        const diff = renderDiff(sides);
        for (const text of [old, now, encoded(old), encoded(now)]) expect(diff).not.toContain(text);
      }),
    );
  });
});
