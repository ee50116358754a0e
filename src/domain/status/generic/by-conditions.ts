/** The status that the conditions of an object give, whatever its kind. */
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import {
  conditionsOf,
  isUnread,
  polarityOf,
  rolloutWords,
  type Told,
  toneOfCondition,
} from './conditions.ts';
import { current, failed, progressing, type Status } from './status.ts';
import { spelled, toneOf } from './vocabulary.ts';

/** Those that sum up all others, in this order. */
const summaries = ['Ready', 'Available'] as const;

/**
 * A condition that is bad and True, or good and False for a reason that is a failure, fails the object as it stands; work under way
 * goes before a mere Ready False, which may be about nothing else. One about an earlier generation says nothing.
 * `undefined`: no condition says anything.
 */
export function statusByConditions(object: KubernetesObject): Status | undefined {
  const { own, parts } = conditionsOf(object);
  const all = [...own, ...parts];
  const told = all.filter(({ stale }) => !stale);
  const summary = summaryOf(own);
  const late = summary?.stale === true ? summary : parts.find(({ stale }) => stale);
  if (late !== undefined || (told.length === 0 && all.length > 0)) {
    const type = late?.type ?? all[0]?.type;
    return progressing('not-observed', `its condition ${type} is about an earlier generation`);
  }
  if (all.length === 0) return undefined;
  const good = told.filter(({ type, severity }) => polarityOf(type) === 'good' && severity !== 'Info');
  return (
    badOf(told) ??
    movingOf(told, summary) ??
    brokenOf(good) ??
    (summary === undefined ? undefined : unmetOf([summary])) ??
    (summary?.status === 'True' ? undefined : unmetOf(good)) ??
    heldOf(told, summary) ??
    metOf(told) ??
    unreadOf(told)
  );
}

/**
 * Where no condition has a type that is known: one that is not True for a failure or for work that goes on is heard all the same.
 * Without such a reason it may be False for the best.
 */
function unreadOf(told: readonly Told[]): Status | undefined {
  const unread = told.filter(({ type, status }) => status !== 'True' && isUnread(type));
  const broken = unread.find((one) => toneOfCondition(one) === 'failed');
  if (broken !== undefined)
    return failed('failing', said(`${spelled(broken.type)} ${broken.status}`, broken));
  const waiting = unread.find((one) => ['progressing', 'unready'].includes(toneOfCondition(one) ?? ''));
  return waiting && progressing('not-ready', said(`${spelled(waiting.type)} ${waiting.status}`, waiting));
}

/** A condition of this generation that is bad and True. */
export function badCondition(object: KubernetesObject): Told | undefined {
  const { own, parts } = conditionsOf(object);
  return [...own, ...parts].find(
    ({ type, status, stale }) => !stale && status === 'True' && polarityOf(type) === 'bad',
  );
}

function summaryOf(own: readonly Told[]): Told | undefined {
  for (const type of summaries) {
    const found = own.find((one) => one.type.toLowerCase() === type.toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Also a rollout that has come to nothing (`Progressing` False as a Deployment says it). */
function badOf(told: readonly Told[]): Status | undefined {
  const bad = told.find(({ type, status, reason }) => {
    const polarity = polarityOf(type);
    if (polarity === 'moving') return status === 'False' && toneOf(reason) === 'failed';
    return polarity === 'bad' && status === 'True';
  });
  return bad === undefined ? undefined : failed('failing', said(spelled(bad.type), bad));
}

/** Beside a Ready that is True only work on the release itself counts; a failure that is tried again is no progress. */
function movingOf(told: readonly Told[], summary: Told | undefined): Status | undefined {
  const moving = told.find(
    ({ type, status, reason }) =>
      status === 'True' &&
      polarityOf(type) === 'moving' &&
      (summary?.status !== 'True' || rolloutWords.test(spelled(type))) &&
      toneOf(reason) !== 'current' &&
      !/retry/i.test(reason),
  );
  return moving === undefined ? undefined : progressing('reconciling', said(spelled(moving.type), moving));
}

function brokenOf(good: readonly Told[]): Status | undefined {
  const broken = good.find((one) => one.status === 'False' && toneOfCondition(one) === 'failed');
  return broken === undefined ? undefined : failed('failing', said(notYet(broken), broken));
}

function unmetOf(good: readonly Told[]): Status | undefined {
  const unmet = good.find(({ status }) => status !== 'True');
  if (unmet === undefined) return undefined;
  const code = toneOfCondition(unmet) === 'suspended' ? 'paused' : 'not-ready';
  return progressing(code, said(notYet(unmet), unmet));
}

function heldOf(told: readonly Told[], summary: Told | undefined): Status | undefined {
  const held = told.find(({ type, status }) => status === 'True' && polarityOf(type) === 'held');
  if (held === undefined || summary?.status === 'True') return undefined;
  return progressing('paused', said(spelled(held.type), held));
}

function metOf(told: readonly Told[]): Status | undefined {
  const met = told.find(({ type, status }) => status === 'True' && polarityOf(type) === 'good');
  return met === undefined ? undefined : current(spelled(met.type));
}

function notYet({ type }: Told): string {
  return `not ${spelled(type)}`;
}

/** `not ready: NoDisk: volume full`, with what is known of it. */
function said(lead: string, { reason, message }: Told): string {
  return [lead, reason, message].filter((part) => part !== '').join(': ');
}
