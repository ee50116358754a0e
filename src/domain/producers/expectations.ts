/** Determines for each Secret and ConfigMap that pods need whether it exists, will be created, or is missing. */
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../kubernetes/objects.ts';
import { type ConfigReference, referencesOf } from '../secrets/references.ts';
import { templatePathOf } from '../workloads/workloads.ts';
import { fillerOf, productsByAnnotation } from './annotations.ts';
import { keysOf } from './keys.ts';
import { mentionOf } from './mentions.ts';
import { isNamed, type Product } from './product.ts';
import { isLate, mayMake, productsByKind } from './table.ts';

/** What is known of the objects that hold configuration, and of those that make them. */
export interface Supply {
  readonly rendered: readonly KubernetesObject[];
  /** Live Secrets and ConfigMaps of the namespace that the overlay refers to and does not bring. */
  readonly live: readonly KubernetesObject[];
  /** Live objects of kinds that make such objects. */
  readonly producers: readonly KubernetesObject[];
  /** Kinds that the cluster serves and this identity may not list: one of them may make what is missing. */
  readonly unseen: readonly string[];
  /** Keys of a rendered object that others have put into the live one and that stay there, by `keyOf`. */
  readonly kept: ReadonlyMap<string, readonly string[]>;
}

/**
 * How certain it is that an object will be created. `sure`: an existing object's controller creates it. `possible`:
 * an object of an unknown kind looks like a producer. `unseen`: this identity may not read.
 */
type Certainty = 'sure' | 'possible' | 'unseen';

/** A Secret or ConfigMap, or keys of one, that a pod of the overlay needs and that somebody is to make. */
export interface Expectation {
  readonly kind: ConfigReference['kind'];
  readonly name: string;
  readonly namespace?: string;
  /** Those that pods need; empty where they need the object as a whole. */
  readonly keys: readonly string[];
  /** `ExternalSecret shop-db`: who makes it, as a sentence names them. */
  readonly by: string;
  /** What speaks for it, where that is not sure: `which names it`. */
  readonly how?: string;
  /** Absent if the producer is not an object of this cluster. */
  readonly producer?: ObjectReference;
  readonly certainty: Certainty;
  /** False where it cannot be there before the workloads are. */
  readonly early: boolean;
}

/** Whether a Secret or ConfigMap, or one key of it, is available to a workload: there, expected from a producer, or missing. */
export type Answer =
  | { readonly state: 'there' }
  /** `holds`: the object is there, and its key is what is expected. */
  | { readonly state: 'expected'; readonly expectation: Expectation; readonly holds: boolean }
  | {
      readonly state: 'missing';
      /** Where the object is there and only the key is not. */
      readonly holder?: KubernetesObject;
      /** Somebody makes the object, and certainly without this key. */
      readonly madeWithout?: string;
    };

/** Looks in this order: rendered and live objects, producers, objects that name it, and kinds that this identity may not list. */
export function answerFor(workload: KubernetesObject, wanted: ConfigReference, supply: Supply): Answer {
  const { kind, name, key } = wanted;
  const holder = [...supply.rendered, ...supply.live].find(
    (object) => object.apiVersion === 'v1' && object.kind === kind && object.metadata.name === name,
  );
  if (holder !== undefined) {
    const kept = supply.kept.get(keyOf(referenceOf(holder))) ?? [];
    if (key === undefined || keysOf(holder).includes(key) || kept.includes(key)) return { state: 'there' };
  }
  const place = workload.metadata.namespace;
  const base = {
    kind,
    name,
    keys: key === undefined ? [] : [key],
    ...(place === undefined ? {} : { namespace: place }),
  };
  const makers = [...supply.rendered, ...supply.producers]
    .filter((object) => object !== workload && object !== holder)
    .flatMap((object) => productsOf(object).map((product) => ({ object, product })))
    .filter(
      ({ object, product }) =>
        product.kind === kind && isNamed(product, name) && reaches(object, product, place),
    )
    .filter(({ product }) => holder !== undefined || product.fills !== true);
  const maker = makers.find(({ product }) => brings(product.keys, key));
  const expected = (one: Omit<Expectation, keyof typeof base>): Answer => ({
    state: 'expected',
    expectation: { ...base, ...one },
    holds: holder !== undefined,
  });
  if (maker !== undefined) return expected({ certainty: 'sure', ...by(maker.object) });
  const filler = holder === undefined ? undefined : fillerOf(holder);
  if (filler !== undefined && brings(filler.keys, key)) {
    const { certainty, by: title } = filler;
    return expected({ certainty, by: title, early: true });
  }
  const sure = makers[0];
  if (sure !== undefined) return { state: 'missing', madeWithout: titleOf(referenceOf(sure.object)) };
  const likely = likeliest(workload, wanted, supply, holder);
  if (likely !== undefined) return expected({ certainty: 'possible', how: likely.how, ...by(likely.object) });
  const unseen = holder === undefined ? supply.unseen.filter((kind) => mayMake(kind, wanted)) : [];
  if (unseen.length > 0) return expected({ certainty: 'unseen', by: unseen.join(' or '), early: false });
  return { state: 'missing', ...(holder === undefined ? {} : { holder }) };
}

/** Of several objects that may make it, the one that names it. */
function likeliest(
  workload: KubernetesObject,
  wanted: ConfigReference,
  { rendered }: Supply,
  holder: KubernetesObject | undefined,
): { readonly object: KubernetesObject; readonly how: string } | undefined {
  const candidates = rendered
    .filter((object) => object !== workload && object !== holder)
    .flatMap((object) => {
      const how = mentionOf(object, wanted);
      return how === undefined ? [] : [{ object, how }];
    });
  return candidates.find(({ how }) => how === 'which names it') ?? candidates[0];
}

function productsOf(object: KubernetesObject): readonly Product[] {
  return [...productsByKind(object), ...productsByAnnotation(object)];
}

function brings(keys: readonly string[] | undefined, key: string | undefined): boolean {
  return key === undefined || keys === undefined || keys.includes(key);
}

function reaches(maker: KubernetesObject, { everywhere }: Product, namespace: string | undefined): boolean {
  const { namespace: own } = maker.metadata;
  return everywhere === true || own === undefined || namespace === undefined || own === namespace;
}

function by(object: KubernetesObject): Pick<Expectation, 'by' | 'producer' | 'early'> {
  const producer = referenceOf(object);
  // A Job that makes it is a workload itself, and goes with them.
  return { by: titleOf(producer), producer, early: !isLate(object) && templatePathOf(object) === undefined };
}

/** A pull secret is optional for the kubelet, which starts the pod without it; its image cannot be pulled then. */
export function isNeeded({ optional, use }: ConfigReference): boolean {
  return !optional || use === 'imagePullSecret';
}

/** Everything that is still to be made by others, each object once with all keys that pods need of it. */
export function expectationsOf(supply: Supply): readonly Expectation[] {
  const merged = new Map<string, Expectation>();
  for (const workload of supply.rendered) {
    for (const wanted of referencesOf(workload)) {
      const answer = isNeeded(wanted) ? answerFor(workload, wanted, supply) : undefined;
      if (answer?.state !== 'expected') continue;
      const { expectation } = answer;
      // That a pull secret may be missing says nothing by itself.
      if (wanted.optional && expectation.certainty === 'unseen') continue;
      const id = `${expectation.kind}/${expectation.namespace ?? ''}/${expectation.name}`;
      const known = merged.get(id);
      const keys = [...new Set([...(known?.keys ?? []), ...expectation.keys])];
      merged.set(id, { ...(known ?? expectation), keys });
    }
  }
  return [...merged.values()];
}

/** The custom resources of the overlay that go before the workloads, since pods need what they make; by `keyOf`. */
export function firstProducers(expectations: readonly Expectation[]): ReadonlySet<string> {
  return new Set(
    expectations.flatMap(({ producer, early }) => (early && producer !== undefined ? [keyOf(producer)] : [])),
  );
}
