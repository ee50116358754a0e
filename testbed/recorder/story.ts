/** A recorded rollout: what a deploy tool's watches were told, and when. Kept as JSON, one change a line. */
import { type KubernetesObject, keyOf, referenceOf } from '../../src/domain/kubernetes/objects.ts';
import type { ObservedChange, RolloutTarget } from '../../src/domain/rollout/state.ts';
import { patchBetween, patched } from './merge-patch.ts';

/** Moments are milliseconds since the epoch by the recorder's clock, shifted so that every story begins on one day. */
export interface Story {
  readonly title: string;
  /** `v1.36.3`, of the API server. */
  readonly kubernetes: string;
  readonly namespace: string;
  /** When the deployment began; the first lists were complete before. */
  readonly startedAt: number;
  readonly targets: readonly StoryTarget[];
  readonly changes: readonly ObservedChange[];
}

/** A workload of the deployment, registered when its write was first seen. */
export interface StoryTarget {
  readonly at: number;
  readonly target: RolloutTarget;
}

type Fields = Readonly<Record<string, unknown>>;

/** An object as what differs from its version before; a first version, from the object of its kind that was told of last. */
type Version = readonly [key: string, patch: Fields];

type Entry =
  | { readonly at: number; readonly listed: string; readonly versions: readonly Version[] }
  | { readonly at: number; readonly applied: Version }
  | { readonly at: number; readonly deleted: Version };

interface Page {
  readonly title: string;
  readonly kubernetes: string;
  readonly namespace: string;
  readonly startedAt: string;
  /** Their `at`, as that of all entries, is milliseconds after `startedAt`. */
  readonly targets: readonly StoryTarget[];
  readonly changes: readonly Entry[];
}

export function storyText(story: Story): string {
  const told = new Told();
  const version = (object: KubernetesObject): Version => {
    const key = keyOf(referenceOf(object));
    const patch = patchBetween(told.before(key), object);
    told.add(key, object);
    return [key, patch];
  };
  const entries = story.changes.map((change): Entry => {
    const at = change.at - story.startedAt;
    if (change.type === 'listed')
      return { at, listed: change.groupKind, versions: change.objects.map(version) };
    const changed = version(change.object);
    return change.type === 'applied' ? { at, applied: changed } : { at, deleted: changed };
  });
  const { title, kubernetes, namespace } = story;
  const head = { title, kubernetes, namespace, startedAt: new Date(story.startedAt).toISOString() };
  const targets = story.targets.map(({ at, target }) => ({ at: at - story.startedAt, target }));
  const lines = (all: readonly unknown[]): string => all.map((one) => JSON.stringify(one)).join(',\n');
  return `${JSON.stringify(head).slice(0, -1)},\n"targets": [\n${lines(targets)}\n],\n"changes": [\n${lines(entries)}\n]}\n`;
}

export function parseStory(text: string): Story {
  const page = JSON.parse(text) as Page;
  const startedAt = Date.parse(page.startedAt);
  const told = new Told();
  const restored = ([key, patch]: Version): KubernetesObject => {
    const object = patched(told.before(key), patch);
    told.add(key, object);
    return object as unknown as KubernetesObject;
  };
  const { title, kubernetes, namespace } = page;
  const changes = page.changes.map((entry): ObservedChange => {
    const at = startedAt + entry.at;
    if ('listed' in entry) {
      return {
        type: 'listed',
        groupKind: entry.listed,
        namespace,
        objects: entry.versions.map(restored),
        at,
      };
    }
    if ('applied' in entry) return { type: 'applied', object: restored(entry.applied), at };
    return { type: 'deleted', object: restored(entry.deleted), at };
  });
  const targets = page.targets.map(({ at, target }) => ({ at: startedAt + at, target }));
  return { title, kubernetes, namespace, startedAt, targets, changes };
}

/** The last version of each object, and of each kind. */
class Told {
  readonly #versions = new Map<string, Fields>();

  before(key: string): Fields {
    return this.#versions.get(key) ?? this.#versions.get(kindOf(key)) ?? {};
  }

  add(key: string, object: Fields): void {
    this.#versions.set(key, object).set(kindOf(key), object);
  }
}

/** `Pod` of the key `Pod/shop/web-x`. */
function kindOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
