/** The rendered overlay as it will be sent: one namespace, every object placed, replicas settled later. */
import { Fault } from '../../domain/failure/fault.ts';
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../../domain/kubernetes/source-location.ts';
import { withoutRepeats } from '../../domain/plan/repeats.ts';
import { isOutside, withOwner } from '../../domain/plan/scope.ts';
import { withSecretData } from '../../domain/secrets/secret-data.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Overlay } from '../../ports/overlay.ts';
import { resourceInGroup } from './live-objects.ts';

/** What is to be in the cluster: the release's namespace and the objects in it (or allowed outside it), ready to be sent. */
export interface Target {
  readonly namespace: string;
  readonly objects: readonly KubernetesObject[];
  /** Kinds that the server does not serve (yet); assumed to be namespaced. */
  readonly unknownKinds: ReadonlySet<string>;
  /** Entries that an object lists more than once and that are sent once; see `withoutRepeats`. */
  readonly repeats: readonly { readonly reference: ObjectReference; readonly what: string }[];
  /** The line of the overlay's files that a person would edit; see `Overlay.locate`. */
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

/** The namespace to deploy to: the input, else the one that the overlay sets, else the only one that `orion.yaml` does not list. */
export function namespaceOf(
  overlay: Overlay,
  input: string | undefined,
  listed: readonly string[] = [],
): string {
  const { namespaces } = overlay;
  const unlisted = namespaces.filter((name) => !listed.includes(name));
  const namespace = input ?? overlay.namespace ?? (unlisted.length === 1 ? unlisted[0] : undefined);
  if (namespace !== undefined) return namespace;
  throw namespaces.length === 0
    ? new Fault(
        'bad-input',
        'Neither the overlay nor the input `namespace` says which namespace to deploy to.',
        'Add `namespace:` to the overlay’s kustomization.yaml, or set the input `namespace`.',
      )
    : new Fault(
        'outside-namespace',
        `The overlay names ${namespaces.length} namespaces: ${namespaces.join(', ')}.`,
        'Set one `namespace:` in the overlay’s kustomization.yaml, or name the target with the input `namespace`.',
      );
}

/** Sets the target namespace on every namespaced object without one; objects outside of it get the owner labels. */
export async function placeObjects(
  overlay: Overlay,
  namespace: string,
  cluster: ClusterPort,
  app: string,
): Promise<Target> {
  const unknownKinds = new Set<string>();
  const origin = new Map<string, ObjectReference>();
  const repeats: { readonly reference: ObjectReference; readonly what: string }[] = [];
  const objects = await Promise.all(
    overlay.objects.map(async (object) => {
      const resource = await cluster.resourceOf(object);
      if (resource === undefined) unknownKinds.add(`${object.apiVersion} ${object.kind}`);
      const namespaced = (resource ?? (await resourceInGroup(cluster, object)))?.namespaced ?? true;
      const { object: whole, repeated } = withoutRepeats(withSecretData(object));
      const placed =
        namespaced && whole.metadata.namespace === undefined
          ? { ...whole, metadata: { ...whole.metadata, namespace } }
          : whole;
      const reference = referenceOf(placed);
      origin.set(keyOf(reference), referenceOf(object));
      repeats.push(...repeated.map((what) => ({ reference, what })));
      return isOutside(reference, namespace) ? withOwner(placed, app, namespace) : placed;
    }),
  );
  return {
    namespace,
    objects,
    unknownKinds,
    repeats,
    locate: (reference, path) => overlay.locate(origin.get(keyOf(reference)) ?? reference, path),
  };
}
