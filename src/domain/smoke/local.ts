/** Tests of plain URLs: processes on this machine, or anything else that can be dialled as it is. */
import type { ConfiguredEndpoint, SmokeConfiguration } from './configuration.ts';
import { directDatabaseTest } from './database-tests.ts';
import { parseDatabaseUrl } from './databases.ts';
import type { HttpTest, SmokeTest } from './test.ts';

/** One test for each URL of `smoke.local`; of a service with endpoints, one for each of them below its URL. */
export function localTests({ local, services }: SmokeConfiguration): readonly SmokeTest[] {
  return Object.entries(local).flatMap(([name, address]): readonly SmokeTest[] => {
    const database = parseDatabaseUrl(address, 'smoke.local of orion.yaml');
    if (database !== undefined) return [directDatabaseTest({ ...database, name })];
    const base = new URL(address);
    const endpoints = services[name]?.endpoints ?? [];
    const asked = endpoints.length > 0 ? endpoints : [asItIs(base)];
    return asked.map((endpoint) => httpTest(name, base, endpoint));
  });
}

function asItIs({ pathname, search }: URL): ConfiguredEndpoint {
  return { path: `${pathname}${search}`, method: 'GET', requestHeaders: {}, expect: {} };
}

function httpTest(name: string, base: URL, endpoint: ConfiguredEndpoint): HttpTest {
  const { path, method, requestHeaders, expect } = endpoint;
  const scheme = base.protocol === 'https:' ? 'https' : 'http';
  const usual = scheme === 'https' ? 443 : 80;
  const port =
    typeof endpoint.port === 'number' ? endpoint.port : base.port === '' ? usual : Number(base.port);
  const host = base.hostname.replace(/^\[(.*)\]$/, '$1');
  const address = `${scheme}://${base.hostname}:${port}${path}`;
  return {
    id: `${name}/health/${method} ${address}`,
    subject: name,
    kind: 'health',
    title: method === 'GET' ? address : `${method} ${address}`,
    address,
    objects: [],
    what: 'http',
    scheme,
    serverName: port === usual ? base.hostname : `${base.hostname}:${port}`,
    verify: true,
    reach: { type: 'direct', host, port },
    request: { method, path, headers: requestHeaders },
    expect,
  };
}
