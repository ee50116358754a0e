import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { traitsOf, workloadKindOf, workloadKinds } from '../../../../src/domain/kinds/table.ts';
import { groupKindOf } from '../../../../src/domain/kubernetes/objects.ts';

const root = join(import.meta.dirname, '../../../..');

test.each(workloadKinds.map((kind) => [groupKindOf(kind), kind] as const))(
  '%s is found by its name',
  (name, kind) => {
    expect(workloadKindOf(kind)).toBe(kind);
    expect(traitsOf(name)).toBe(kind);
  },
);

test('a kind without a file has traits and is no workload kind', () => {
  expect(workloadKindOf({ apiVersion: 'example.test/v1', kind: 'Deployment' })).toBeUndefined();
  expect(traitsOf('Deployment.example.test')).toMatchObject({ pods: 'owned', endedPods: 'unknown' });
});

test('what is watched in every release may be listed and watched in every release', () => {
  for (const { kind, watch, standingVerbs } of workloadKinds) {
    if (watch !== undefined) expect(standingVerbs, kind).toEqual(expect.arrayContaining(['list', 'watch']));
  }
});

/** Tables of their own, of many kinds: fields that others fill in, and what reads Secrets. The fold knows who stands between. */
const tables = [
  'src/domain/workloads/handed-over.ts',
  'src/domain/producers/table.ts',
  'src/domain/rollout/observe.ts',
];

test('nobody but the table asks for a workload kind by its name', () => {
  const names = workloadKinds.map(groupKindOf).filter((name) => name.includes('.'));
  const askers = globSync('src/{domain,flow,report}/**/*.ts', { cwd: root })
    .filter((path) => !path.startsWith('src/domain/kinds/') && !path.startsWith('src/domain/status/rules/'))
    .filter((path) => {
      const text = readFileSync(join(root, path), 'utf8').replace(/^ *(?:\/?\*|\/\/).*$/gm, '');
      return names.some((name) => text.includes(`'${name}'`));
    });
  expect(askers.toSorted()).toEqual(tables.toSorted());
});
