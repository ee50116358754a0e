/** Tests of plain URLs: processes on this machine, or anything else that can be dialled as it is. */
import type { ConfiguredEndpoint, ConfiguredStep, SmokeConfiguration } from '../configuration.ts';
import { parseDatabaseUrl } from '../databases/databases.ts';
import type { Judgement } from '../judgement.ts';
import { directDatabaseTest } from './database-tests.ts';
import { type Place, plannedJourneys } from './journey-tests.ts';
import type { JourneyVariables } from './subject.ts';
import type { HttpTest, SmokeTest } from './test.ts';

/** One test for each URL of `smoke.local`; of a service with endpoints, one for each of them below its URL; and the journeys. */
export function localTests(
  configuration: SmokeConfiguration,
  variables: JourneyVariables,
): readonly SmokeTest[] {
  const { local, services, ca } = configuration;
  // Without a cluster there are no Secrets: only a file of the repository can be meant.
  const pem = ca !== undefined && 'pem' in ca ? { ca: ca.pem } : {};
  const urls = Object.entries(local).flatMap(([name, address]): readonly SmokeTest[] => {
    const database = parseDatabaseUrl(address, 'smoke.local of orion.yaml');
    if (database !== undefined)
      return [directDatabaseTest({ ...database, name, tls: { ...database.tls, ...pem } })];
    const base = new URL(address);
    const endpoints = services[name]?.endpoints ?? [];
    const asked = endpoints.length > 0 ? endpoints : [asItIs(base)];
    return asked.map((endpoint) => ({ ...httpTest(name, base, endpoint), ...pem }));
  });
  const journeys = plannedJourneys(configuration, variables, (step) => localPlace(configuration, step));
  return [...urls, ...journeys];
}

function asItIs({ pathname, search }: URL): ConfiguredEndpoint {
  return { path: `${pathname}${search}`, method: 'GET', requestHeaders: {}, expect: {} };
}

function httpTest(name: string, base: URL, endpoint: ConfiguredEndpoint): HttpTest {
  const { path, method, requestHeaders, expect } = endpoint;
  const place = placeOf(base, endpoint.port);
  const address = `${place.scheme}://${base.hostname}:${place.reach.port}${path}`;
  return {
    id: `${name}/health/${method} ${address}`,
    subject: name,
    kind: 'health',
    title: method === 'GET' ? address : `${method} ${address}`,
    address,
    ...place,
    what: 'http',
    request: { method, path, headers: requestHeaders },
    expect,
  };
}

/** Where a URL leads; `other` is a port in place of its own. */
function placeOf(base: URL, other: ConfiguredEndpoint['port']): Place {
  const scheme = base.protocol === 'https:' ? 'https' : 'http';
  const usual = scheme === 'https' ? 443 : 80;
  const port = typeof other === 'number' ? other : base.port === '' ? usual : Number(base.port);
  const host = base.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    scheme,
    serverName: port === usual ? base.hostname : `${base.hostname}:${port}`,
    verify: true,
    reach: { type: 'direct', host, port },
    objects: [],
  };
}

function localPlace({ local }: SmokeConfiguration, { service, port }: ConfiguredStep): Place | Judgement {
  const address = local[service];
  if (address !== undefined && /^https?:/.test(address)) return placeOf(new URL(address), port);
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `smoke.local has no URL of ${service}.`,
    remedy: `Add ${service} to smoke.local in orion.yaml: its http URL.`,
  };
}
