import type { ObjectReference } from './objects.ts';

/** Suffix that kustomize's generators append: ten characters of a hash, in its own alphabet (api/hasher). */
export const generatedSuffix = /^(.+)-([2456789bcdfghkmt]{10})$/;

/** A ConfigMap or Secret that a generator made: its name changes with its content. */
export function hasGeneratedName({ apiVersion, kind, name }: ObjectReference): boolean {
  return apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret') && generatedSuffix.test(name);
}
