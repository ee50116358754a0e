/** Connects the adapters to the ports of the flow. */
import { createHash } from 'node:crypto';
import { createKubernetesApi, type KubernetesApi } from '../cluster/api/api.ts';
import { type Connection, connect } from '../cluster/api/connect.ts';
import { runsInside } from '../cluster/auth/inside.ts';
import { releaseCluster, releaseLease, releaseRecords } from '../cluster/cluster-port.ts';
import { systemClock } from '../cluster/transport/clock.ts';
import { watchKinds } from '../cluster/watch/watch.ts';
import type { Run } from '../flow/run/context.ts';
import { approvalFacts } from '../github/approvals.ts';
import { jobState } from '../github/jobs.ts';
import { observedRun } from '../github/observed-run.ts';
import type { Configuration } from '../inputs/configuration.ts';
import { smokeConfiguration } from '../inputs/smoke-configuration.ts';
import { namespaceOfOverlay, renderOverlay } from '../kustomize/render-overlay.ts';
import { findRenderers, type Renderer } from '../kustomize/renderers.ts';
import { databaseProbes } from '../probes/databases.ts';
import { callHttp } from '../probes/http.ts';
import { measureHttp } from '../probes/measure.ts';
import type { Environment, Workplace } from '../runner/environment.ts';
import { exportVariable } from '../runner/toolkit.ts';
import { version } from '../runner/version.ts';

interface RunParts
  extends Pick<
    Run,
    | 'settings'
    | 'app'
    | 'identity'
    | 'signal'
    | 'log'
    | 'logClock'
    | 'ledger'
    | 'hide'
    | 'hideText'
    | 'remember'
  > {
  readonly configuration: Configuration;
  readonly env: Environment;
  readonly place: Workplace;
}

const setOutVariable = 'ORION_SET_OUT';

interface Connected {
  readonly connection: Connection;
  readonly api: KubernetesApi;
}

const probes: Run['probes'] = {
  callHttp,
  measure: measureHttp,
  databases: databaseProbes,
};

/** The edges of one run behind the ports of the flow. */
export function composeRun(parts: RunParts): Run {
  const { settings, env } = parts;
  return {
    ...parts,
    configuration: configurationOf(parts.configuration),
    clock: systemClock,
    renderer: rendererOf(parts),
    jobs: {
      stateOf: (identity) =>
        jobState({ apiUrl: env['GITHUB_API_URL'], token: settings.githubToken }, identity),
    },
    approvals: {
      facts: (identity, claimed, abort) =>
        approvalFacts(
          { apiUrl: env['GITHUB_API_URL'], token: settings.githubToken, signal: abort },
          identity,
          claimed,
        ),
      observed: (identity, claimed, abort) =>
        observedRun(
          { apiUrl: env['GITHUB_API_URL'], token: settings.githubToken, signal: abort },
          identity,
          claimed,
        ),
    },
    probes,
    ...clusterOf(parts),
    variable: (name) => {
      const value = env[name];
      if (value !== undefined) parts.hideText(value);
      return value;
    },
    hasSetOut: env[setOutVariable] === parts.app,
    setOut: () => exportVariable(setOutVariable, parts.app),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  };
}

function configurationOf(configuration: Configuration): Run['configuration'] {
  const { clusters = {}, smoke, namespaces = [] } = configuration;
  return {
    clusters: Object.entries(clusters).map(([name, cluster]) => ({ name, ...cluster })),
    smoke: smokeConfiguration(smoke),
    outside: { namespaces, clusterScoped: configuration['cluster-scoped'] ?? [] },
  };
}

function rendererOf({ settings, env, place, signal }: RunParts): Run['renderer'] {
  const { overlay, allowRemoteBases } = settings;
  const { workspace } = place;
  let found: Promise<readonly Renderer[]> | undefined;
  const renderers = (): Promise<readonly Renderer[]> => {
    found ??= findRenderers(env, signal);
    return found;
  };
  return {
    findRenderers: renderers,
    render: () =>
      renderOverlay({ overlay, workspace, allowRemoteBases, env, signal, renderers: renderers() }),
    ownNamespace: () => namespaceOfOverlay(overlay, workspace),
  };
}

/**
 * What goes through the one connection to the API server, opened when it is first needed. It ends with the process: closing it on
 * cancellation would turn requests in flight into errors that nobody handles any more.
 */
function clusterOf({
  settings,
  env,
  place,
  signal,
  app,
  identity,
}: RunParts): Pick<Run, 'connect' | 'watch' | 'records' | 'lease'> {
  let opened: Promise<Connected> | undefined;
  const open = (): Promise<Connected> => {
    opened ??= connect({
      kubeconfig: settings.kubeconfig,
      context: settings.context,
      env,
      home: place.home,
      signal,
      version,
    }).then((connection) => ({ connection, api: createKubernetesApi(connection) }));
    return opened;
  };
  return {
    connect: async () => {
      const { connection, api } = await open();
      return { ...releaseCluster(connection, api), isInside: runsInside(connection.host, env) };
    },
    watch: async () => {
      const { api } = await open();
      return {
        open: (kinds, onChange, onLost) =>
          watchKinds(kinds, onChange, { api, signal, onLost: (_target, error) => onLost?.(error) }),
      };
    },
    records: async (namespace) => releaseRecords((await open()).api, namespace, app, settings.recordKey),
    lease: async (namespace) => releaseLease((await open()).api, namespace, app, identity.holder),
  };
}
