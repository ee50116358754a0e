/** Whether this process runs in a pod of the target cluster, so that ClusterIPs are reachable. */
export function runsInside(host: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const own = env['KUBERNETES_SERVICE_HOST'];
  if (own === undefined || own === '') return false;
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === own || /^kubernetes(\.default(\.svc(\.[\w.-]+)?)?)?$/.test(name);
}
