/** The nine pre-checks: they run at once, all report, and none changes anything. */
import { judgeConnectivity } from '../../domain/checks/connectivity.ts';
import { judgeContext } from '../../domain/checks/context.ts';
import { judgeDeletions } from '../../domain/checks/deletions.ts';
import { type CheckName, type CheckResult, checkNames, type Finding } from '../../domain/checks/finding.ts';
import { judgeHealth, servesMeanwhile } from '../../domain/checks/health.ts';
import { judgeAppName, judgeHistory } from '../../domain/checks/history.ts';
import { judgeNamespace } from '../../domain/checks/namespace.ts';
import { judgeOverlay, judgeUnlisted, repeatFindings } from '../../domain/checks/overlay.ts';
import { judgeReferences } from '../../domain/checks/references.ts';
import { judgeResources, type NodeMaker, schedulingOf } from '../../domain/checks/resources.ts';
import { judgeSecrets } from '../../domain/checks/secrets.ts';
import { judgeTools } from '../../domain/checks/tools.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import { type Expectation, expectationsOf } from '../../domain/producers/expectations.ts';
import { worstLevel } from '../../domain/settings/levels.ts';
import { statusOf } from '../../domain/status/table.ts';
import { isRolloutKind } from '../../domain/workloads/workloads.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import type { Target } from '../plan/desired.ts';
import type { Plan } from '../plan/plan.ts';
import { withPrune } from '../plan/prune.ts';
import { whereAllowed } from '../plan/where-allowed.ts';
import { type Run, reachOf } from '../run/context.ts';
import { findingOf, saidOnce } from '../run/errors.ts';
import { type Facts, gather, isPreview } from './facts.ts';
import { readingOf } from './permissions.ts';
import { readClaims, readReferences } from './references.ts';

/** The results of preflight that later phases use; parts that could not be determined are absent. */
export interface Preflight {
  readonly checks: readonly CheckResult[];
  readonly ready?: Ready;
}

/** What the checks found out and a release goes on with; there is none while a check fails. */
export interface Ready {
  readonly cluster: ClusterPort;
  readonly target: Target;
  readonly plan: Plan;
  /** Newest first, as read before the lock. */
  readonly releases: readonly StoredRelease[];
  readonly namespaceExists: boolean;
  /** Secrets and ConfigMaps that controllers will create from what is applied. */
  readonly expectations: readonly Expectation[];
  /** What provisions nodes on demand; absent if nothing was detected. */
  readonly nodeMaker?: string;
}

/**
 * Makes all checks. `ready` is absent when one failed; a Fault or a refusal in a check is its finding, and only a mistake of
 * Orion is thrown.
 */
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
  const results = await Promise.all(checkNames.map((name) => checked(run, facts, name, judges[name])));
  const checks = saidOnce(results);
  if (checks.some((check) => check.level === 'fail')) return { checks };
  return { checks, ready: await readyFrom(facts) };
}

async function readyFrom(facts: Facts): Promise<Ready> {
  const [cluster, target, plan, prune, releases, namespace, supply, nodeMaker] = await Promise.all([
    facts.cluster,
    facts.target,
    facts.plan,
    facts.prune,
    facts.releases,
    facts.namespace,
    facts.supply,
    // Not being able to read it is no reason to stop: unschedulable pods have their usual allowance then.
    facts.nodeMaker.catch((): NodeMaker => ({ type: 'hidden' })),
  ]);
  return {
    cluster,
    target,
    plan: withPrune(plan, prune),
    releases,
    namespaceExists: namespace !== undefined,
    expectations: expectationsOf(supply),
    ...(nodeMaker.type === 'known' ? { nodeMaker: nodeMaker.maker } : {}),
  };
}

async function checked(
  run: Run,
  facts: Facts,
  check: CheckName,
  judge: () => Promise<readonly Finding[]>,
): Promise<CheckResult> {
  const startedAt = run.clock.now();
  const findings = await judge().catch(async (error: unknown) => {
    const cluster = await facts.cluster.catch(() => undefined);
    return [findingOf(error, cluster?.refusalOf(error))];
  });
  return {
    check,
    level: worstLevel(findings.map(({ level }) => level)),
    findings,
    milliseconds: run.clock.now() - startedAt,
  };
}

async function connectivity(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const cluster = await facts.cluster;
  const [serverVersion, identity] = await Promise.all([cluster.serverVersion(), cluster.identity()]);
  run.ledger.cluster = `${cluster.contextName} (Kubernetes ${serverVersion})`;
  // Without a rendered overlay the connection itself is still judged.
  const lacking = await facts.missing.catch(() => []);
  const missing = isPreview(run) ? readingOf(lacking) : lacking;
  return judgeConnectivity({ cluster: cluster.contextName, serverVersion, identity, missing });
}

async function overlay(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const [{ objects, namespace, repeats, locate }, plan] = await Promise.all([facts.target, facts.plan]);
  const reach = reachOf(run, namespace);
  const { allowPaused } = run.settings;
  const judged = judgeOverlay({ validations: plan.validations, reach, allowPaused, locate });
  const unlisted = judgeUnlisted(objects.map(referenceOf), { reach, locate });
  const found = [...unlisted, ...repeatFindings(repeats, locate), ...(await aroundOverlay(facts, plan))];
  if (!found.some(({ level }) => level === 'fail')) return [...judged, ...found];
  return [...found, ...judged.filter(({ level }) => level !== 'pass')];
}

/** What the dry run of an object does not report: that it is being deleted, and that references are missing. */
async function aroundOverlay(facts: Facts, plan: Plan): Promise<readonly Finding[]> {
  const outside = await facts.supply.then(({ live }) => live).catch(() => undefined);
  const [cluster, target] = await Promise.all([facts.cluster, facts.target]);
  const { locate } = target;
  const claims = await readClaims(cluster, target);
  const references = await readReferences(cluster, target, plan, outside, claims);
  const changes = plan.changes.map((change) => ({ ...change, changes: change.action !== 'unchanged' }));
  return [
    ...judgeDeletions({ changes, claims: claims ?? [], locate }),
    ...judgeReferences({ ...references, locate }),
  ];
}

async function secrets(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const [{ locate }, supply] = await Promise.all([facts.target, facts.supply]);
  return judgeSecrets({ ...supply, decode: decodeText, locate }, run.settings.profile);
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
      const live = change.live as KubernetesObject;
      const status = statusOf(live);
      return {
        reference: change.reference,
        healthy: status.word === 'current',
        serves: status.word === 'progressing' && servesMeanwhile(live),
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
  const cluster = await facts.cluster;
  const [plan, nodes, pods] = await Promise.all([
    facts.plan,
    facts.nodes,
    whereAllowed(
      cluster,
      cluster.list('v1', 'Pod', undefined, {
        fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
        keep: schedulingOf,
      }),
    ),
  ]);
  const changing = plan.changes
    .filter((change) => change.action !== 'unchanged' && isRolloutKind(change.desired))
    .map(({ predicted, desired, live }) => ({
      workload: predicted ?? desired,
      ...(live === undefined ? {} : { live }),
    }));
  const { profile, minNodes, allowInsufficientResources: allowed } = run.settings;
  const seen = {
    ...(nodes === undefined ? {} : { nodes }),
    ...(pods === undefined ? {} : { pods }),
    changing,
    allowed,
  };
  const findings = judgeResources(seen, profile, minNodes);
  if (!findings.some(({ reason }) => reason === 'insufficient-resources')) return findings;
  return judgeResources({ ...seen, nodeMaker: await facts.nodeMaker }, profile, minNodes);
}

async function history(run: Run, facts: Facts): Promise<readonly Finding[]> {
  const heads = (await facts.releases).map(({ head }) => head);
  const other = judgeAppName(heads, run.settings.overlay);
  return other.length > 0
    ? other
    : judgeHistory(heads, run.app, run.settings.profile, run.settings.allowUnstableHistory);
}
