/** The annotation in which kustomize (4.3 and later) records the origin of an object. */
import { parse } from 'yaml';
import { kubernetesYaml } from './kubernetes-yaml.ts';

export const originAnnotation = 'config.kubernetes.io/origin';

/** All paths are relative to the folder that was built. */
export interface Origin {
  /** The resource file; absent for generated objects. */
  readonly path?: string;
  /** The kustomization (or plugin configuration) that generates it. */
  readonly configuredIn?: string;
  /** Set when it was fetched from elsewhere. */
  readonly repo?: string;
}

/** Parses the annotation's value; fields that are not text are left out. */
export function parseOrigin(text: string): Origin {
  const value: unknown = parse(text, kubernetesYaml);
  if (typeof value !== 'object' || value === null) return {};
  const fields = value as Readonly<Record<string, unknown>>;
  const origin: { -readonly [Field in keyof Origin]: Origin[Field] } = {};
  for (const field of ['path', 'configuredIn', 'repo'] as const) {
    const content = fields[field];
    if (typeof content === 'string') origin[field] = content;
  }
  return origin;
}
