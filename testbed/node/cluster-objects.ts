/** An object for server-side apply, with the path it is applied at. */
export interface ObjectAtPath {
  readonly path: string;
  readonly [field: string]: unknown;
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A ClusterRole and the binding that gives it to one user. */
export function permission(name: string, user: string, rules: readonly PolicyRule[]): ObjectAtPath[] {
  const group = 'rbac.authorization.k8s.io';
  const common = { apiVersion: `${group}/v1`, metadata: { name } };
  return [
    { path: `/apis/${group}/v1/clusterroles/${name}`, kind: 'ClusterRole', ...common, rules },
    {
      path: `/apis/${group}/v1/clusterrolebindings/${name}`,
      kind: 'ClusterRoleBinding',
      ...common,
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: group, kind: 'User', name: user }],
    },
  ];
}
