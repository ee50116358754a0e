/** What still refers to a ConfigMap or Secret: live workloads, and ReplicaSets kept for rollback. */
import { workloadKinds } from '../kinds/table.ts';
import { hasGeneratedName } from '../kubernetes/generated-name.ts';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../kubernetes/objects.ts';
import { referencesOf } from '../secrets/references.ts';
import { phaseOf } from '../status/built-in/pod.ts';

/** The live objects of the namespace that may name a ConfigMap or Secret. */
export interface ConfigurationUsers {
  readonly objects: readonly KubernetesObject[];
  /** Kinds that this identity may not list: whether one of them refers to something is not known. */
  readonly unseen: readonly string[];
}

/** The kinds whose pods a configuration can belong to. */
export const userKinds = workloadKinds.filter(({ keepsConfiguration }) => keepsConfiguration);

/** Half a sentence on who keeps it, undefined when nobody does. `going`: UIDs of what is pruned with it. */
export function userOf(
  reference: ObjectReference,
  users: ConfigurationUsers,
  going: ReadonlySet<string>,
): string | undefined {
  const kind = groupKindOf(reference);
  if (kind !== 'ConfigMap' && kind !== 'Secret') return undefined;
  const gone = withDependents(users.objects, going);
  const user = users.objects.find(
    (object) =>
      object.metadata.namespace === reference.namespace &&
      !gone.has(object.metadata.uid ?? '') &&
      !isOver(object) &&
      referencesOf(object).some((one) => one.kind === kind && one.name === reference.name),
  );
  if (user !== undefined) return `${titleOf(referenceOf(user))} still refers to it`;
  const [unseen] = users.unseen;
  // Nothing else refers to a name that changes with its content.
  return unseen === undefined || hasGeneratedName(reference)
    ? undefined
    : `whether a ${unseen} refers to it is not known without the permission to list them`;
}

function withDependents(
  objects: readonly KubernetesObject[],
  going: ReadonlySet<string>,
): ReadonlySet<string> {
  const gone = new Set(going);
  for (let size = -1; size !== gone.size; ) {
    size = gone.size;
    for (const { metadata } of objects)
      if (metadata.ownerReferences?.some(({ uid }) => gone.has(uid)) && metadata.uid !== undefined)
        gone.add(metadata.uid);
  }
  return gone;
}

/** Its containers will not be restarted. */
function isOver(object: KubernetesObject): boolean {
  return object.kind === 'Pod' && ['Succeeded', 'Failed'].includes(phaseOf(object));
}

/**
 * The users as they will be after the release: what it sends in place of what is there, and without pods of controllers, which
 * are replaced.
 */
export function usersAfter(
  { objects, unseen }: ConfigurationUsers,
  rendered: readonly KubernetesObject[],
): ConfigurationUsers {
  const keys = new Set(rendered.map((object) => keyOf(referenceOf(object))));
  const staying = objects.filter(
    (object) =>
      !keys.has(keyOf(referenceOf(object))) &&
      !(object.kind === 'Pod' && object.metadata.ownerReferences?.some(({ controller }) => controller)),
  );
  return { objects: [...rendered, ...staying], unseen };
}
