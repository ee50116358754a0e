/** A run of the flow whose ports are plain objects of the test. */
import { profiles } from '../../../src/domain/settings/profile.ts';
import type { Settings } from '../../../src/domain/settings/settings.ts';
import { noSmokeConfiguration } from '../../../src/domain/smoke/configuration.ts';
import { databaseKinds } from '../../../src/domain/smoke/report.ts';
import type { Run } from '../../../src/flow/run/context.ts';
import { Ledger } from '../../../src/flow/run/ledger.ts';
import type { DatabaseProbes } from '../../../src/ports/probes.ts';

const { profile: _profile, ...durations } = { profile: 0, ...profiles.staging };

export const stagingSettings: Settings = {
  ...durations,
  action: 'deploy-staging',
  environment: 'staging',
  profile: profiles.staging,
  maxRestarts: 3,
  errorWindow: 300_000,
  maxErrors: 10,
  readinessGateTimeout: 300_000,
  adopt: ['kubectl-client-side-apply'],
  allowUnhealthy: false,
  allowInsufficientResources: false,
  allowUnstableHistory: false,
  allowPaused: false,
  allowRemoteBases: false,
  dryRun: false,
  skipApproval: false,
  skipTests: false,
  maxLatency: 1000,
  services: [],
  smokeImage: 'registry.example/probe:1',
};

const absent = (what: string) => (): never => {
  throw new Error(`this test has no ${what}`);
};

/** A run whose clock stands at `now` until it waits; the edges that a test needs are given, any other one is a failure. */
export function flowRun(edges: Partial<Run> & { readonly holder: string }): {
  readonly run: Run;
  readonly ledger: Ledger;
  readonly lines: readonly string[];
} {
  let now = 1_000_000;
  const lines: string[] = [];
  const ledger = new Ledger(now);
  const { holder, ...given } = edges;
  const run: Run = {
    settings: stagingSettings,
    configuration: {
      clusters: [],
      smoke: noSmokeConfiguration,
      outside: { namespaces: [], clusterScoped: [] },
    },
    app: 'shop',
    identity: { holder },
    clock: {
      now: () => now,
      wait: async (milliseconds, signal) => {
        signal?.throwIfAborted();
        now += milliseconds;
      },
    },
    log: { group: () => undefined, endGroup: () => undefined, line: (text) => lines.push(text) },
    logClock: () => ({ now, startedAt: 1_000_000, colour: false }),
    ledger,
    signal: new AbortController().signal,
    renderer: {
      findRenderers: absent('renderer'),
      render: absent('renderer'),
      ownNamespace: absent('renderer'),
    },
    jobs: { stateOf: async () => 'unknown' },
    approvals: { facts: absent('approvals'), observed: absent('approvals') },
    probes: {
      callHttp: absent('probes'),
      measure: absent('probes'),
      databases: Object.fromEntries(
        databaseKinds.map((kind) => [kind, absent('probes')]),
      ) as unknown as DatabaseProbes,
    },
    connect: absent('cluster'),
    watch: absent('watch'),
    records: absent('records'),
    lease: absent('lease'),
    hide: () => undefined,
    hideText: () => undefined,
    variable: () => undefined,
    sha256: (text) => text,
    remember: () => undefined,
    hasSetOut: false,
    setOut: () => undefined,
    ...given,
  };
  return { run, ledger, lines };
}
