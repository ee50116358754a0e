/** The products of an object: Secrets and ConfigMaps that its controller creates. */
import { fieldAt, listAt, type Path, textAt } from '../kubernetes/fields.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';

/** One Secret or ConfigMap that a producer makes or fills. */
export interface Product {
  readonly kind: 'Secret' | 'ConfigMap';
  /** `*` stands for any text: an operator makes one for each user of a database. */
  readonly name: string;
  /** All keys that it will have; absent where they are known only when it is there. */
  readonly keys?: readonly string[];
  /** Only adds keys to an object of another producer. */
  readonly fills?: boolean;
  /** In other namespaces than its producer's too. */
  readonly everywhere?: boolean;
}

/** What an object of one kind makes, read from its fields alone. */
export type Makes = (object: KubernetesObject) => readonly Product[];

/** A Secret of this name; no product where the field that names it is absent or empty. */
export function secret(
  name: string | undefined,
  rest: Omit<Product, 'kind' | 'name'> = {},
): readonly Product[] {
  return name === undefined || name === '' ? [] : [{ kind: 'Secret', name, ...rest }];
}

/** The same for a ConfigMap. */
export function configMap(
  name: string | undefined,
  rest: Omit<Product, 'kind' | 'name'> = {},
): readonly Product[] {
  return name === undefined || name === '' ? [] : [{ kind: 'ConfigMap', name, ...rest }];
}

/** It has the name of its producer. */
export const ownSecret: Makes = ({ metadata }) => secret(metadata.name);

/** The Secret that a field names; where the field is left out, none. */
export function secretAt(...path: Path): Makes {
  return (object) => secret(textAt(object, ...path));
}

/** The Secret that a field names, or else one of the producer's own name. */
export function secretAtOrOwn(...path: Path): Makes {
  return (object) => secret(textAt(object, ...path) ?? object.metadata.name);
}

/** One for each entry of a list, by a path into the entry. */
export function secretsIn(list: Path, ...path: Path): Makes {
  return (object) => listAt(object, ...list).flatMap((entry) => secret(textAt(entry, ...path)));
}

/** Names made from the producer's own, which stands for `NAME`. */
export function secretsNamed(...patterns: readonly string[]): Makes {
  return ({ metadata }) => patterns.flatMap((pattern) => secret(pattern.replace('NAME', metadata.name)));
}

/** A rule for a kind that makes several things: what each of the rules finds. */
export function allOf(...rules: readonly Makes[]): Makes {
  return (object) => rules.flatMap((rule) => rule(object));
}

/** The names of a map's entries, as keys; undefined where it is no map. */
export function namesAt(object: unknown, ...path: Path): readonly string[] | undefined {
  const map = fieldAt(object, ...path);
  return isObject(map) ? Object.keys(map) : undefined;
}

/** Whether this is the product's name, or one that its pattern allows. */
export function isNamed({ name }: Product, wanted: string): boolean {
  const pattern = name.split('*').map((part) => part.replace(/[.\\^$+?()[\]{}|]/g, '\\$&'));
  return name === wanted || new RegExp(`^${pattern.join('.+')}$`).test(wanted);
}
