/** The status that an object's own words and numbers give: `status.phase` and the like, flags, texts of errors, counts. */
import { fieldAt, flagAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { current, failed, pods, progressing, type Status } from './status.ts';
import { runsToAnEnd, spelled, toneOf } from './vocabulary.ts';

const phaseKeys = /(phase|state|status|health|compliant)$/i;
const mainPhase = /^(current)?(phase|state|status)$/i;
/** Lists and maps of parts that have a phase each. */
const partKeys = /statuses$/i;
const otherTimes = /^(desired|last|previous|prior|target|expected|wanted|old|next|initial|latest)/i;

/** Every `phase`, `state`, `status` or `health` in the status, one level below such a word, and in each entry of such a list or map. */
export function statusByPhase(object: KubernetesObject): Status | undefined {
  return worstOf(phasesOf(fieldAt(object, 'status'), 2).map((phase) => statusOfPhase(phase, object.kind)));
}

interface Phase {
  readonly key: string;
  readonly phase: string;
}

function phasesOf(status: unknown, depth: number): readonly Phase[] {
  if (status === null || typeof status !== 'object' || Array.isArray(status)) return [];
  return Object.entries(status).flatMap(([key, value]): readonly Phase[] => {
    if (otherTimes.test(key)) return [];
    if (partKeys.test(key) && value !== null && typeof value === 'object') {
      return Object.values(value).flatMap((part) => phasesOf(part, 1));
    }
    if (!phaseKeys.test(key)) return [];
    if (typeof value === 'string' || typeof value === 'number') return [{ key, phase: String(value) }];
    return depth > 1 ? phasesOf(value, depth - 1) : [];
  });
}

/**
 * A phase whose word is not known, or is still empty, where nothing else in the status speaks: no reason to call it done, and none to
 * hold what its conditions call ready. A sentence in a field `status` may say anything. Whoever knows better says so by
 * `orion.dev/ready-when`.
 */
export function statusByUnknownPhase(object: KubernetesObject): Status | undefined {
  const unknown = phasesOf(fieldAt(object, 'status'), 2).find(
    ({ key, phase }) => mainPhase.test(key) && (!/status$/i.test(key) || phase.split(/\s+/).length <= 3),
  );
  if (unknown === undefined) return undefined;
  const { key, phase } = unknown;
  return progressing(
    'not-ready',
    phase === '' ? `no ${key} yet` : `${key} ${phase}, a word that is not known to mean ready`,
  );
}

function statusOfPhase({ key, phase }: Phase, kind: string): Status | undefined {
  const tone = toneOf(phase);
  if (tone === undefined) return undefined;
  const plain = spelled(phase);
  if (runsToAnEnd(kind) && mainPhase.test(key) && /^(running|active|executing)$/.test(plain)) {
    return progressing('running', plain);
  }
  if (tone === 'current') return current(plain);
  if (tone === 'failed') return failed('failing', plain);
  return tone === 'suspended' ? progressing('paused', plain) : progressing('not-ready', plain);
}

const flags = [
  'ready',
  'isReady',
  'healthy',
  'available',
  'accepted',
  'synced',
  'succeeded',
  'initialized',
] as const;

/** Also `bucketReady` and the like. */
export function statusByFlags(object: KubernetesObject): Status | undefined {
  const others = Object.keys(fieldAt(object, 'status') ?? {}).filter((name) => /[a-z]Ready$/.test(name));
  const given = [...new Set([...flags, ...others])].flatMap((name): Status[] => {
    const flag = flagAt(object, 'status', name);
    if (flag === undefined) return [];
    if (flag) return [current(spelled(name))];
    return [
      name === 'healthy'
        ? failed('failing', 'not healthy')
        : progressing('not-ready', `not ${spelled(name)}`),
    ];
  });
  return worstOf(given);
}

const errorTexts = [
  'error',
  'errorMessage',
  'failureReason',
  'failureMessage',
  'lastError',
  'failure',
  'errors',
  'errorDescription',
  'reconciliationError',
  'validationError',
  'validationErrors',
  'problems',
] as const;

/** A field for errors that is not empty. */
export function statusByErrors(object: KubernetesObject): Status | undefined {
  for (const name of errorTexts) {
    const value = fieldAt(object, 'status', name);
    const first = Array.isArray(value) ? value[0] : value;
    const text = textAt(first, 'message') ?? textAt(first, 'description') ?? first;
    if (typeof text === 'string' && text !== '') return failed('failing', text);
  }
  return undefined;
}

/** What a count in the status must reach, by the names that controllers give it. */
const countsOfReady = [
  ['readyReplicas', 'ready'],
  ['availableReplicas', 'available'],
  ['updatedReplicas', 'updated'],
  ['updatedReadyReplicas', 'updated and ready'],
  ['updatedAvailableReplicas', 'updated and available'],
  ['readyInstances', 'ready'],
  ['readyNodes', 'ready'],
] as const;
const countsOfMatches = [
  ['updatedPods', 'updated'],
  ['readyPods', 'ready'],
] as const;
const countsOfNodes = [
  ['numberReady', 'ready'],
  ['numberAvailable', 'available'],
  ['updatedNumberScheduled', 'updated'],
] as const;

/** Counts that say how many of the wanted pods are ready; `2/3` as text too. */
export function statusByCounts(object: KubernetesObject): Status | undefined {
  const status = fieldAt(object, 'status');
  const replicas =
    numberAt(object, 'spec', 'replicas') ??
    numberAt(status, 'replicas') ??
    numberAt(object, 'spec', 'instances') ??
    numberAt(status, 'instances');
  const nodes = numberAt(status, 'desiredNumberScheduled');
  return worstOf([
    ...countsOfReady.map(([name, word]) => reached(numberAt(status, name), replicas, word)),
    ...countsOfMatches.map(([name, word]) =>
      reached(numberAt(status, name), numberAt(status, 'matchedPods'), word),
    ),
    ...countsOfNodes.map(([name, word]) => reached(numberAt(status, name), nodes, word)),
    ...partsOf(status),
    ...fractionsOf(status),
    ...fractionsOf(fieldAt(status, 'scale')),
  ]);
}

/** Sets of pods within the status (`instances`, `pools`) that say how many they are, and how many of those are ready. */
function partsOf(status: unknown): readonly (Status | undefined)[] {
  if (status === null || typeof status !== 'object') return [];
  return Object.entries(status)
    .filter(([name, value]) => Array.isArray(value) && !otherTimes.test(name))
    .flatMap(([, value]) => value as unknown[])
    .map((part) => reached(numberAt(part, 'readyReplicas'), numberAt(part, 'replicas'), 'ready'));
}

function reached(count: number | undefined, wanted: number | undefined, word: string): Status | undefined {
  if (count === undefined || wanted === undefined) return undefined;
  const told = `${count} of ${pods(wanted)} ${word}`;
  return count < wanted ? progressing('too-few-pods', told) : current(told);
}

function fractionsOf(status: unknown): readonly (Status | undefined)[] {
  if (status === null || typeof status !== 'object') return [];
  return Object.entries(status).map(([key, value]) => {
    const parts =
      typeof value === 'string' && /ready|available|replicas/i.test(key)
        ? /^(\d+)\/(\d+)$/.exec(value)
        : null;
    if (parts === null) return undefined;
    const told = `${parts[1]} of ${parts[2]} ready`;
    return Number(parts[1]) < Number(parts[2]) ? progressing('too-few-pods', told) : current(told);
  });
}

/** Held by its own spec: its controller leaves it alone, and says nothing more about it. */
export function suspendedBySpec(object: KubernetesObject): Status | undefined {
  const held = (['suspend', 'suspended', 'paused', 'pause', 'disabled'] as const).find(
    (name) => flagAt(object, 'spec', name) === true,
  );
  if (held !== undefined) return current(`${held}, as asked`, 'suspended');
  const running = textAt(object, 'spec', 'state');
  return running !== undefined && toneOf(running) === 'suspended'
    ? current(`${spelled(running)}, as asked`, 'suspended')
    : undefined;
}

/** The worst of what different parts say; of two alike the first. */
export function worstOf(given: readonly (Status | undefined)[]): Status | undefined {
  const ranks = ['failed', 'terminating', 'progressing', 'unknown', 'current'] as const;
  for (const word of ranks) {
    const found = given.find((one) => one?.word === word);
    if (found !== undefined) return found;
  }
  return undefined;
}
