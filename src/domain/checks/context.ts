import type { Profile } from '../settings/profile.ts';
import type { Finding } from './finding.ts';

interface ContextFacts {
  readonly environment: string;
  readonly contextName: string;
  /** UID of kube-system, which identifies a cluster independently of the kubeconfig. Absent without permission. */
  readonly clusterUid?: string;
  /** `clusters:` of orion.yaml. */
  readonly knownClusters: readonly {
    readonly name: string;
    readonly uid: string;
    readonly environment: string;
  }[];
  /** Label `orion.dev/environment` of the target namespace. */
  readonly namespaceLabel?: string;
}

interface Recognition {
  readonly environment: string;
  readonly by: 'uid' | 'label' | 'name';
  readonly evidence: string;
}

/** Most trusted first: the cluster's UID in orion.yaml, the namespace's label, the name of the kubeconfig's context. */
function recogniseCluster(facts: ContextFacts): Recognition | undefined {
  const known = facts.knownClusters.find((cluster) => cluster.uid === facts.clusterUid);
  if (known !== undefined) {
    return {
      environment: known.environment,
      by: 'uid',
      evidence: `orion.yaml knows this cluster as ${known.name}`,
    };
  }
  if (facts.namespaceLabel !== undefined) {
    return {
      environment: facts.namespaceLabel,
      by: 'label',
      evidence: `its namespace is labelled orion.dev/environment=${facts.namespaceLabel}`,
    };
  }
  const named = /(?<!(?:^|[^a-z])(?:non|not|pre)[-_ .])(?<![a-z])(?:prod|production|live)(?![a-z])/i.exec(
    facts.contextName,
  );
  return named === null
    ? undefined
    : { environment: 'production', by: 'name', evidence: `the context is called ${facts.contextName}` };
}

/** Whether the cluster belongs to the environment that is deployed to; the profile has the level for an unknown cluster. */
export function judgeContext(facts: ContextFacts, profile: Profile): readonly Finding[] {
  const recognised = recogniseCluster(facts);
  if (recognised === undefined) {
    return [
      {
        level: profile.levels.unknownCluster,
        reason: profile.levels.unknownCluster === 'pass' ? 'ok' : 'context-unknown',
        message: `The environment of context ${facts.contextName} is unknown.`,
        remedy:
          profile.levels.unknownCluster === 'pass'
            ? ''
            : `Add the cluster (UID of kube-system${facts.clusterUid === undefined ? '' : `: ${facts.clusterUid}`}) to clusters: in orion.yaml.`,
      },
    ];
  }
  if (recognised.environment === facts.environment) {
    return [
      {
        level: 'pass',
        reason: 'ok',
        message: `This is ${facts.environment}: ${recognised.evidence}.`,
        remedy: '',
      },
    ];
  }
  const level =
    recognised.by === 'name' ? profile.levels.productionByName : foreignLevel(facts, recognised, profile);
  return [
    {
      level,
      reason: level === 'pass' ? 'ok' : 'production-cluster',
      message: `This is a ${facts.environment} deploy, but the target looks like ${recognised.environment}: ${recognised.evidence}.`,
      remedy: `Point kubeconfig and context at the ${facts.environment} cluster, or correct the label or the entry in orion.yaml.`,
    },
  ];
}

function foreignLevel(facts: ContextFacts, recognised: Recognition, profile: Profile): Finding['level'] {
  if (recognised.environment === 'production') return profile.levels.productionByIdentity;
  return facts.environment === 'production' ? 'fail' : 'warn';
}
