/** A deploy action as a workflow step against one cluster, by the built bundle, and what the cluster and its audit log say of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubernetesApi, type KubernetesApi } from '../../../src/cluster/api/api.ts';
import { connect } from '../../../src/cluster/api/connect.ts';
import { createReleaseStore, type ReleaseStore } from '../../../src/cluster/release-store/records.ts';
import type { Cluster } from '../../../testbed/cluster.ts';
import { attachCluster } from '../../../testbed/cluster.ts';
import {
  type RunningStep,
  runStep,
  type StepOptions,
  type StepResult,
  startStep,
} from '../../../testbed/workflow-step.ts';
import { type Grants, grantEverywhere, grantIn } from './deployer-role.ts';

const bundles = join(import.meta.dirname, '../../../dist');
export const bundle = join(bundles, 'deploy-staging/index.js');

/** What every run here waits for at the most; a verdict must come long before. */
export const timeout = 60_000;

export type Inputs = Readonly<Record<string, string>>;

export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  readonly stage: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code?: number };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

export interface Deployer {
  /** An administrator's: what tests prepare and look at. */
  readonly api: KubernetesApi;
  /** The deployer's own identity. */
  readonly kubeconfig: string;
  /** Main and post. */
  deploy(workspace: string, inputs?: Inputs, env?: StepOptions['env']): ReturnType<typeof runStep>;
  start(workspace: string, inputs?: Inputs, env?: StepOptions['env']): Promise<RunningStep>;
  /** Post of a main that ended somehow. */
  post(workspace: string, main: StepResult, inputs?: Inputs): Promise<StepResult>;
  records(namespace: string): ReleaseStore;
  /** What this deployer's identity asked the API server for since `since` (milliseconds since the epoch). */
  requestsSince(since: number): Promise<readonly AuditEntry[]>;
  /** Made by the administrator, with the deployer's Role in it. */
  newNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Gives the deployer its Role in a namespace that is there. */
  actIn(namespace: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A deployer with an identity of its own, so that the audit log tells its requests from all others. It may do what docs/role.yaml
 * gives in the namespaces it gets, and what `rights` add: no more. Most tests on the real node let a release make its namespace.
 */
export async function deployerFor(
  user: string,
  target: Cluster | string,
  action: 'deploy-staging' | 'deploy-production' | 'phase' = 'deploy-staging',
  rights: Grants = { makesNamespaces: true },
): Promise<Deployer> {
  const cluster = typeof target === 'string' ? await attachCluster(target) : target;
  const kubeconfig = await cluster.controlPlane.issueKubeconfig(user, user, []);
  const connection = await connect({ kubeconfig: cluster.kubeconfig, env: {}, home: '' });
  const api = createKubernetesApi(connection);
  await grantEverywhere(api, user, rights);
  const actIn = (namespace: string): Promise<void> => grantIn(api, user, namespace, rights);
  const step = (workspace: string, inputs: Inputs = {}, env: StepOptions['env'] = {}): StepOptions => ({
    bundle: join(bundles, action, 'index.js'),
    workspace,
    env,
    inputs: {
      kubeconfig,
      app: 'shop',
      timeout: `${timeout / 1000}s`,
      settle: '2s',
      'progress-interval': '2s',
      ...inputs,
    },
  });
  return {
    api,
    kubeconfig,
    deploy: (workspace, inputs, env) => runStep(step(workspace, inputs, env)),
    start: (workspace, inputs, env) => startStep(step(workspace, inputs, env)),
    post: async (workspace, main, inputs) => (await startStep(step(workspace, inputs), main.state)).result,
    records: (namespace) => createReleaseStore(api, namespace),
    async requestsSince(since) {
      const lines = (await readFile(cluster.auditLog, 'utf8')).split('\n').filter((line) => line !== '');
      return lines
        .map((line) => JSON.parse(line) as AuditEntry)
        .filter(
          (entry) => entry.user.username === user && Date.parse(entry.requestReceivedTimestamp) >= since,
        );
    },
    async newNamespace(name, labels = {}) {
      await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
      await actIn(name);
      return name;
    },
    actIn,
    close: () => connection.close(),
  };
}

/** Whether a request can have changed anything: all but reads, reviews of permissions, and dry runs. */
export function changes({ verb, requestURI, objectRef }: AuditEntry): boolean {
  if (['get', 'list', 'watch'].includes(verb)) return false;
  if (objectRef?.resource?.endsWith('reviews')) return false;
  return !/[?&]dryRun=All\b/.test(requestURI);
}

/** Waits until `find` finds something. Throws with `what` after `limit` milliseconds. */
export async function until<T>(what: string, find: () => Promise<T | undefined>, limit = 30_000): Promise<T> {
  const deadline = performance.now() + limit;
  while (performance.now() < deadline) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Waited ${limit} ms in vain for ${what}.`);
}

/** All that a person, a log archive or a later step could read of a run, without the mask commands that the runner consumes. */
export async function everythingShown(step: StepResult): Promise<string> {
  const result = step.outputs['result'];
  return [
    ...step.output.split('\n').filter((line) => !line.startsWith('::add-mask::')),
    step.summary,
    JSON.stringify(step.outputs),
    JSON.stringify(step.state),
    ...(result ? [await readFile(result, 'utf8')] : []),
  ].join('\n');
}

/** The namespace with everything in it, without waiting for it to be gone. */
export async function dropNamespace(api: KubernetesApi, name: string): Promise<void> {
  await api.delete({ apiVersion: 'v1', kind: 'Namespace', name });
}
