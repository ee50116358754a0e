import type { Finding } from '../checks.ts';
import { type Permission, roleRules } from '../permission.ts';

export interface ConnectivityFacts {
  readonly cluster: string;
  readonly serverVersion: string;
  readonly identity: string;
  /** Permissions that the overlay needs and the identity lacks. */
  readonly missing: readonly Permission[];
}

export function judgeConnectivity(facts: ConnectivityFacts): readonly Finding[] {
  if (facts.missing.length === 0) {
    return [
      {
        level: 'pass',
        reason: 'ok',
        message: `Connected to ${facts.cluster} (Kubernetes ${facts.serverVersion}) as ${facts.identity} with every permission needed.`,
        remedy: '',
      },
    ];
  }
  const namespaced = facts.missing.filter((permission) => permission.namespace !== undefined);
  const clusterWide = facts.missing.filter((permission) => permission.namespace === undefined);
  return [
    ...missing(facts.identity, `Role in namespace ${namespaced[0]?.namespace ?? ''}`, namespaced),
    ...missing(facts.identity, 'ClusterRole', clusterWide),
  ];
}

function missing(identity: string, role: string, permissions: readonly Permission[]): readonly Finding[] {
  if (permissions.length === 0) return [];
  return [
    {
      level: 'fail',
      reason: 'permission-missing',
      message: `${identity} lacks ${permissions.length} permission${permissions.length === 1 ? '' : 's'} that this release needs.`,
      remedy: `Add these rules to its ${role}:\n${roleRules(permissions)}`,
    },
  ];
}
