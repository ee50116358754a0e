import { expect, test } from 'vitest';
import { differences } from '../../../../bench/judge/restored.ts';
import type { KubernetesObject } from '../../../../bench/judge/writes.ts';

function deployment(image: string, metadata: object = {}, more: object = {}): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', uid: '1', resourceVersion: '7', generation: 1, ...metadata },
    spec: { replicas: 2, template: { spec: { containers: [{ name: 'main', image }] } } },
    status: { replicas: 2 },
    ...more,
  };
}
const settings: KubernetesObject = { kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } };

test('nothing differs but what server and controllers write of themselves', () => {
  const after = deployment(
    'web:1',
    {
      uid: '2',
      resourceVersion: '99',
      generation: 3,
      managedFields: [{}],
      creationTimestamp: 'later',
      annotations: { 'deployment.kubernetes.io/revision': '3' },
    },
    { status: {} },
  );
  expect(differences([deployment('web:1'), settings], [settings, after])).toEqual([]);
});

test('a field, an item of a list, an annotation', () => {
  const after = deployment('web:2', { annotations: { team: 'red' } });
  expect(differences([deployment('web:1')], [after])).toEqual([
    {
      object: 'Deployment web',
      field: 'metadata.annotations',
      before: 'absent',
      after: { team: 'red' },
    },
    {
      object: 'Deployment web',
      field: 'spec.template.spec.containers[0].image',
      before: 'web:1',
      after: 'web:2',
    },
  ]);
});

test('an object that is gone, and one that was left behind', () => {
  expect(differences([settings], [deployment('web:1')])).toEqual([
    { object: 'ConfigMap settings', field: '', before: 'there', after: 'absent' },
    { object: 'Deployment web', field: '', before: 'absent', after: 'there' },
  ]);
});
