/** Which endpoints are measured: each that answered well, on one of its pods. */
import type { SmokeConfiguration } from '../configuration.ts';
import type { Schedule } from '../latency/latency.ts';
import type { SmokeReport } from '../report.ts';
import type { HttpTest, LatencyTest, SmokeTest } from './test.ts';

/** Enough for an upper end of p95's interval (72) with some to spare, in three seconds. */
export const latencySchedule = { requests: 120, rate: 40, maxInFlight: 64 } as const satisfies Omit<
  Schedule,
  'timeout'
>;

/** Connections of a measurement by port-forward: each costs a quarter of a second to open, so they are opened before it. */
export const keptConnections = 8;

/** Made once the other tests have run: `reports` say which endpoints passed. `maxLatency` is the p95 in milliseconds. */
export function latencyTests(
  tests: readonly SmokeTest[],
  reports: readonly SmokeReport[],
  maxLatency: number,
  { services }: Pick<SmokeConfiguration, 'services'>,
): readonly LatencyTest[] {
  const passed = new Set(reports.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id));
  const calls = tests.filter((test): test is HttpTest => test.what === 'http' && passed.has(test.id));
  const byEndpoint = Map.groupBy(calls, (test) => `${test.subject} ${endpointOf(test)}`);
  return [...byEndpoint.values()].flatMap(([first]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            id: `${first.subject}/latency/${endpointOf(first)}`,
            kind: 'latency',
            title: `Latency of ${first.title.charAt(0).toLowerCase()}${first.title.slice(1)}`,
            what: 'latency',
            threshold: services[first.subject]?.maxLatency ?? maxLatency,
          },
        ],
  );
}

function endpointOf({ request, reach, scheme }: HttpTest): string {
  return `${request.method} ${scheme}:${reach.port}${request.path}`;
}
