/**
 * Changes that cannot be reverted: the size of an expanded claim, a stored version of a CRD. Undo keeps them, and
 * reports it.
 */
import { type MemberPath, valueAt, withValue } from '../kubernetes/field-set.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import {
  groupKindOf,
  type JsonObject,
  type JsonValue,
  type KubernetesObject,
  type ObjectReference,
  titleOf,
} from '../kubernetes/objects.ts';
import { parseQuantity } from '../kubernetes/quantity.ts';
import type { Kept } from './decision.ts';

interface Bound {
  readonly request: JsonObject;
  readonly kept: Kept;
}

/** The request without the changes that cannot be reverted; undefined if there are none. */
export function boundBy(
  reference: ObjectReference,
  restore: JsonObject,
  live: KubernetesObject,
): Bound | undefined {
  const groupKind = groupKindOf(reference);
  if (groupKind === 'PersistentVolumeClaim') return grownClaim(reference, restore, live);
  if (groupKind === 'CustomResourceDefinition.apiextensions.k8s.io')
    return storedVersions(reference, restore, live);
  return undefined;
}

const claimSize: MemberPath = ['f:spec', 'f:resources', 'f:requests', 'f:storage'];

/** A claim can grow, and never shrink. */
function grownClaim(
  reference: ObjectReference,
  restore: JsonObject,
  live: KubernetesObject,
): Bound | undefined {
  const [before, now] = [valueAt(restore, claimSize), valueAt(live, claimSize)];
  if (typeof before !== 'string' || typeof now !== 'string') return undefined;
  if ((parseQuantity(now) ?? 0) <= (parseQuantity(before) ?? 0)) return undefined;
  return {
    request: withValue(restore, claimSize, now),
    kept: {
      reference,
      message: `${titleOf(reference)} keeps its new size of ${now}: a claim of ${before} that was expanded cannot shrink.`,
      remedy: 'Use the new size in the overlay from now on.',
    },
  };
}

const versionsPath: MemberPath = ['f:spec', 'f:versions'];

/**
 * The server refuses a definition without a version in which objects may be stored (`status.storedVersions`). Such a version stays,
 * served, and no longer the one that is stored. Source: Kubernetes, "Versions in CustomResourceDefinitions".
 */
function storedVersions(
  reference: ObjectReference,
  restore: JsonObject,
  live: KubernetesObject,
): Bound | undefined {
  const [before, now] = [versionsOf(restore), versionsOf(live)];
  const status = live['status'];
  const stored = isObject(status) && Array.isArray(status['storedVersions']) ? status['storedVersions'] : [];
  const staying = now.filter(
    ({ name = '' }) => stored.includes(name) && !before.some((version) => version['name'] === name),
  );
  if (before.length === 0 || staying.length === 0) return undefined;
  const names = staying.map(({ name }) => String(name)).join(', ');
  const versions: readonly JsonValue[] = [
    ...before,
    ...staying.map((version) => ({ ...version, storage: false })),
  ];
  return {
    request: withValue(restore, versionsPath, versions),
    kept: {
      reference,
      message: `${titleOf(reference)} keeps version ${names}: objects may be stored in it, and the API server does not allow removing such a version.`,
      remedy:
        'Migrate all objects to the previous version, remove the other one from status.storedVersions, and then from the definition.',
    },
  };
}

function versionsOf(definition: unknown): readonly JsonObject[] {
  const versions = valueAt(definition, versionsPath);
  return Array.isArray(versions) ? versions.filter(isObject) : [];
}

/** The API versions that a definition serves now, and no longer once this is written to it. */
export function retiredBy(request: JsonObject, live: KubernetesObject | undefined): readonly string[] {
  if (live === undefined || live.kind !== 'CustomResourceDefinition') return [];
  const served = new Set(
    versionsOf(request)
      .filter(({ served }) => served === true)
      .map(({ name }) => name),
  );
  const group = String(valueAt(live, ['f:spec', 'f:group']));
  return versionsOf(live)
    .filter(({ name }) => served.size > 0 && name !== undefined && !served.has(name))
    .map(({ name }) => `${group}/${String(name)}`);
}
