/** Whether this process is a pod of the very cluster that it talks to, so that ClusterIPs lead somewhere from here. */
export function runsInside(host: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const own = env['KUBERNETES_SERVICE_HOST'];
  if (own === undefined || own === '') return false;
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === own || /^kubernetes(\.default(\.svc(\.[\w.-]+)?)?)?$/.test(name);
}
