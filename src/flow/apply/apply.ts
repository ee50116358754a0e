/** Applies the plan, wave by wave, in parallel inside a wave. Everything is recorded before it is applied. */
import { ownershipWith } from '../../domain/checks/leftovers.ts';
import { serverWarning } from '../../domain/checks/overlay.ts';
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import type { Reason } from '../../domain/failure/reasons.ts';
import { clientSideApplyEntriesOf } from '../../domain/kubernetes/managed-fields.ts';
import { type KubernetesObject, keyOf, titleOf } from '../../domain/kubernetes/objects.ts';
import { conflictingManagers, isSameIntent, type PlannedChange } from '../../domain/plan/changes.ts';
import { inWaves } from '../../domain/plan/waves.ts';
import { adoptedManagedFields } from '../../domain/undo/state-before.ts';
import type { ApplyAnswer, ClusterPort, RefusedRequest } from '../../ports/cluster.ts';
import { changeLine } from '../../report/log/events.ts';
import { notice, type Run } from '../run/context.ts';
import { untilWebhooksAnswer } from './webhook-patience.ts';

/** What came of the writes. Failures do not throw: the wave in which they happened is finished, no later one is begun. */
export interface Applied {
  /** The server's response for each object that was written, by key. */
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  readonly failures: readonly Failure[];
}

interface ApplyGuard {
  /** Throws when the lock is lost. */
  readonly ensureHeld: () => Promise<void>;
  /** Called as each write returns. */
  readonly onApplied: (change: PlannedChange, object: KubernetesObject, created: boolean) => void;
  readonly locate: (change: PlannedChange) => Failure['location'];
  /** Objects that produce what pods need, by `keyOf`: they are applied before the workloads. */
  readonly producers?: ReadonlySet<string>;
  /**
   * Called once, before the first workload is written: failures that it returns end the release before any workload
   * is changed.
   */
  readonly beforeWorkloads?: () => Promise<readonly Failure[]>;
}

/** Writes what is not unchanged. Throws when the lock is lost or the run is stopped; what was written until then stays. */
export async function applyPlan(
  run: Run,
  cluster: ClusterPort,
  changes: readonly PlannedChange[],
  guard: ApplyGuard,
): Promise<Applied> {
  const objects = new Map<string, KubernetesObject>();
  const failures: Failure[] = [];
  for (const { wave, changes: members } of inWaves(changes, guard.producers)) {
    await guard.ensureHeld();
    run.signal.throwIfAborted();
    if (wave === 'workloads') failures.push(...((await guard.beforeWorkloads?.()) ?? []));
    if (failures.length > 0) break;
    await Promise.all(
      members
        .filter((change) => change.action !== 'unchanged')
        .map(async (change) => {
          const answer = await applyOne(run, cluster, change, guard);
          if ('failure' in answer) {
            failures.push(answer.failure);
            return;
          }
          objects.set(keyOf(change.reference), answer.object);
          keepWarnings(run, change, answer.warnings, guard);
          guard.onApplied(change, answer.object, answer.created);
          run.log.line(changeLine({ ...change, takenFrom: conflictingManagers(change) }, run.logClock()));
        }),
    );
    if (failures.length > 0) break;
    await waitUntilServed(run, cluster, members);
  }
  return { objects, failures };
}

type AppliedOne = Extract<ApplyAnswer, { readonly type: 'applied' }>;

async function applyOne(
  run: Run,
  cluster: ClusterPort,
  change: PlannedChange,
  guard: ApplyGuard,
): Promise<AppliedOne | { readonly failure: Failure }> {
  let current = change;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await attemptApply(run, cluster, current, guard);
    if (!('moved' in answer)) return answer;
    const live = attempt < attempts ? await sameAsSeen(cluster, change) : undefined;
    if (live === undefined) return { failure: refused(change, guard, answer.moved) };
    current = { ...change, live };
  }
}

/**
 * Controllers that write status change an object's resourceVersion all the time; that changes nothing in the preview.
 */
const attempts = 5;

async function sameAsSeen(
  cluster: ClusterPort,
  change: PlannedChange,
): Promise<KubernetesObject | undefined> {
  const seen = change.live;
  const live = await cluster.get(change.reference);
  if (seen === undefined || live === undefined) return undefined;
  return isSameIntent(seen, live) ? live : undefined;
}

async function attemptApply(
  run: Run,
  cluster: ClusterPort,
  change: PlannedChange,
  guard: ApplyGuard,
): Promise<AppliedOne | { readonly failure: Failure } | { readonly moved: RefusedRequest }> {
  const force = change.conflicts.length > 0;
  try {
    const answer = await untilWebhooksAnswer(run, cluster, async () => {
      await guard.ensureHeld();
      const resourceVersion = await adopt(cluster, change);
      return cluster.apply(change.desired, {
        force,
        dryRun: false,
        signal: run.signal,
        // A forced write must not overwrite a change that the preview has not seen.
        ...(force && resourceVersion !== undefined ? { resourceVersion } : {}),
      });
    });
    if (answer.type === 'applied') return answer;
    const [first] = answer.conflicts;
    return {
      failure: failureOf(
        change,
        guard,
        'conflict',
        `field ${first?.field} was taken by field manager ${first?.manager} after the preview`,
        'Run the job again: its preview shows the conflict and how to resolve it.',
      ),
    };
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (error instanceof Fault && error.reason === 'object-invalid') {
      return { failure: failureOf(change, guard, error.reason, error.message, error.remedy) };
    }
    if (refusal === undefined || run.signal.aborted) throw error;
    if (hasMoved(change, refusal)) return { moved: refusal };
    return { failure: refused(change, guard, refusal) };
  }
}

/** The resourceVersion that was sent is outdated. A failed `test` of a JSON patch is a 422 without a name or causes. */
function hasMoved(
  { adopts, conflicts, claims = [] }: PlannedChange,
  { status, reason, message }: RefusedRequest,
): boolean {
  if (!adopts && conflicts.length + claims.length === 0) return false;
  return (
    (status === 409 && reason === 'Conflict') || (status === 422 && /error in our request/.test(message))
  );
}

/** Warnings that appear only now: the preview could not ask yet, or the namespace got its labels in the wave before. */
function keepWarnings(run: Run, change: PlannedChange, warnings: readonly string[], guard: ApplyGuard): void {
  const location = guard.locate(change);
  const told = new Set(run.ledger.checks.flatMap(({ findings }) => findings.map(({ message }) => message)));
  for (const warning of warnings) {
    const message = serverWarning(change.reference, warning);
    if (told.has(message)) continue;
    notice(run, {
      reason: 'server-warning',
      message,
      remedy: 'Change the field before the server stops accepting it.',
      ...(location === undefined ? {} : { location }),
    });
  }
}

/**
 * Fields owned by `kubectl apply`, and leftovers, become ours first, without a visible change; otherwise they would
 * never be removed.
 */
async function adopt(cluster: ClusterPort, change: PlannedChange): Promise<string | undefined> {
  const { live, adopts, claims = [] } = change;
  if (live === undefined || (!adopts && claims.length === 0)) return live?.metadata.resourceVersion;
  const before = live.metadata.managedFields ?? [];
  const adopted = adopts ? adoptedManagedFields(before, clientSideApplyEntriesOf(live)) : before;
  const entries = ownershipWith(claims, adopted, live.apiVersion);
  return (await cluster.patchManagedFields(live, entries)).metadata.resourceVersion;
}

function refused(change: PlannedChange, guard: ApplyGuard, refusal: RefusedRequest): Failure {
  const webhook = /admission webhook/.test(refusal.message);
  const said = refusal.message.replace(/\s+/g, ' ').trim();
  return failureOf(
    change,
    guard,
    webhook ? 'webhook-refused' : 'apply-failed',
    `the API server refused it: ${said}`,
    webhook
      ? 'Change what the webhook names, or ask its owner.'
      : 'Correct the object in the overlay and run the job again.',
  );
}

function failureOf(
  change: PlannedChange,
  guard: ApplyGuard,
  reason: Reason,
  message: string,
  remedy: string,
): Failure {
  const location = guard.locate(change);
  return {
    reason,
    message: `${titleOf(change.reference)} was not applied: ${message}`,
    remedy,
    objects: [change.reference],
    chain: [titleOf(change.reference)],
    logs: [],
    ...(location === undefined ? {} : { location }),
  };
}

const establishTimeout = 30_000;

/** Objects of a new kind or version can only be sent once the server serves it. */
async function waitUntilServed(
  run: Run,
  cluster: ClusterPort,
  members: readonly PlannedChange[],
): Promise<void> {
  const definitions = members.filter(
    (change) => change.desired.kind === 'CustomResourceDefinition' && change.action !== 'unchanged',
  );
  const deadline = run.clock.now() + establishTimeout;
  for (const definition of definitions) {
    while (!(await isEstablished(cluster, definition)) && run.clock.now() < deadline) {
      await run.clock.wait(250, run.signal);
    }
  }
}

async function isEstablished(cluster: ClusterPort, definition: PlannedChange): Promise<boolean> {
  const live = await cluster.get(definition.reference);
  const status = live?.['status'] as
    | { conditions?: readonly { type?: string; status?: string }[] }
    | undefined;
  const established = status?.conditions?.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  if (live === undefined || established !== true) return false;
  // A CRD is Established before discovery lists its kind.
  const { group, names, versions } = live['spec'] as {
    group: string;
    names: { kind: string };
    versions: readonly { name: string; served: boolean }[];
  };
  const served = versions.filter((version) => version.served);
  const found = await Promise.all(
    served.map(({ name }) => cluster.resourceOf({ apiVersion: `${group}/${name}`, kind: names.kind })),
  );
  return found.every((resource) => resource !== undefined);
}
