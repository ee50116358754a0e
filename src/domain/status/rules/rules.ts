/** All rules by the kind they are for. */
import { groupKindOf, groupOf } from '../../kubernetes/objects.ts';
import type { KindRule } from '../generic/kind-rule.ts';
import { applicationRules } from './applications.ts';
import { cloudRules } from './cloud.ts';
import { clusterRules } from './clusters.ts';
import { computingRules } from './computing.ts';
import { databaseRules } from './databases.ts';
import { deliveryRules } from './delivery.ts';
import { networkingRules } from './networking.ts';
import { platformRules } from './platform.ts';
import { policyRules } from './policies.ts';
import { secretRules } from './secrets.ts';
import { storageRules } from './storage.ts';
import { storeRules } from './stores.ts';
import { workloadRules } from './workloads.ts';

export const allRules: readonly KindRule[] = [
  ...deliveryRules,
  ...secretRules,
  ...databaseRules,
  ...storageRules,
  ...cloudRules,
  ...networkingRules,
  ...workloadRules,
  ...computingRules,
  ...platformRules,
  ...policyRules,
  ...clusterRules,
  ...applicationRules,
  ...storeRules,
];

const byKind: ReadonlyMap<string, KindRule> = new Map(
  allRules.flatMap((rule) => rule.kinds.split(/\s+/).map((kind) => [kind, rule] as const)),
);

/** The kind's own rule, else that of its group, else that of the groups below another. */
export function ruleFor(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): KindRule | undefined {
  const own = byKind.get(groupKindOf(object)) ?? byKind.get(`*.${groupOf(object.apiVersion)}`);
  if (own !== undefined) return own;
  const parts = groupOf(object.apiVersion).split('.');
  for (let cut = 1; cut < parts.length - 1; cut += 1) {
    const above = byKind.get(`*.*.${parts.slice(cut).join('.')}`);
    if (above !== undefined) return above;
  }
  return undefined;
}
