/** The rights of a deployer in tests: those of docs/role.yaml as it is shipped, and what a test says that it needs besides. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubernetesApi } from '../../../src/cluster/api/api.ts';
import type { KubernetesObject } from '../../../src/domain/kubernetes/objects.ts';

const ruleSchema = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
});
export type Rule = z.infer<typeof ruleSchema>;

export interface Grants {
  /** Kinds of the test's overlay that docs/role.yaml does not have. */
  readonly also?: readonly Rule[];
  /**
   * The release makes its namespace: the Role's rules in all of them, `create`, `patch` and `delete` of namespaces, and `list` of every
   * kind, without which undo cannot see that nothing else is in it.
   */
  readonly makesNamespaces?: boolean;
  /** The ClusterRole that the document calls optional. Default true. */
  readonly looks?: boolean;
}

const documents = z.array(
  z.object({
    kind: z.string(),
    metadata: z.object({ name: z.string() }),
    rules: z.array(ruleSchema).optional(),
  }),
);

/** The rules of the shipped Role, and of the shipped ClusterRole. */
export async function shippedRules(): Promise<Readonly<Record<'Role' | 'ClusterRole', readonly Rule[]>>> {
  const text = await readFile(join(import.meta.dirname, '../../../docs/role.yaml'), 'utf8');
  const found = documents.parse(parseAllDocuments(text).map((document) => document.toJS() as unknown));
  const rulesOf = (kind: string): readonly Rule[] => found.find((one) => one.kind === kind)?.rules ?? [];
  return { Role: rulesOf('Role'), ClusterRole: rulesOf('ClusterRole') };
}

/** What an overlay with these kinds needs for them besides. */
export function rulesFor(apiGroup: string, resources: readonly string[], ...more: readonly string[]): Rule {
  const verbs = ['get', 'list', 'create', 'patch', 'delete', ...more];
  return { apiGroups: [apiGroup], resources: [...resources], verbs };
}

/** In one namespace that is there. */
export async function grantIn(
  api: KubernetesApi,
  user: string,
  namespace: string,
  { also = [] }: Grants,
): Promise<void> {
  const { Role } = await shippedRules();
  await bind(api, 'Role', `orion-deployer-${user}`, user, [...Role, ...also], namespace);
  await granted(api, user, { resource: 'secrets', verb: 'list', namespace });
}

/** What does not belong to a namespace. */
export async function grantEverywhere(
  api: KubernetesApi,
  user: string,
  { also = [], makesNamespaces = false, looks = true }: Grants,
): Promise<void> {
  const { Role, ClusterRole } = await shippedRules();
  const rules = [
    ...(looks ? ClusterRole : []),
    ...(makesNamespaces
      ? [
          ...Role,
          ...also,
          { apiGroups: [''], resources: ['namespaces'], verbs: ['create', 'patch', 'delete'] },
          { apiGroups: ['*'], resources: ['*'], verbs: ['list'] },
        ]
      : []),
  ];
  if (rules.length === 0) return;
  await bind(api, 'ClusterRole', `orion-deployer-${user}`, user, rules);
  const [verb, resource] = makesNamespaces ? ['create', 'namespaces'] : ['list', 'nodes'];
  await granted(api, user, { resource, verb });
}

async function bind(
  api: KubernetesApi,
  kind: 'Role' | 'ClusterRole',
  name: string,
  user: string,
  rules: readonly Rule[],
  namespace?: string,
): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const objects: readonly KubernetesObject[] = [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    },
  ];
  for (const object of objects) await api.apply(object, { fieldManager: 'test', force: true });
}

/** The API server learns of a binding a moment after it was made. */
async function granted(
  api: KubernetesApi,
  user: string,
  resourceAttributes: Readonly<Record<string, string>>,
): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { object } = await api.create({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: { name: '' },
      spec: { user, resourceAttributes },
    });
    if ((object['status'] as { readonly allowed?: boolean }).allowed === true) return;
    if (performance.now() > deadline) throw new Error(`${user} did not get its Role in time.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
