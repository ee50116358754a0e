/** Takes out of a story what differs from cluster to cluster or could tell on one: two recordings of one thing look alike. */
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import type { ObservedChange } from '../../src/domain/rollout/state.ts';
import type { Story } from './story.ts';

/** Every story begins on this day, whole seconds moved: the milliseconds tell how the two clocks stand to each other. */
const day = Date.parse('2026-01-01T12:00:00Z');

/** @param names further names to be replaced wherever they stand: `{ '127.0.0.1:40123': 'registry.example' }` */
export function sanitise(story: Story, names: Readonly<Record<string, string>> = {}): Story {
  const objects = story.changes.flatMap(objectsOf);
  const shift = day - Math.floor(story.startedAt / 1000) * 1000;
  const firstVersion = Math.min(...objects.map(versionOf).filter((version) => version > 0));
  const bare: Story = {
    ...story,
    targets: story.targets.map(({ at, target }) => ({
      at: at + shift,
      target: { ...target, desired: trimmed(target.desired, firstVersion) },
    })),
    changes: story.changes.map((change) => trimmedChange(change, firstVersion, shift)),
    startedAt: story.startedAt + shift,
  };
  const replaced = replacements(objects, names).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    JSON.stringify(bare),
  );
  const numbered = numbering();
  const text = replaced
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time, fraction: string = '') =>
      new Date(Date.parse(time.replace(fraction, '')) + shift).toISOString().replace('.000Z', `${fraction}Z`),
    )
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (uid) => numbered('uid-', uid))
    .replace(/\b(?!127\.|0\.)\d{1,3}(?:\.\d{1,3}){3}\b/g, (address) => numbered('10.0.0.', address))
    // The node may know an image by another registry's name too, and say that one.
    .replace(/\b127\.0\.0\.1:\d+\//g, 'registry.example/')
    .replace(/kube-api-access-\w{5}\b/g, 'kube-api-access-x');
  return JSON.parse(text) as Story;
}

const ordinalLabel = 'apps.kubernetes.io/pod-index';

function numbering(): (prefix: string, value: string) => string {
  const known = new Map<string, string>();
  return (prefix, value) => {
    const count = [...known.values()].filter((one) => one.startsWith(prefix)).length;
    const name = known.get(value) ?? `${prefix}${count + 1}`;
    known.set(value, name);
    return name;
  };
}

/** What controllers draw by lot: hashes of templates and revisions, ends of pods' and events' names; and the node's name. */
function replacements(
  objects: readonly KubernetesObject[],
  names: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const numbered = numbering();
  const found = new Map<string, string>(Object.entries(names));
  const add = (prefix: string, drawn: string | undefined, before = ''): void => {
    if (drawn === undefined || drawn === '' || found.has(before + drawn)) return;
    found.set(before + drawn, before + numbered(prefix, before + drawn));
  };
  for (const { kind, metadata, spec } of objects) {
    const { name, generateName, labels } = metadata;
    if (kind === 'Event') add('event', name.split('.').at(-1));
    // The pods of a StatefulSet are numbered, not drawn.
    if (kind === 'Pod' && generateName !== undefined && labels?.[ordinalLabel] === undefined) {
      add('pod', name.slice(generateName.length), generateName);
    }
    add('template', labels?.['pod-template-hash']);
    add('revision', labels?.['controller-revision-hash']?.split('-').at(-1));
    add('node', (spec as { nodeName?: string } | undefined)?.nodeName);
  }
  // The longest first: a pod's name holds the hash of its template.
  return [...found].sort(([one], [other]) => other.length - one.length);
}

function objectsOf(change: ObservedChange): readonly KubernetesObject[] {
  return change.type === 'listed' ? change.objects : [change.object];
}

function versionOf(object: KubernetesObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}

function trimmedChange(change: ObservedChange, firstVersion: number, shift: number): ObservedChange {
  const at = change.at + shift;
  return change.type === 'listed'
    ? { ...change, at, objects: change.objects.map((object) => trimmed(object, firstVersion)) }
    : { ...change, at, object: trimmed(change.object, firstVersion) };
}

/** Fields that no judgement needs, by name, wherever they are. */
const dropped: ReadonlySet<string> = new Set([
  'managedFields',
  'containerID',
  'imageID',
  'allocatedResources',
  'reportingInstance',
  'kubectl.kubernetes.io/last-applied-configuration',
]);

/** Without values of variables, tokens and what is `dropped`; resource versions keep their order only. */
function trimmed(object: KubernetesObject, firstVersion: number): KubernetesObject {
  const text = JSON.stringify(object, (name, value: unknown) => {
    if (dropped.has(name) || value === null) return undefined;
    if (name === 'resourceVersion') return String(Math.max(1, Number(value) - firstVersion + 1));
    if (name === 'env' && Array.isArray(value)) return value.map(withoutValue);
    if ((name === 'volumes' || name === 'volumeMounts') && Array.isArray(value)) {
      const kept = value.filter(
        (one: { name?: string }) => one.name?.startsWith('kube-api-access-') !== true,
      );
      return kept.length === 0 ? undefined : kept;
    }
    return value;
  });
  return JSON.parse(text) as KubernetesObject;
}

function withoutValue({ value: _, ...variable }: Readonly<Record<string, unknown>>): object {
  return variable;
}
