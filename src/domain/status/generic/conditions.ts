/** What the conditions of an object say together, by the words of their types, whatever the kind. */
import { fieldAt, listAt, numberAt, textAt, timeOf } from '../../kubernetes/fields.ts';
import { isStatusOrdinary } from '../../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { spelled, type Tone, toneOf } from './vocabulary.ts';

/** One condition, whatever its place; its type without a prefix (`app-ready` of `platform.example.io/app-ready`). */
export interface Told {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly severity: string;
  readonly at: number;
  readonly stale: boolean;
}

/** What being True means: good, bad, still moving, held on purpose. `aside`: nothing that a release waits for. */
type Polarity = 'good' | 'bad' | 'moving' | 'held' | 'aside';

/** Good when True, and a release waits for it; other words in -ed and the like say what has happened, not how it is. */
const awaitedWords =
  /\b(ready|available|healthy|synced|synchronized|established|programmed|accepted|succeeded|success|successful|valid|validated|reconciled|installed|deployed|provisioned|applied|bound|resolved refs|initialized|compliant|complete|completed|configured|reconcile|issued|connected|admitted|created|progressing succeeded|up to date|enforced|satisfied|operational|adopted|attached|(successful|success|successfully) \w+)$/;

/** Good or bad by their word, and of no weight for a release: load that comes and goes, what was switched off. */
const asideWords =
  /^(active|fallback|able to scale|scaling limited|scaling active|running|idle|garbage collecting|serving|last backup succeeded|backup.*|restore.*|.*archiving.*|upgradeable|.*upgrade available|update available|.*can .*|.*warning|deprecated.*|.*deprecated|expired|drained|disrupted|consolidatable|empty|drifted)$/;

/** Moving beside Ready counts for these; other work (a renewal, a scaling) goes on while the object serves. */
export const rolloutWords =
  /^(progressing|reconciling|updating|upgrading|deploying|installing|rolling|in progress|rollout progressing|.* progressing|rolling update|.*updating|.*upgrading)$/;

/** By the words of the type alone, so that it answers for conditions of kinds that nobody here knows. */
export function polarityOf(type: string): Polarity {
  const plain = spelled(type);
  if (asideWords.test(plain)) return 'aside';
  if (/^(not|non|partially|no matching) /.test(plain)) return 'bad';
  const tone = toneOf(type);
  if (tone === 'failed' || tone === 'unready') return 'bad';
  if (tone === 'progressing' && !awaitedWords.test(plain)) {
    // Scheduled, started, requested: it has happened, and nothing says that it goes on.
    return /ed$/.test(plain) ? 'aside' : 'moving';
  }
  if (tone === 'suspended') return 'held';
  return awaitedWords.test(plain) ? 'good' : 'aside';
}

/** A type none of whose words is known: neither good nor bad, and not aside on purpose. */
export function isUnread(type: string): boolean {
  return !asideWords.test(spelled(type)) && toneOf(type) === undefined && polarityOf(type) === 'aside';
}

/**
 * The conditions of the object itself, and those it reports of its parts (listeners, ancestors, shards). Of a route's parents those
 * that speak of an earlier generation are parents that it no longer has.
 */
export function conditionsOf(object: KubernetesObject): {
  readonly own: readonly Told[];
  readonly parts: readonly Told[];
} {
  const generation = isStatusOrdinary(object) ? 0 : (object.metadata.generation ?? 0);
  const read = (list: readonly unknown[]) => newestOfEach(list.flatMap((entry) => toldBy(entry, generation)));
  const status = fieldAt(object, 'status');
  return {
    own: read(listAt(status, 'conditions')),
    parts: partsOf(status).flatMap(([name, entries]) => {
      const told = entries.flatMap((entry) => read(listAt(entry, 'conditions')));
      const fresh = told.filter(({ stale }) => !stale);
      return name === 'parents' && fresh.length > 0 ? fresh : told;
    }),
  };
}

/** The lists in the status, by name, and the single parts that have conditions of their own. */
function partsOf(status: unknown): readonly (readonly [string, readonly unknown[]])[] {
  if (status === null || typeof status !== 'object') return [];
  return Object.entries(status).flatMap(([name, value]): (readonly [string, readonly unknown[]])[] => {
    if (Array.isArray(value)) return [[name, value]];
    return listAt(value, 'conditions').length > 0 ? [[name, [value]]] : [];
  });
}

function toldBy(entry: unknown, generation: number): Told[] {
  const type = textAt(entry, 'type');
  if (type === undefined) return [];
  const given = String(fieldAt(entry, 'status') ?? 'Unknown').toLowerCase();
  const observed = numberAt(entry, 'observedGeneration');
  return [
    {
      type: type.slice(type.lastIndexOf('/') + 1),
      status: given === 'true' ? 'True' : given === 'false' ? 'False' : 'Unknown',
      reason: textAt(entry, 'reason') ?? '',
      message: textAt(entry, 'message') ?? '',
      severity: textAt(entry, 'severity') ?? '',
      at: timeOf(textAt(entry, 'lastTransitionTime')) ?? 0,
      stale: observed !== undefined && observed < generation,
    },
  ];
}

/** Some operators keep a history in the list: where a type comes twice, only the newest entry of all counts. */
function newestOfEach(told: readonly Told[]): readonly Told[] {
  if (new Set(told.map(({ type }) => type)).size === told.length) return told;
  const latest = Math.max(...told.map(({ at }) => at));
  return told.filter(({ at }) => at === latest).slice(-1);
}

/** Why a condition is not as it should be: its severity (Cluster API), its reason, then its message. */
export function toneOfCondition({ reason, message, severity }: Told): Tone | undefined {
  if (severity === 'Error') return 'failed';
  const byReason = toneOf(reason);
  if (byReason === 'failed' || byReason === 'suspended') return byReason;
  const byMessage = toneOf(message);
  if (byReason === 'progressing') return /^error\b/i.test(message) ? 'failed' : byReason;
  return byMessage === 'failed' || byMessage === 'progressing' ? byMessage : byReason;
}
