/** Required permissions, and missing ones as rules of a Role. */
import { workloadKinds } from '../kinds/table.ts';
import { groupOf } from '../kubernetes/objects.ts';

/** One right of RBAC; `resource` is the plural (`deployments`), `group` is empty for the core group. */
export interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  /** Absent for cluster-scoped resources. */
  readonly namespace?: string;
}

/** The kinds every release touches besides the rendered ones: records, the Lease, and what the rollout watches. */
export function standingPermissions(namespace: string): readonly Permission[] {
  const need = (
    group: string,
    resource: string,
    verbs: readonly string[],
    subresource?: string,
  ): readonly Permission[] =>
    verbs.map((verb) => ({
      group,
      resource,
      verb,
      namespace,
      ...(subresource === undefined ? {} : { subresource }),
    }));
  return [
    ...need('', 'secrets', ['get', 'list', 'create', 'update', 'delete']),
    // Rules of a Role in the namespace cover reading the namespace itself.
    ...need('', 'namespaces', ['get']),
    ...need('', 'configmaps', ['get']),
    ...need('coordination.k8s.io', 'leases', ['get', 'create', 'update']),
    ...workloadKinds.flatMap(({ apiVersion, plural, standingVerbs }) =>
      need(groupOf(apiVersion), plural, standingVerbs),
    ),
    ...need('', 'pods', ['get'], 'log'),
    ...need('', 'events', ['list', 'watch']),
  ];
}

/** What smoke tests of a running release need: to look, to read its settings, to call its pods. */
export function smokePermissions(namespace: string): readonly Permission[] {
  const written = new Set(['create', 'update', 'delete']);
  const looking = standingPermissions(namespace).filter(
    ({ resource, verb }) =>
      !written.has(verb) && resource !== 'leases' && !(resource === 'secrets' && verb === 'list'),
  );
  return [
    ...looking,
    ...servicePermissions(namespace),
    { group: '', resource: 'pods', subresource: 'proxy', verb: 'get', namespace },
  ];
}

/** What the health of Services needs besides. */
export function servicePermissions(namespace: string): readonly Permission[] {
  return ['list', 'watch'].flatMap((verb) => [
    { group: '', resource: 'services', verb, namespace },
    { group: 'discovery.k8s.io', resource: 'endpointslices', verb, namespace },
  ]);
}

/** Missing permissions as rules to paste into a Role (or, where `namespace` is absent, a ClusterRole). */
export function roleRules(missing: readonly Permission[]): string {
  const verbsByResource = new Map<string, { group: string; resource: string; verbs: string[] }>();
  for (const permission of missing) {
    const resource =
      permission.subresource === undefined
        ? permission.resource
        : `${permission.resource}/${permission.subresource}`;
    const key = `${permission.group}/${resource}`;
    const rule = verbsByResource.get(key) ?? { group: permission.group, resource, verbs: [] };
    if (!rule.verbs.includes(permission.verb)) rule.verbs.push(permission.verb);
    verbsByResource.set(key, rule);
  }
  return [...verbsByResource.values()]
    .map(({ group, resource, verbs }) =>
      [
        `- apiGroups: [${JSON.stringify(group)}]`,
        `  resources: [${JSON.stringify(resource)}]`,
        `  verbs: [${verbs.map((verb) => JSON.stringify(verb)).join(', ')}]`,
      ].join('\n'),
    )
    .join('\n');
}
