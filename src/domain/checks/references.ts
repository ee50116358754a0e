/**
 * References of pods, claims and Ingresses to other objects than Secrets and ConfigMaps, which the API server checks
 * only when a pod or volume is created: a missing class or ServiceAccount keeps every pod from starting, so it is
 * reported before anything is written.
 */
import { workloadKindOf } from '../kinds/table.ts';
import { fieldAt, listAt, textAt } from '../kubernetes/fields.ts';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../kubernetes/source-location.ts';
import { mayBringAccount } from '../producers/mentions.ts';
import { podTemplateOf, templatePathOf } from '../workloads/workloads.ts';
import type { Finding } from './finding.ts';

/** One reference in one object of the overlay. */
interface NamedObject {
  /** The object that must exist. */
  readonly reference: ObjectReference;
  /** The referring object, and the field. */
  readonly user: ObjectReference;
  readonly path: FieldPath;
  /** Claims that no longer need the class once they exist; empty for other kinds. */
  readonly claims: readonly string[];
}

interface Use {
  readonly level: 'fail' | 'warn';
  /** The rest of the sentence: `Deployment web names PriorityClass high, which does not exist: …`. */
  readonly consequence: string;
}

const uses: Readonly<Record<string, Use>> = {
  'PriorityClass.scheduling.k8s.io': { level: 'fail', consequence: 'its pods would be refused' },
  'RuntimeClass.node.k8s.io': { level: 'fail', consequence: 'its pods would be refused' },
  ServiceAccount: { level: 'fail', consequence: 'its pods would be refused' },
  'StorageClass.storage.k8s.io': {
    level: 'fail',
    consequence: 'its volume would not be provisioned, and its pods would wait for it',
  },
  'IngressClass.networking.k8s.io': { level: 'warn', consequence: 'possibly no controller handles it' },
  Secret: {
    level: 'warn',
    consequence: 'images are pulled without it, which fails if the registry requires a login',
  },
};

/** All such references of these objects, in the order of the manifest. */
export function namedObjects(objects: readonly KubernetesObject[]): readonly NamedObject[] {
  return objects.flatMap((object) => [...inPods(object), ...inClaims(object), ...inIngress(object)]);
}

function named(
  user: KubernetesObject,
  [apiVersion, kind]: readonly [string, string],
  path: FieldPath,
  more: { readonly namespace?: string | undefined; readonly claims?: readonly string[] } = {},
): readonly NamedObject[] {
  const name = textAt(user, ...path);
  if (name === undefined || name === '') return [];
  const { namespace, claims = [] } = more;
  const reference = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
  return [{ reference, user: referenceOf(user), path, claims }];
}

const serviceAccount = ['v1', 'ServiceAccount'] as const;
const storageClass = ['storage.k8s.io/v1', 'StorageClass'] as const;

function inPods(object: KubernetesObject): readonly NamedObject[] {
  const template = templatePathOf(object);
  if (template === undefined) return [];
  const spec: FieldPath = [...template, 'spec'];
  const { namespace } = object.metadata;
  // The deprecated field is used if the newer one is absent.
  const account = textAt(object, ...spec, 'serviceAccountName') ? 'serviceAccountName' : 'serviceAccount';
  return [
    ...named(object, ['scheduling.k8s.io/v1', 'PriorityClass'], [...spec, 'priorityClassName']),
    ...named(object, ['node.k8s.io/v1', 'RuntimeClass'], [...spec, 'runtimeClassName']),
    // Every namespace has this one by default.
    ...named(object, serviceAccount, [...spec, account], { namespace }).filter(
      ({ reference }) => reference.name !== 'default',
    ),
    ...listAt(object, ...spec, 'imagePullSecrets').flatMap((_, index) =>
      named(object, ['v1', 'Secret'], [...spec, 'imagePullSecrets', index, 'name'], { namespace }),
    ),
    ...listAt(object, ...spec, 'volumes').flatMap((_, index) =>
      named(object, storageClass, [
        ...[...spec, 'volumes', index, 'ephemeral', 'volumeClaimTemplate', 'spec'],
        'storageClassName',
      ]),
    ),
  ];
}

function inClaims(object: KubernetesObject): readonly NamedObject[] {
  const kind = groupKindOf(object);
  if (kind === 'PersistentVolumeClaim') {
    const claims = [object.metadata.name];
    // A claim with a volumeName needs no class to provision one.
    if ((textAt(object, 'spec', 'volumeName') ?? '') !== '') return [];
    return named(object, storageClass, ['spec', 'storageClassName'], { claims });
  }
  const claimNames = workloadKindOf(object)?.claimNames;
  if (claimNames === undefined) return [];
  return listAt(object, 'spec', 'volumeClaimTemplates').flatMap((template, index) =>
    named(object, storageClass, ['spec', 'volumeClaimTemplates', index, 'spec', 'storageClassName'], {
      claims: claimNames(object, textAt(template, 'metadata', 'name') ?? ''),
    }),
  );
}

function inIngress(object: KubernetesObject): readonly NamedObject[] {
  if (groupKindOf(object) !== 'Ingress.networking.k8s.io') return [];
  return named(object, ['networking.k8s.io/v1', 'IngressClass'], ['spec', 'ingressClassName']);
}

/** Keys of objects in the overlay, or announced by it (`orion.dev/provides: ServiceAccount/name`). */
export function broughtKeys(objects: readonly KubernetesObject[]): ReadonlySet<string> {
  return new Set(
    objects.flatMap((object) => {
      const { namespace = '', annotations } = object.metadata;
      const provided = (annotations?.['orion.dev/provides'] ?? '').split(/[\s,]+/).map((text) => {
        const [kind = '', name = ''] = text.split('/');
        return `${kind}/${namespace}/${name}`;
      });
      return [keyOf(referenceOf(object)), ...provided];
    }),
  );
}

/**
 * Missing ServiceAccounts that an operator may create for an object of the overlay, by `keyOf`, with that object's
 * title.
 */
export function perhapsBrought(
  missing: readonly ObjectReference[],
  objects: readonly KubernetesObject[],
): ReadonlyMap<string, string> {
  return new Map(
    missing
      .filter(({ kind }) => kind === 'ServiceAccount')
      .flatMap((account): [string, string][] => {
        const maker = objects.find((object) => mayBringAccount(object, account.name));
        return maker === undefined ? [] : [[keyOf(account), titleOf(referenceOf(maker))]];
      }),
  );
}

/** What objects name, and what of it the cluster has. */
export interface ReferenceFacts {
  readonly named: readonly NamedObject[];
  /** Keys of objects that do not exist according to the API server; without those that may not be read. */
  readonly missing: ReadonlySet<string>;
  /** Claims of the release's namespaces that exist: `namespace/name`; absent where they may not be listed. */
  readonly claims?: ReadonlySet<string>;
  /** Classes that volumes of the cluster or the overlay name; absent where volumes may not be listed. */
  readonly volumeClasses?: ReadonlySet<string>;
  /** Keys of ServiceAccounts that an operator may create for an object of the overlay, with that object's title. */
  readonly brought?: ReadonlyMap<string, string>;
  readonly locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation;
}

/** A finding for each named object that does not exist; a warning where an object of the overlay may still bring it. */
export function judgeReferences(facts: ReferenceFacts): readonly Finding[] {
  return facts.named.flatMap((one): readonly Finding[] => {
    const { reference, user, path } = one;
    const use = uses[groupKindOf(reference)];
    if (use === undefined || !facts.missing.has(keyOf(reference)) || isServedOtherwise(one, facts)) return [];
    const maker = facts.brought?.get(keyOf(reference));
    const perhaps = maker === undefined ? '' : ` unless ${maker} creates it`;
    return [
      {
        level: maker === undefined ? use.level : 'warn',
        reason: 'reference-missing',
        message: `${titleOf(user)} names ${titleOf(reference)}, which does not exist: ${use.consequence}${perhaps}.`,
        remedy: `Create ${titleOf(reference)}, add it to the overlay, or correct the name.`,
        object: user,
        location: facts.locate(user, path),
      },
    ];
  });
}

/**
 * For claims bound to a statically provisioned volume the class is only a name, without a StorageClass object. An
 * existing claim no longer needs its class.
 */
function isServedOtherwise({ reference, user, claims }: NamedObject, facts: ReferenceFacts): boolean {
  if (groupKindOf(reference) !== 'StorageClass.storage.k8s.io') return false;
  const { volumeClasses, claims: existing } = facts;
  if (volumeClasses === undefined || existing === undefined || volumeClasses.has(reference.name)) return true;
  return claims.length > 0 && claims.every((name) => existing.has(`${user.namespace ?? ''}/${name}`));
}

/** The class of a volume. */
export function volumeClassesOf(volumes: readonly KubernetesObject[]): readonly string[] {
  return volumes.flatMap((volume) => textAt(volume, 'spec', 'storageClassName') ?? []);
}

/** Whether a pod template uses any claim. */
export function usesClaims(object: KubernetesObject): boolean {
  const volumes = listAt(podTemplateOf(object), 'spec', 'volumes');
  return (
    groupKindOf(object) === 'PersistentVolumeClaim' ||
    listAt(object, 'spec', 'volumeClaimTemplates').length > 0 ||
    volumes.some((volume) => fieldAt(volume, 'persistentVolumeClaim') !== undefined)
  );
}
