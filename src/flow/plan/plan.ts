/** The preview: what each write would do according to the server's dry-run; nothing is changed. */

import { liftedBy, missesOther } from '../../domain/checks/lifted.ts';
import type { ObjectValidation, Refusal } from '../../domain/checks/overlay.ts';
import { clientSideApplyEntriesOf, clientSideApplyManager } from '../../domain/kubernetes/managed-fields.ts';
import { groupOf, type KubernetesObject, keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import {
  actionByFields,
  actionOf,
  otherToolOf,
  type PlannedChange,
  scaleTargetsOf,
  settleReplicas,
} from '../../domain/plan/changes.ts';
import { planDigestText } from '../../domain/plan/digest.ts';
import { broughtNamespaces } from '../../domain/plan/scope.ts';
import type { PrunePlan } from '../../domain/prune/plan.ts';
import { needsExtraPod } from '../../domain/workloads/extra-pods.ts';
import { withoutHandedOver } from '../../domain/workloads/handed-over.ts';
import type { ApplyAnswer, ClusterPort } from '../../ports/cluster.ts';
import { askForPod } from './ask-for-pod.ts';
import { askWithoutLeftovers } from './ask-without-leftovers.ts';
import type { Target } from './desired.ts';
import { listAutoscalers } from './list-autoscalers.ts';
import { readObjects } from './live-objects.ts';

/** What a release would change, and what the server said of each object. */
export interface Plan {
  readonly changes: readonly PlannedChange[];
  readonly validations: readonly ObjectValidation[];
  /** The changes as text: together with the pruned objects, the input of the plan digest. */
  readonly digestText: string;
  /** Objects that the overlay no longer has; absent until they have been looked up. */
  readonly prune?: PrunePlan;
}

interface PreviewOptions {
  readonly adopt: readonly string[];
  /** False while the target namespace does not exist: dry-runs in it are not possible yet. */
  readonly namespaceExists: boolean;
  /**
   * This identity may not write, and therefore not dry-run: changes are determined from the fields that the overlay
   * sets.
   */
  readonly readsOnly?: boolean;
  readonly signal?: AbortSignal;
}

interface Asked {
  readonly change: PlannedChange;
  readonly validation: ObjectValidation;
}

/** Reads the live objects and asks for a dry run of each write. What the server refuses is in `validations`, not thrown. */
export async function makePlan(cluster: ClusterPort, target: Target, options: PreviewOptions): Promise<Plan> {
  const [live, autoscalers] = await Promise.all([
    readLive(cluster, target, options.namespaceExists),
    options.namespaceExists ? listAutoscalers(cluster, target.namespace) : [],
  ]);
  const targets = scaleTargetsOf([
    ...autoscalers,
    ...target.objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject'),
  ]);
  const unborn = broughtNamespaces(target.objects, live);
  const asked = await Promise.all(
    target.objects.map((object) => {
      const current = live.get(keyOf(referenceOf(object)));
      const adopts = isAdopted(current, options);
      return ask(
        cluster,
        {
          desired: withoutHandedOver(settleReplicas(object, current, targets, adopts), current),
          live: current,
          adopts,
        },
        isDeferred(object, target, options) ||
          unborn.has(object.metadata.namespace ?? '') ||
          (current === undefined && bindsBroughtRole(object, target)),
        options,
      );
    }),
  );
  const changes = asked.map(({ change }) => change);
  return {
    changes,
    validations: asked.map(({ validation }) => withLifting(validation, changes)),
    digestText: planDigestText(changes),
  };
}

/** Including how the release itself resolves a refusal. */
function withLifting(validation: ObjectValidation, changes: readonly PlannedChange[]): ObjectValidation {
  const { podRefusal, refusal, reference } = validation;
  const lifting = podRefusal && liftedBy(podRefusal, reference.namespace, changes);
  const missing = refusal && missesOther(refusal, reference, changes);
  return {
    ...validation,
    ...(lifting === undefined ? {} : { podRefusalLiftedBy: lifting }),
    ...(missing === undefined ? {} : { refusalMisses: missing }),
  };
}

/** The live objects of the overlay by key. None in a namespace that does not exist yet. */
export async function readLive(
  cluster: ClusterPort,
  target: Target,
  namespaceExists: boolean,
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const references = target.objects.map(referenceOf);
  return readObjects(
    cluster,
    namespaceExists ? references : references.filter(({ namespace }) => namespace === undefined),
  );
}

function isDeferred(object: KubernetesObject, target: Target, options: PreviewOptions): boolean {
  if (object.metadata.namespace === target.namespace && !options.namespaceExists) return true;
  const brought = target.objects.some(
    (other) =>
      other.kind === 'CustomResourceDefinition' &&
      groupOf(object.apiVersion) === other.metadata.name.split('.').slice(1).join('.'),
  );
  return brought && target.unknownKinds.has(`${object.apiVersion} ${object.kind}`);
}

/** `kubectl apply` created it, and its fields may be taken over. */
function isAdopted(live: KubernetesObject | undefined, { adopt }: PreviewOptions): boolean {
  return (
    live !== undefined && adopt.includes(clientSideApplyManager) && clientSideApplyEntriesOf(live).length > 0
  );
}

interface Subject {
  /** What would be sent. */
  readonly desired: KubernetesObject;
  readonly live: KubernetesObject | undefined;
  readonly adopts: boolean;
}

/**
 * A binding to a role that this overlay creates: until the role exists, the server refuses users without the
 * permission to bind any role.
 */
function bindsBroughtRole(object: KubernetesObject, target: Target): boolean {
  const role = object['roleRef'] as { readonly kind?: unknown; readonly name?: unknown } | undefined;
  return (
    role !== undefined &&
    target.objects.some(({ kind, metadata }) => kind === role.kind && metadata.name === role.name)
  );
}

/** One dry-run; a second, forced one only if every conflict is with a manager whose fields may be taken over. */
async function ask(
  cluster: ClusterPort,
  subject: Subject,
  deferred: boolean,
  options: PreviewOptions,
): Promise<Asked> {
  const { desired, live, adopts } = subject;
  if (deferred) return notAsked(subject, { action: actionOf(live, undefined), deferred });
  if (options.readsOnly === true) {
    return notAsked(subject, { action: adopts ? 'configured' : actionByFields(live, desired), deferred });
  }
  const answer = await dryRun(cluster, desired, options);
  // The server has it although the list did not: it was created meanwhile, or the list was older.
  const found = live === undefined && hasFound(answer) ? await cluster.get(referenceOf(desired)) : undefined;
  return found === undefined
    ? answered(cluster, subject, answer, options)
    : ask(cluster, { desired, live: found, adopts: isAdopted(found, options) }, deferred, options);
}

/** The change of an object without a dry-run. */
function notAsked(
  { desired, live, adopts }: Subject,
  { action, deferred }: Pick<PlannedChange, 'action' | 'deferred'>,
): Asked {
  const reference = referenceOf(desired);
  return {
    change: {
      reference,
      desired,
      ...(live && { live }),
      action,
      conflicts: [],
      adopts,
      deferred,
      warnings: [],
    },
    validation: {
      ...factsOf({ desired, live }),
      othersConflicts: [],
      deferred,
      ...(deferred ? {} : { notAsked: true as const }),
      warnings: [],
    },
  };
}

function factsOf({
  desired,
  live,
}: Pick<Subject, 'desired' | 'live'>): Pick<
  ObjectValidation,
  'reference' | 'rendered' | 'otherTool' | 'liveLabels'
> {
  const otherTool = live && otherToolOf(live);
  return {
    reference: referenceOf(desired),
    rendered: desired,
    ...(otherTool && { otherTool }),
    ...(live && { liveLabels: live.metadata.labels ?? {} }),
  };
}

/** The change according to the first dry-run and those that follow from it. */
async function answered(
  cluster: ClusterPort,
  { desired, live, adopts }: Subject,
  answer: DryRunAnswer,
  options: PreviewOptions,
): Promise<Asked> {
  const conflicts = answer.type === 'conflict' ? answer.conflicts : [];
  const othersConflicts = conflicts.filter((conflict) => !options.adopt.includes(conflict.manager));
  const isAllAdopted = othersConflicts.length === 0;
  const forced =
    conflicts.length > 0 && isAllAdopted ? await dryRun(cluster, desired, options, true) : answer;
  const cleared =
    forced.type === 'refused' && live !== undefined
      ? await askWithoutLeftovers(cluster, { desired, live, adopts, conflicts }, forced.refusal)
      : undefined;
  const predicted = forced.type === 'applied' ? forced.object : cleared?.predicted;
  const rest = { deferred: false, warnings: forced.type === 'applied' ? forced.warnings : [] };
  const change: PlannedChange = {
    reference: referenceOf(desired),
    desired,
    action: adopts ? 'configured' : actionOf(live, predicted),
    conflicts: isAllAdopted ? conflicts : [],
    adopts,
    ...(live && { live }),
    ...(predicted && { predicted }),
    ...(cleared && { claims: cleared.claims }),
    ...rest,
  };
  const refusal = forced.type === 'refused' && cleared === undefined ? forced.refusal : undefined;
  const pod = predicted && (await askForPod(cluster, change));
  return {
    change,
    validation: {
      ...factsOf({ desired, live }),
      ...(refusal && { refusal }),
      ...(pod && predicted && { ...pod, needsExtraPod: needsExtraPod(live, predicted) }),
      othersConflicts,
      ...rest,
    },
  };
}

function hasFound(answer: DryRunAnswer): boolean {
  return answer.type === 'conflict' || (answer.type === 'applied' && !answer.created);
}

type DryRunAnswer = ApplyAnswer | { readonly type: 'refused'; readonly refusal: Refusal };

async function dryRun(
  cluster: ClusterPort,
  desired: KubernetesObject,
  options: PreviewOptions,
  force = false,
): Promise<DryRunAnswer> {
  try {
    return await cluster.apply(desired, {
      force,
      dryRun: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (refusal === undefined || refusal.status === 0 || refusal.status === 401) throw error;
    return { type: 'refused', refusal };
  }
}
