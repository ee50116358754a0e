/**
 * The settings of a workload's containers: their environment as the kubelet builds it, and files of Secrets and
 * ConfigMaps.
 */
import { fieldAt, listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { podTemplateOf } from '../../workloads/workloads.ts';

/** `data` of Secrets and ConfigMaps as text, by `Secret/name` and `ConfigMap/name`. */
export type SettingValues = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** One value that a container gets. */
export interface Setting {
  /** The variable, or the path of the file in the container. */
  readonly name: string;
  readonly text: string;
  /** Where it comes from: `Secret orion-secrets, key DATABASE_URL`. */
  readonly source: string;
}

/** All that one container gets, with references to Secrets and ConfigMaps resolved. */
export interface ContainerSettings {
  readonly image: string;
  /** Command and arguments with their `$(VARIABLES)` filled in. */
  readonly words: readonly string[];
  readonly environment: readonly Setting[];
  readonly files: ReadonlyMap<string, Setting>;
}

interface Source {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key?: string;
}

/** Every Secret and ConfigMap that the environment and the volumes of these workloads refer to. */
export function settingReferences(
  workloads: readonly KubernetesObject[],
): readonly { readonly kind: 'Secret' | 'ConfigMap'; readonly name: string }[] {
  const found = workloads.flatMap((workload) => [
    ...containersOf(workload).flatMap((container) => [
      ...listAt(container, 'env').flatMap((entry) => sourceOf(fieldAt(entry, 'valueFrom'), 'KeyRef')),
      ...listAt(container, 'envFrom').flatMap((entry) => sourceOf(entry, 'Ref')),
    ]),
    ...listAt(podTemplateOf(workload), 'spec', 'volumes').flatMap((volume) =>
      projectionsOf(volume).map(({ source }) => source),
    ),
  ]);
  const plain = found.map(({ kind, name }) => ({ kind, name }));
  return [...new Map(plain.map((one) => [`${one.kind}/${one.name}`, one])).values()];
}

/** Those that run beside each other: the containers, and init containers that stay (sidecars). */
export function settingsOf(workload: KubernetesObject, values: SettingValues): readonly ContainerSettings[] {
  return containersOf(workload).map((container) => {
    const environment = environmentOf(workload, container, values);
    const known = new Map(environment.map(({ name, text }) => [name, text]));
    const words = [...listAt(container, 'command'), ...listAt(container, 'args')];
    return {
      image: textAt(container, 'image') ?? '',
      words: words.map((word) => expanded(String(word), known)),
      environment,
      files: filesOf(workload, container, values),
    };
  });
}

function containersOf(workload: KubernetesObject): readonly unknown[] {
  const template = podTemplateOf(workload);
  const sidecars = listAt(template, 'spec', 'initContainers').filter(
    (one) => textAt(one, 'restartPolicy') === 'Always',
  );
  return [...listAt(template, 'spec', 'containers'), ...sidecars];
}

/** `envFrom` first, then `env`; of a name the last counts, and a value may refer to those before it. */
function environmentOf(
  workload: KubernetesObject,
  container: unknown,
  values: SettingValues,
): readonly Setting[] {
  const found = new Map<string, Setting>();
  for (const entry of listAt(container, 'envFrom')) {
    const prefix = textAt(entry, 'prefix') ?? '';
    for (const { kind, name } of sourceOf(entry, 'Ref')) {
      for (const [key, text] of Object.entries(values.get(`${kind}/${name}`) ?? {})) {
        const variable = `${prefix}${key}`;
        found.set(variable, { name: variable, text, source: `${kind} ${name}, key ${key}` });
      }
    }
  }
  for (const entry of listAt(container, 'env')) {
    const name = textAt(entry, 'name') ?? '';
    const given = givenBy(workload, entry, values);
    if (given === undefined) {
      found.delete(name);
      continue;
    }
    const known = new Map([...found].map(([variable, { text }]) => [variable, text]));
    const isLiteral = textAt(entry, 'value') !== undefined;
    const text = isLiteral ? expanded(given.text, known) : given.text;
    found.set(name, { name, text, source: given.source });
  }
  return [...found.values()];
}

function givenBy(
  workload: KubernetesObject,
  entry: unknown,
  values: SettingValues,
): { readonly text: string; readonly source: string } | undefined {
  const own = `${workload.kind} ${workload.metadata.name}, variable ${textAt(entry, 'name') ?? ''}`;
  const from = fieldAt(entry, 'valueFrom');
  if (from === undefined) return { text: textAt(entry, 'value') ?? '', source: own };
  const { namespace } = workload.metadata;
  if (textAt(from, 'fieldRef', 'fieldPath') === 'metadata.namespace' && namespace !== undefined) {
    return { text: namespace, source: own };
  }
  const [reference] = sourceOf(from, 'KeyRef');
  if (reference === undefined) return undefined;
  const { kind, name, key = '' } = reference;
  const text = values.get(`${kind}/${name}`)?.[key];
  return text === undefined ? undefined : { text, source: `${kind} ${name}, key ${key}` };
}

/** `$(NAME)` by what is known; others stay, `$$(NAME)` is none. Source: k8s.io/kubernetes/third_party/forked/golang/expansion. */
function expanded(text: string, known: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, after: string, name: string) =>
    after === '$' ? '$' : (known.get(name) ?? whole),
  );
}

function sourceOf(from: unknown, suffix: 'KeyRef' | 'Ref'): readonly Source[] {
  return (['Secret', 'ConfigMap'] as const).flatMap((kind): readonly Source[] => {
    const reference = fieldAt(from, `${kind === 'Secret' ? 'secret' : 'configMap'}${suffix}`);
    const name = textAt(reference, 'name');
    const key = textAt(reference, 'key');
    return name === undefined ? [] : [{ kind, name, ...(key === undefined ? {} : { key }) }];
  });
}

interface Projection {
  readonly source: Source;
  /** Path by key; undefined: each key by its own name. */
  readonly items: ReadonlyMap<string, string> | undefined;
}

function projectionsOf(volume: unknown): readonly Projection[] {
  const projected = listAt(volume, 'projected', 'sources');
  return [volume, ...projected].flatMap((one) =>
    (['Secret', 'ConfigMap'] as const).flatMap((kind): readonly Projection[] => {
      const of = fieldAt(one, kind === 'Secret' ? 'secret' : 'configMap');
      const name = textAt(of, 'secretName') ?? textAt(of, 'name');
      if (name === undefined) return [];
      const items = listAt(of, 'items').map(
        (item) => [textAt(item, 'key') ?? '', textAt(item, 'path') ?? ''] as const,
      );
      return [{ source: { kind, name }, items: items.length === 0 ? undefined : new Map(items) }];
    }),
  );
}

function filesOf(
  workload: KubernetesObject,
  container: unknown,
  values: SettingValues,
): ReadonlyMap<string, Setting> {
  const volumes = listAt(podTemplateOf(workload), 'spec', 'volumes');
  const files = listAt(container, 'volumeMounts').flatMap((mount) => {
    const at = (textAt(mount, 'mountPath') ?? '').replace(/\/$/, '');
    const only = textAt(mount, 'subPath');
    const volume = volumes.find((one) => textAt(one, 'name') === textAt(mount, 'name'));
    return projectionsOf(volume).flatMap(({ source: { kind, name }, items }) =>
      Object.entries(values.get(`${kind}/${name}`) ?? {}).flatMap(([key, text]): readonly Setting[] => {
        const path = items === undefined ? key : items.get(key);
        if (path === undefined || (only !== undefined && only !== path)) return [];
        const file = only === undefined ? `${at}/${path}` : at;
        return [{ name: file, text, source: `${kind} ${name}, key ${key}` }];
      }),
    );
  });
  return new Map(files.map((file) => [file.name, file]));
}
