/** The data that the pre-checks use, requested once and shared. */

import type { NodeMaker } from '../../domain/checks/resources.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import { judgeReach } from '../../domain/plan/scope.ts';
import type { Supply } from '../../domain/producers/expectations.ts';
import type { PrunePlan } from '../../domain/prune/plan.ts';
import type { Permission } from '../../domain/workloads/permissions.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Overlay } from '../../ports/overlay.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { namespaceOf, placeObjects, type Target } from '../plan/desired.ts';
import { makePlan, type Plan } from '../plan/plan.ts';
import { planPrune } from '../plan/prune.ts';
import { whereAllowed } from '../plan/where-allowed.ts';
import { notice, type Run, reachOf } from '../run/context.ts';
import { readNodeMaker } from './node-makers.ts';
import { neededPermissions } from './permissions.ts';
import { readSupply } from './supply.ts';

/** Facts are promises that several checks share; each fails at most once, with a Fault of its own. */
export interface Facts {
  readonly overlay: Promise<Overlay>;
  readonly cluster: Promise<ClusterPort>;
  readonly target: Promise<Target>;
  readonly namespace: Promise<KubernetesObject | undefined>;
  /** Required permissions that are missing. */
  readonly missing: Promise<readonly Permission[]>;
  readonly plan: Promise<Plan>;
  readonly prune: Promise<PrunePlan>;
  readonly releases: Promise<readonly StoredRelease[]>;
  /** Absent if this identity may not list them. */
  readonly nodes: Promise<readonly KubernetesObject[] | undefined>;
  /** Whether nodes are provisioned on demand. */
  readonly nodeMaker: Promise<NodeMaker>;
  /** Where the Secrets and ConfigMaps that pods need are, or who will create them. */
  readonly supply: Promise<Supply>;
}

/** Starts every question at once. A promise that rejects does so for each check that awaits it. */
export function gather(run: Run): Facts {
  const overlayFact = run.renderer.render();
  const cluster = run.connect();
  const target = Promise.all([overlayFact, cluster]).then(([rendered, connected]) =>
    placeTarget(run, rendered, connected),
  );
  const namespace = Promise.all([cluster, target]).then(([connected, placed]) =>
    readNamespace(connected, placed.namespace),
  );
  const listed = target.then((placed) => withinReach(run, placed));
  const missing = Promise.all([cluster, listed, namespace]).then(([connected, placed, live]) =>
    missingPermissions(run, connected, placed, live !== undefined),
  );
  const plan = Promise.all([cluster, listed, namespace]).then(async ([connected, placed, live]) => {
    const made = await makePlan(connected, placed, {
      adopt: run.settings.adopt,
      namespaceExists: live !== undefined,
      readsOnly: isPreview(run) && (await missing).some(({ verb }) => verb === 'patch' || verb === 'create'),
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
  const prune = Promise.all([cluster, target, releases]).then(([connected, placed, known]) =>
    planPrune(run, connected, placed, known),
  );
  const supply = Promise.all([cluster, target, namespace]).then(async ([connected, placed, live]) => {
    const found = await readSupply(connected, placed, {
      namespaceExists: live !== undefined,
      // The dry-run result shows which keys other managers keep; without a plan none is known.
      changes: plan.then(({ changes }) => changes).catch(() => []),
    });
    hideSecrets(run, found.live);
    return found;
  });
  const nodes = cluster.then((connected) => whereAllowed(connected, connected.list('v1', 'Node')));
  const nodeMaker = Promise.all([cluster, target, nodes]).then(([connected, placed, known]) =>
    readNodeMaker(connected, placed.namespace, known ?? []),
  );
  return {
    ...{ overlay: overlayFact, cluster, target, namespace, missing, plan, prune, releases },
    ...{ nodes, nodeMaker, supply },
  };
}

/**
 * A preview changes nothing, so it needs only read permissions; without the others it reports less (see `makePlan`).
 */
export function isPreview({ settings }: Run): boolean {
  return settings.phase === 'preview';
}

/**
 * Objects that the overlay must not contain are refused without reading them: this identity may lack the permission.
 */
function withinReach(run: Run, target: Target): Target {
  const reach = reachOf(run, target.namespace);
  const objects = target.objects.filter((object) => judgeReach(referenceOf(object), reach) === undefined);
  return { ...target, objects };
}

async function missingPermissions(
  run: Run,
  cluster: ClusterPort,
  { objects, namespace }: Target,
  namespaceExists: boolean,
): Promise<readonly Permission[]> {
  return cluster.missingPermissions(
    await neededPermissions(cluster, objects, namespace, {
      namespaceExists,
      callsPods: !run.settings.skipTests,
      undoes: run.settings.rollback === 'automatic',
    }),
  );
}

/** Pods and the server echo values of live Secrets as well as of rendered ones. */
export function hideSecrets(run: Run, objects: readonly (KubernetesObject | undefined)[]): void {
  run.hide(objects.filter((object) => object !== undefined).filter(({ kind }) => kind === 'Secret'));
}

async function placeTarget(run: Run, rendered: Overlay, cluster: ClusterPort): Promise<Target> {
  hideSecrets(run, rendered.objects);
  const namespace = namespaceOf(rendered, run.settings.namespace, run.configuration.outside.namespaces);
  run.ledger.namespace = namespace;
  return placeObjects(rendered, namespace, cluster, run.app);
}

/** Without the permission to read it is assumed to exist: the connectivity check reports the missing permission. */
async function readNamespace(cluster: ClusterPort, name: string): Promise<KubernetesObject | undefined> {
  const reference = { apiVersion: 'v1', kind: 'Namespace', name };
  try {
    return await cluster.get(reference);
  } catch (error) {
    if (cluster.refusalOf(error)?.status === 403) return { ...reference, metadata: { name } };
    throw error;
  }
}

async function readReleases(run: Run, namespace: string): Promise<readonly StoredRelease[]> {
  const { releases, unreadable } = await (await run.records(namespace)).list();
  for (const { name, why } of unreadable) {
    notice(run, {
      reason: 'record-unreadable',
      message:
        why === 'damaged'
          ? `Release record ${name} cannot be read.`
          : `Release record ${name} is not signed with the key of this run (input \`record-key\`).`,
      remedy:
        why === 'damaged'
          ? 'It is ignored; delete the Secret if it is not a release of this app.'
          : 'It is not used: it is older than the key, or somebody else has made it; delete the Secret if nobody needs it.',
    });
  }
  return releases;
}
