import type { MemberPath } from '../kubernetes/field-set.ts';
import { fieldAt } from '../kubernetes/fields.ts';
import {
  applyEntryOf,
  canonicalJson,
  clientSideApplyManager,
  extractFields,
  fieldManager,
  isObject,
  managersOf,
} from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject, ObjectReference } from '../kubernetes/objects.ts';
import { projectOnto } from '../kubernetes/projection.ts';
import type { SourceLocation } from '../kubernetes/source-location.ts';

type ChangeAction = 'created' | 'configured' | 'unchanged';

/** What a release or preview changes in one object, as summary and result document show it. */
export interface ChangeReport {
  readonly reference: ObjectReference;
  readonly action: ChangeAction;
  /** Unified diff of the fields Orion writes, live against rendered, secret values left out; empty when unchanged. */
  readonly diff: string;
  /** Field managers whose fields were taken over (`adopt`). */
  readonly takenFrom: readonly string[];
  readonly location?: SourceLocation;
}

/** A field that another manager owns and our apply would change, as the API server reports it. */
export interface ApplyConflict {
  readonly manager: string;
  /** `.spec.replicas`, as the server writes it. */
  readonly field: string;
}

/** What will be done to one object, decided by the preview; nothing has been changed yet. */
export interface PlannedChange {
  readonly reference: ObjectReference;
  readonly action: ChangeAction;
  /** What is sent by server-side apply (replicas already settled against an HPA). */
  readonly desired: KubernetesObject;
  /** The live object, absent when it does not exist. */
  readonly live?: KubernetesObject;
  /** What the server's dry-run says the object will be; absent when it could not be asked yet. */
  readonly predicted?: KubernetesObject;
  /** Conflicts with managers in `adopt`: the write is forced, with resourceVersion. */
  readonly conflicts: readonly ApplyConflict[];
  /** Ownership entries to take over before the write (`kubectl apply`'s client-side one). */
  readonly adopts: boolean;
  /** Leftovers of the server that nobody owns: made ours before the write, which then takes them away. */
  readonly claims?: readonly MemberPath[];
  /** True where dry-run cannot know yet (new namespace, new CRD): checked after the wave before it. */
  readonly deferred: boolean;
  readonly warnings: readonly string[];
}

/** Fields that the server writes by itself: never a change of ours. */
const serverMetadata = [
  'managedFields',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'uid',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object as a person means it: without status, server metadata and `kubectl apply`'s bookkeeping annotation. */
export function intentOf(object: KubernetesObject): JsonObject {
  const { metadata, ...body } = object as unknown as { metadata: JsonObject; [field: string]: JsonValue };
  const { annotations, ...rest } = metadata;
  const notes = statusAnnotations(object);
  const kept = Object.entries(isObject(annotations) ? annotations : {}).filter(
    ([name]) => name !== lastAppliedAnnotation && !notes.has(name),
  );
  const meant = Object.entries(rest).filter(([name]) => !serverMetadata.includes(name));
  const { status: _status, ...fields } = body;
  return {
    ...fields,
    metadata: {
      ...Object.fromEntries(meant),
      ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
    },
  };
}

/** Annotations that a controller writes together with status: `deployment.kubernetes.io/revision`, a moment after each change. */
function statusAnnotations({ metadata }: KubernetesObject): ReadonlySet<string> {
  const written = (metadata.managedFields ?? [])
    .filter(({ subresource }) => subresource === 'status')
    .map(({ fieldsV1 }) => fieldAt(fieldsV1, 'f:metadata', 'f:annotations'))
    .filter(isObject);
  return new Set(written.flatMap((names) => Object.keys(names).map((name) => name.replace(/^f:/, ''))));
}

/** The same object, as a person means it: only status and bookkeeping may differ. */
export function isSameIntent(one: KubernetesObject, other: KubernetesObject): boolean {
  return (
    one.metadata.uid === other.metadata.uid && canonicalJson(intentOf(one)) === canonicalJson(intentOf(other))
  );
}

/**
 * What a write would do, by comparing live with the server's prediction in the fields we own or would own: a controller may
 * write others between the two answers. Values that are equal are still a change when our ownership differs: a field that is
 * not ours cannot be removed by a later release.
 */
export function actionOf(
  live: KubernetesObject | undefined,
  predicted: KubernetesObject | undefined,
): ChangeAction {
  if (live === undefined) return 'created';
  if (predicted === undefined) return 'configured';
  const owned = applyEntryOf(live, fieldManager)?.fieldsV1;
  if (canonicalJson(owned) !== canonicalJson(applyEntryOf(predicted, fieldManager)?.fieldsV1))
    return 'configured';
  const sameValues =
    canonicalJson(extractFields(live, owned)) === canonicalJson(extractFields(predicted, owned));
  return sameValues ? 'unchanged' : 'configured';
}

/**
 * What a write would do by the fields that the overlay names, where the server may not be asked. It errs towards `configured`: a value
 * that the server writes in another way (`1000m`, `1`) looks like another one.
 */
export function actionByFields(live: KubernetesObject | undefined, desired: KubernetesObject): ChangeAction {
  if (live === undefined) return 'created';
  const owned = applyEntryOf(live, fieldManager)?.fieldsV1;
  if (owned === undefined) return 'configured';
  const json = (object: KubernetesObject): JsonObject => object as unknown as JsonObject;
  const named = projectOnto(json(live), json(desired));
  const keepsOwned =
    canonicalJson(extractFields(live, owned)) === canonicalJson(extractFields(desired, owned));
  return keepsOwned && canonicalJson(named) === canonicalJson(json(desired)) ? 'unchanged' : 'configured';
}

/**
 * Labels and annotations of tools that would revert the object, or lose track of it (reason `managed-by-other-tool`).
 */
export function otherToolOf(live: KubernetesObject): string | undefined {
  const labels = live.metadata.labels ?? {};
  const annotations = live.metadata.annotations ?? {};
  if (annotations['argocd.argoproj.io/tracking-id'] !== undefined) return 'Argo CD';
  if (
    labels['kustomize.toolkit.fluxcd.io/name'] !== undefined ||
    labels['helm.toolkit.fluxcd.io/name'] !== undefined
  )
    return 'Flux';
  if (annotations['meta.helm.sh/release-name'] !== undefined) return 'Helm';
  return undefined;
}

/** A kind with a scale that an autoscaler may own, as HPA and KEDA name it. */
interface ScaleTarget {
  readonly kind: string;
  readonly name: string;
}

/** What the autoscalers of a namespace target. KEDA makes an HPA for each of its ScaledObjects. */
export function scaleTargetsOf(autoscalers: readonly KubernetesObject[]): readonly ScaleTarget[] {
  return autoscalers.flatMap((autoscaler) => {
    const spec = autoscaler['spec'];
    const target = isObject(spec) ? spec['scaleTargetRef'] : undefined;
    if (!isObject(target) || typeof target['name'] !== 'string') return [];
    // KEDA's kind is optional and defaults to Deployment.
    return [
      { kind: typeof target['kind'] === 'string' ? target['kind'] : 'Deployment', name: target['name'] },
    ];
  });
}

/**
 * Replicas under an autoscaler: while we alone own the field the live value is sent (leaving it out would reset it to 1), and
 * once another manager owns it, or nobody, it is left out. With `adopts`, what `kubectl apply` owns is as good as ours.
 * Source: Kubernetes, server-side apply, "Transferring ownership": an apply without the field leaves what an HPA has set alone.
 */
export function settleReplicas(
  rendered: KubernetesObject,
  live: KubernetesObject | undefined,
  targets: readonly ScaleTarget[],
  adopts: boolean,
): KubernetesObject {
  const scaled = targets.some(
    (target) => target.kind === rendered.kind && target.name === rendered.metadata.name,
  );
  const spec = rendered['spec'];
  if (!scaled || live === undefined || !isObject(spec)) return rendered;
  const { replicas: _rendered, ...others } = spec;
  const liveSpec = live['spec'];
  const replicas = isObject(liveSpec) ? liveSpec['replicas'] : undefined;
  const owners = managersOf(live, ['spec', 'replicas']);
  const ours =
    owners.length > 0 &&
    owners.every((owner) => owner === fieldManager || (adopts && owner === clientSideApplyManager));
  return { ...rendered, spec: ours && replicas !== undefined ? { ...others, replicas } : others };
}

/** Whose fields the change would take. */
export function conflictingManagers(change: PlannedChange): readonly string[] {
  return [...new Set(change.conflicts.map((conflict) => conflict.manager))];
}
