/** Objects that are being deleted: a write to them succeeds, but is lost when they are removed. */
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../kubernetes/source-location.ts';
import { claimNamesOfPods } from './claims.ts';
import type { Finding } from './finding.ts';

interface DeletionFacts {
  /** The overlay's objects as they would be sent, with the live ones. */
  readonly changes: readonly {
    readonly desired: KubernetesObject;
    readonly live?: KubernetesObject;
    readonly changes: boolean;
  }[];
  /** Claims of the release's namespaces that exist. */
  readonly claims: readonly KubernetesObject[];
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

/** A deletion cannot be reverted, so nothing may be written before it is complete. */
export function judgeDeletions({ changes, claims, locate }: DeletionFacts): readonly Finding[] {
  const own = changes.flatMap(({ live }) => (live !== undefined && isDeleted(live) ? [live] : []));
  const brought = new Set(changes.map(({ desired }) => keyOf(referenceOf(desired))));
  const used = claims
    .filter((claim) => isDeleted(claim) && !brought.has(keyOf(referenceOf(claim))))
    .flatMap((claim) =>
      changes
        .filter(({ desired }) => isUsedBy(claim, desired))
        .map((user) => ({ claim, user: referenceOf(user.desired), changes: user.changes })),
    );
  return [
    ...own.map((live): Finding => {
      const object = referenceOf(live);
      return { level: 'fail', ...said(live), object, location: locate(object) };
    }),
    // Running pods keep the claim until a rollout replaces them.
    ...used.map(
      ({ claim, user, changes: rolls }): Finding => ({
        level: rolls ? 'fail' : 'warn',
        ...said(claim, `${titleOf(user)} uses ${titleOf(referenceOf(claim))}, which`),
        object: user,
        location: locate(user),
      }),
    ),
  ];
}

function isDeleted({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isUsedBy(claim: KubernetesObject, workload: KubernetesObject): boolean {
  return (
    workload.metadata.namespace === claim.metadata.namespace &&
    claimNamesOfPods(workload).includes(claim.metadata.name)
  );
}

const claimProtection = 'kubernetes.io/pvc-protection';

function said(object: KubernetesObject, subject = titleOf(referenceOf(object))) {
  const { name, namespace, deletionTimestamp, finalizers = [] } = object.metadata;
  const held = finalizers.length === 0 ? '' : `; it still has finalizers ${finalizers.join(', ')}`;
  const scope = namespace === undefined ? '' : ` --namespace ${namespace}`;
  const look = `kubectl${scope} get ${object.kind.toLowerCase()} ${name} -o yaml`;
  return {
    reason: 'object-terminating' as const,
    message: `${subject} is being deleted since ${deletionTimestamp}${held}: changes to it would be lost, and a deletion cannot be reverted.`,
    remedy: finalizers.includes(claimProtection)
      ? 'Nothing was changed, and the pods that use the claim keep it: copy its data elsewhere, delete those pods, and deploy again once the claim is deleted.'
      : `Wait until it is deleted and deploy again; \`${look}\` shows what blocks its deletion.`,
  };
}
