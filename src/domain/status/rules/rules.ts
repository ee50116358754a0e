/** All rules by the kind they are for. */
import { groupKindOf, groupOf } from '../../objects.ts';
import type { KindRule } from '../kind-rule.ts';
import { cloudRules } from './cloud.ts';
import { databaseRules } from './databases.ts';
import { deliveryRules } from './delivery.ts';
import { networkingRules } from './networking.ts';
import { platformRules } from './platform.ts';
import { secretRules } from './secrets.ts';
import { workloadRules } from './workloads.ts';

const all: readonly KindRule[] = [
  ...deliveryRules,
  ...secretRules,
  ...databaseRules,
  ...cloudRules,
  ...networkingRules,
  ...workloadRules,
  ...platformRules,
];

const byKind: ReadonlyMap<string, KindRule> = new Map(
  all.flatMap((rule) => rule.kinds.split(/\s+/).map((kind) => [kind, rule] as const)),
);

/** The kind's own rule, else that of its group, else that of a group above it. */
export function ruleFor(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): KindRule | undefined {
  const own = byKind.get(groupKindOf(object)) ?? byKind.get(`*.${groupOf(object.apiVersion)}`);
  if (own !== undefined) return own;
  const parts = groupOf(object.apiVersion).split('.');
  for (let cut = 0; cut < parts.length - 1; cut += 1) {
    const above = byKind.get(`*.*.${parts.slice(cut).join('.')}`);
    if (above !== undefined) return above;
  }
  return undefined;
}
