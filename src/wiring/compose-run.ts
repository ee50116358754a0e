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

/**
 * Its connections end with the process: closing them on cancellation would turn requests in flight into errors that
 * nobody handles any more.
 */
export function composeRun(parts: RunParts): Run {
  const { settings, env, place, signal } = parts;
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
  let found: Promise<readonly Renderer[]> | undefined;
  const renderers = (): Promise<readonly Renderer[]> => {
    found ??= findRenderers(env, signal);
    return found;
  };
  return {
    ...parts,
    configuration: {
      clusters: Object.entries(parts.configuration.clusters ?? {}).map(([name, cluster]) => ({
        name,
        ...cluster,
      })),
      smoke: smokeConfiguration(parts.configuration.smoke),
      outside: {
        namespaces: parts.configuration.namespaces ?? [],
        clusterScoped: parts.configuration['cluster-scoped'] ?? [],
      },
    },
    clock: systemClock,
    renderer: {
      findRenderers: renderers,
      render: () =>
        renderOverlay({
          overlay: settings.overlay,
          workspace: place.workspace,
          allowRemoteBases: settings.allowRemoteBases,
          env,
          signal,
          renderers: renderers(),
        }),
      ownNamespace: () => namespaceOfOverlay(settings.overlay, place.workspace),
    },
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
    variable: (name) => {
      const value = env[name];
      if (value !== undefined) parts.hideText(value);
      return value;
    },
    hasSetOut: env[setOutVariable] === parts.app,
    setOut: () => exportVariable(setOutVariable, parts.app),
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
    records: async (namespace) =>
      releaseRecords((await open()).api, namespace, parts.app, settings.recordKey),
    lease: async (namespace) => releaseLease((await open()).api, namespace, parts.app, parts.identity.holder),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  };
}
