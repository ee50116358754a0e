/** The nine pre-checks: they run at once, all report, and none changes anything. */

import { judgeConnectivity } from '../domain/checks/connectivity.ts';
import { judgeContext } from '../domain/checks/context.ts';
import { judgeHealth } from '../domain/checks/health.ts';
import { judgeAppName, judgeHistory } from '../domain/checks/history.ts';
import { judgeNamespace } from '../domain/checks/namespace.ts';
import { judgeOverlay } from '../domain/checks/overlay.ts';
import { judgeResources } from '../domain/checks/resources.ts';
import { judgeSecrets, outsideReferences } from '../domain/checks/secrets.ts';
import { judgeTools } from '../domain/checks/tools.ts';
import { type CheckName, type CheckResult, checkNames, type Finding, worstLevel } from '../domain/checks.ts';
import { Fault } from '../domain/fault.ts';
import type { KubernetesObject } from '../domain/objects.ts';
import { statusOf } from '../domain/status/table.ts';
import { isRolloutKind } from '../domain/workloads.ts';
import { neededPermissions } from './needed-permissions.ts';
import type { ClusterPort, Overlay, StoredRelease } from './ports.ts';
import { makePlan, type Plan } from './preview.ts';
import { notice, type Run } from './run.ts';
import { namespaceOf, placeObjects, type Target } from './target.ts';

/** What preflight found out and the later phases build on; the parts that could not be had are absent. */
export interface Preflight {
  readonly checks: readonly CheckResult[];
  readonly ready?: Ready;
}

export interface Ready {
  readonly cluster: ClusterPort;
  readonly target: Target;
  readonly plan: Plan;
  readonly releases: readonly StoredRelease[];
  readonly namespaceExists: boolean;
}

/** Facts are promises that several checks share; each fails at most once, with a Fault of its own. */
interface Facts {
  readonly overlay: Promise<Overlay>;
  readonly cluster: Promise<ClusterPort>;
  readonly target: Promise<Target>;
  readonly namespace: Promise<KubernetesObject | undefined>;
  readonly plan: Promise<Plan>;
  readonly releases: Promise<readonly StoredRelease[]>;
  readonly outside: Promise<readonly KubernetesObject[]>;
}

export async function preflight(run: Run): Promise<Preflight> {
  const facts = gather(run);
  // Facts that no check awaits before another one fails must not become unhandled rejections.
  for (const fact of Object.values(facts) as Promise<unknown>[]) fact.catch(() => undefined);
  const judges: Readonly<Record<CheckName, () => Promise<readonly Finding[]>>> = {
    tools: async () => judgeTools(await run.renderer.findRenderers()),
    connectivity: () => connectivity(run, facts),
    overlay: () => overlay(run, facts),
    secrets: () => secrets(run, facts),
    health: () => health(run, facts),
    context: () => context(run, facts),
    namespace: async () =>
      judgeNamespace((await facts.target).namespace, await facts.namespace, run.settings.profile),
    resources: () => resources(run, facts),
    history: () => history(run, facts),
  };
  const results = await Promise.all(checkNames.map((name) => checked(run, name, judges[name])));
  const checks = saidOnce(results);
  if (checks.some((check) => check.level === 'fail')) return { checks };
  return { checks, ready: await readyFrom(facts) };
}

function gather(run: Run): Facts {
  const overlayFact = run.renderer.render();
  const cluster = run.connect();
  const target = Promise.all([overlayFact, cluster]).then(([rendered, connected]) =>
    placeTarget(run, rendered, connected),
  );
  const namespace = Promise.all([cluster, target]).then(([connected, placed]) =>
    connected.get({ apiVersion: 'v1', kind: 'Namespace', name: placed.namespace }),
  );
  const plan = Promise.all([cluster, target, namespace]).then(async ([connected, placed, live]) => {
    const made = await makePlan(connected, placed, {
      adopt: run.settings.adopt,
      namespaceExists: live !== undefined,
      signal: run.signal,
    });
    hideSecrets(
      run,
      made.changes.map((change) => change.live),
    );
    return made;
  });
  const releases = Promise.all([target, namespace]).then(async ([placed, live]) =>
    live === undefined ? [] : readReleases(run, placed.namespace),
  );
  const outside = Promise.all([cluster, target, namespace]).then(([connected, placed, live]) =>
    live === undefined ? [] : readOutside(run, connected, placed),
  );
  return { overlay: overlayFact, cluster, target, namespace, plan, releases, outside };
}

/** Pods and the server echo values of live Secrets as well as rendered ones. */
function hideSecrets(run: Run, objects: readonly (KubernetesObject | undefined)[]): void {
  run.hide(objects.filter((object) => object !== undefined).filter(({ kind }) => kind === 'Secret'));
}

async function placeTarget(run: Run, rendered: Overlay, cluster: ClusterPort): Promise<Target> {
  hideSecrets(run, rendered.objects);
  const namespace = namespaceOf(rendered, run.settings.namespace);
  run.ledger.namespace = namespace;
  return placeObjects(rendered, namespace, cluster);
}

async function readReleases(run: Run, namespace: string): Promise<readonly StoredRelease[]> {
  const { releases, unreadable } = await (await run.records(namespace)).list();
  for (const name of unreadable) {
    notice(run, {
      reason: 'record-unreadable',
      message: `Release record ${name} cannot be read.`,
      remedy: 'It is left alone; delete the Secret if it is not a release of this app.',
    });
  }
  return releases;
}

async function readOutside(
  run: Run,
  cluster: ClusterPort,
  target: Target,
): Promise<readonly KubernetesObject[]> {
  const found = await Promise.all(
    outsideReferences(target.objects).map(({ kind, name }) =>
      cluster.get({ apiVersion: 'v1', kind, namespace: target.namespace, name }),
    ),
  );
  hideSecrets(run, found);
  return found.filter((object) => object !== undefined);
}

async function readyFrom(facts: Facts): Promise<Ready> {
  const [cluster, target, plan, releases, namespace] = await Promise.all([
    facts.cluster,
    facts.target,
    facts.plan,
    facts.releases,
    facts.namespace,
  ]);
  return { cluster, target, plan, releases, namespaceExists: namespace !== undefined };
}

async function checked(
  run: Run,
  check: CheckName,
  judge: () => Promise<readonly Finding[]>,
): Promise<CheckResult> {
  const startedAt = run.clock.now();
  const findings = await judge().catch((error: unknown) => [findingOf(error)]);
  return {
    check,
    level: worstLevel(findings.map(({ level }) => level)),
    findings,
    milliseconds: run.clock.now() - startedAt,
  };
}

function findingOf(error: unknown): Finding {
  if (!(error instanceof Fault)) throw error;
  const { reason, message, remedy, location } = error;
  return { level: 'fail', reason, message, remedy, ...(location === undefined ? {} : { location }) };
}

/** Which check owns a cause that several ran into: the others say that they could not look. */
const owner: Readonly<Record<string, CheckName>> = {
  'tool-missing': 'tools',
  'tool-version': 'tools',
  'kubeconfig-unreadable': 'connectivity',
  'cluster-unreachable': 'connectivity',
  unauthorized: 'connectivity',
  forbidden: 'connectivity',
};

function saidOnce(results: readonly CheckResult[]): readonly CheckResult[] {
  const said = new Map<string, CheckName>();
  for (const result of results) {
    for (const finding of result.findings) {
      const first = owner[finding.reason] ?? 'overlay';
      const holds = results.some(
        (other) => other.check === first && other.findings.some((one) => one.message === finding.message),
      );
      if (finding.level === 'fail' && !said.has(finding.message))
        said.set(finding.message, holds ? first : result.check);
    }
  }
  return results.map((result) => {
    const findings = result.findings.map((finding): Finding => {
      const first = said.get(finding.message);
      if (finding.level !== 'fail' || first === undefined || first === result.check) return finding;
      return {
        level: 'warn',
        reason: 'object-not-checked',
        message: `Not checked: the ${first} check failed.`,
        remedy: '',
      };
    });
    const unique = [
      ...new Map(findings.map((finding) => [`${finding.message} ${finding.object?.name}`, finding])).values(),
    ];
    return { ...result, findings: unique, level: worstLevel(unique.map(({ level }) => level)) };
  });
}

async function connectivity(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const cluster = await facts.cluster;
  const [serverVersion, identity] = await Promise.all([cluster.serverVersion(), cluster.identity()]);
  run.ledger.cluster = `${cluster.contextName} (Kubernetes ${serverVersion})`;
  // Without a rendered overlay the connection itself is still judged.
  const placed = await Promise.all([facts.target, facts.namespace]).catch(() => undefined);
  const missing =
    placed === undefined
      ? []
      : await cluster.missingPermissions(
          await neededPermissions(cluster, placed[0].objects, placed[0].namespace, {
            namespaceExists: placed[1] !== undefined,
            callsPods: !run.settings.skipTests,
          }),
        );
  return judgeConnectivity({ cluster: cluster.contextName, serverVersion, identity, missing });
}

async function overlay(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const [target, plan] = await Promise.all([facts.target, facts.plan]);
  return judgeOverlay({
    validations: plan.validations,
    namespace: target.namespace,
    allowPaused: run.settings.allowPaused,
    locate: target.locate,
  });
}

async function secrets(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const [target, live] = await Promise.all([facts.target, facts.outside]);
  return judgeSecrets(
    { rendered: target.objects, live, decode: decodeText, locate: target.locate },
    run.settings.profile,
  );
}

function decodeText(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

async function health(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const plan = await facts.plan;
  const current = plan.changes
    .filter((change) => change.live !== undefined && isRolloutKind(change.desired))
    .map((change) => {
      const status = statusOf(change.live as KubernetesObject);
      return {
        reference: change.reference,
        healthy: status.word === 'current',
        message: status.message,
        changes: change.action !== 'unchanged',
      };
    });
  return judgeHealth(current, run.settings.profile, run.settings.allowUnhealthy);
}

async function context(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const cluster = await facts.cluster;
  const [kubeSystem, namespace] = await Promise.all([
    cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }).catch((error: unknown) => {
      if (cluster.refusalOf(error)?.status === 403) return undefined;
      throw error;
    }),
    facts.namespace.catch(() => undefined),
  ]);
  const uid = kubeSystem?.metadata.uid;
  const label = namespace?.metadata.labels?.['orion.dev/environment'];
  return judgeContext(
    {
      environment: run.settings.environment,
      contextName: cluster.contextName,
      knownClusters: run.configuration.clusters,
      ...(uid === undefined ? {} : { clusterUid: uid }),
      ...(label === undefined ? {} : { namespaceLabel: label }),
    },
    run.settings.profile,
  );
}

async function resources(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const [cluster, plan] = await Promise.all([facts.cluster, facts.plan]);
  const listed = <T>(request: Promise<T>): Promise<T | undefined> =>
    request.catch((error: unknown) => {
      if (cluster.refusalOf(error)?.status === 403) return undefined;
      throw error;
    });
  const [nodes, pods] = await Promise.all([
    listed(cluster.list('v1', 'Node')),
    listed(
      cluster.list('v1', 'Pod', undefined, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }),
    ),
  ]);
  const changing = plan.changes
    .filter((change) => change.action !== 'unchanged' && isRolloutKind(change.desired))
    .map((change) => ({ workload: change.predicted ?? change.desired, isNew: change.live === undefined }));
  return judgeResources(
    { ...(nodes === undefined ? {} : { nodes }), ...(pods === undefined ? {} : { pods }), changing },
    run.settings.profile,
    run.settings.minNodes,
  );
}

async function history(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const heads = (await facts.releases).map(({ head }) => head);
  const other = judgeAppName(heads, run.settings.overlay);
  return other.length > 0 ? other : judgeHistory(heads, run.app);
}
