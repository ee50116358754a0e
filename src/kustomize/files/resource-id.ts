/**
 * `Deployment api` from kustomize's `Deployment.v1.apps/api.shop`; unknown parts are in brackets (`[noGrp]`,
 * `[noNs]`).
 */
export function parseId(id: string): string {
  const [, kind, name, namespace] = /^(\w+)\.[^/]*\/(.+)\.([^.]+)$/.exec(id) ?? [];
  if (kind === undefined || name === undefined) return id;
  return namespace === undefined || namespace.startsWith('[')
    ? `${kind} ${name}`
    : `${kind} ${name} in namespace ${namespace}`;
}
