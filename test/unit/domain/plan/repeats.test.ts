/** Lists that name a key twice: server-side apply refuses them, and kubectl does not. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { withoutRepeats } from '../../../../src/domain/plan/repeats.ts';

const deployment = (container: object, spec: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { spec: { containers: [{ name: 'web', ...container }], ...spec } } },
});
const variable = (name: string, value: string) => ({ name, value });

describe('what means nothing is left out', () => {
  test.each<[string, KubernetesObject, KubernetesObject, string[]]>([
    [
      'of a variable the last one counts',
      deployment({ env: [variable('A', '1'), variable('B', '2'), variable('A', '3'), variable('A', '4')] }),
      deployment({ env: [variable('B', '2'), variable('A', '4')] }),
      ['variable A of container web more than once'],
    ],
    [
      'a port that is said again',
      deployment({ ports: [{ containerPort: 80 }, { containerPort: 80 }, { containerPort: 81 }] }),
      deployment({ ports: [{ containerPort: 80 }, { containerPort: 81 }] }),
      ['port 80 of container web more than once'],
    ],
    [
      'a pull secret that is named again',
      deployment({}, { imagePullSecrets: [{ name: 'pull' }, { name: 'pull' }] }),
      deployment({}, { imagePullSecrets: [{ name: 'pull' }] }),
      ['pull secret pull more than once'],
    ],
    [
      'of an init container',
      deployment({}, { initContainers: [{ name: 'init', env: [variable('A', '1'), variable('A', '2')] }] }),
      deployment({}, { initContainers: [{ name: 'init', env: [variable('A', '2')] }] }),
      ['variable A of container init more than once'],
    ],
  ])('%s', (_, given, sent, repeated) => {
    expect(withoutRepeats(given)).toEqual({ object: sent, repeated });
  });
});

test.each([
  [
    'a variable that another one has read before',
    { env: [variable('A', '1'), variable('B', '$(A)'), variable('A', '2')] },
  ],
  ['a variable that goes on from itself', { env: [variable('A', '1'), variable('A', '$(A)2')] }],
  [
    'two names for one port',
    {
      ports: [
        { name: 'http', containerPort: 80 },
        { name: 'admin', containerPort: 80 },
      ],
    },
  ],
  [
    'one number for two protocols',
    { ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }] },
  ],
  ['nothing twice', { env: [variable('A', '1')], ports: [{ containerPort: 80 }] }],
])('%s stays as it is', (_, container) => {
  const given = deployment(container);
  expect(withoutRepeats(given).object).toBe(given);
});
