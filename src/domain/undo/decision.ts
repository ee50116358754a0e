/** The decision of undo for one object. */
import { type MemberPath, memberText } from '../kubernetes/field-set.ts';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectReference,
} from '../kubernetes/objects.ts';
import type { Remake } from '../release/record.ts';
import { awaited } from '../workloads/awaited.ts';

/** A field that was changed since the release wrote it. */
export interface LeftAlone {
  readonly path: MemberPath;
  /** Empty when nobody owns the field: it was removed. */
  readonly managers: readonly string[];
}

/**
 * Server-side apply of the previous configuration, not forced; a JSON patch or recreation if the server rejects that.
 */
export interface Restore {
  readonly reference: ObjectReference;
  readonly request: JsonObject;
  /** The names of the fields in it. */
  readonly fields: JsonObject;
  /** What the server added to what the release wrote: made ours before the request, which then removes it. */
  readonly brought: readonly MemberPath[];
  readonly ownership: readonly ManagedFieldsEntry[];
  readonly leftAlone: readonly LeftAlone[];
  /** The API version in which the release wrote it, where that is another than the one of `request`. */
  readonly writtenIn?: string;
  /** That version goes with this undo: what the server keeps of our ownership in it would be forgotten. */
  readonly retires?: boolean;
  /** Fields that the release's autoscaler has changed, and that are taken back from it. */
  readonly regained?: readonly MemberPath[];
  /** It is deleted, if it still has this UID, and recreated; without a UID it has already been deleted for that. */
  readonly remake?: Remake & { readonly uid?: string };
  /**
   * It may belong to somebody else, and only what the release wrote to it is reverted: if the API server rejects that
   * (a claim has an immutable spec), it is kept unchanged.
   */
  readonly isOptional?: true;
}

/** Whether the object has to become ready again. One that may stay as it is may never be written, so it is not waited for. */
export function isAwaited({ request, isOptional }: Restore): boolean {
  return isOptional !== true && awaited(request as unknown as KubernetesObject);
}

/** The release created it: it is deleted, if it still has this UID. */
export interface Deletion {
  readonly reference: ObjectReference;
  readonly uid: string;
}

/** What undo does not change, or cannot revert; both are complete sentences. */
export interface Kept {
  readonly reference: ObjectReference;
  readonly message: string;
  readonly remedy: string;
}

/** For people: `.spec.replicas, changed since by kubectl-edit`. */
export function leftAloneText({ path, managers }: LeftAlone): string {
  const who = managers.length === 0 ? 'removed since' : `changed since by ${managers.join(', ')}`;
  return `${memberText(path)}, ${who}`;
}
