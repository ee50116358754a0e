import { type Permission, roleRules } from '../workloads/permissions.ts';
import type { Finding } from './finding.ts';

interface ConnectivityFacts {
  readonly cluster: string;
  readonly serverVersion: string;
  readonly identity: string;
  /** Permissions that the overlay needs and the identity lacks. */
  readonly missing: readonly Permission[];
}

/** One finding per namespace (or for cluster-wide rights) with what the identity lacks; one that passes if nothing is missing. */
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
  const byNamespace = Map.groupBy(facts.missing, ({ namespace }) => namespace);
  return [...byNamespace].flatMap(([namespace, permissions]) =>
    missing(
      facts.identity,
      namespace === undefined ? 'ClusterRole' : `Role in namespace ${namespace}`,
      permissions,
    ),
  );
}

function missing(identity: string, role: string, permissions: readonly Permission[]): readonly Finding[] {
  return [
    {
      level: 'fail',
      reason: 'permission-missing',
      message: `${identity} lacks ${permissions.length} permission${permissions.length === 1 ? '' : 's'} that this release needs.`,
      remedy: `Add these rules to its ${role}:\n${roleRules(permissions)}`,
    },
  ];
}
