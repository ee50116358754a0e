/** Classifies failed requests into countable categories. Pure. */
import type { AnswerExpectations } from '../configuration.ts';
import type { ConnectionFaultKind } from '../http/connection.ts';
import { judgeAnswer } from '../http/expectations.ts';
import type { HttpAnswer } from '../http/http-answer.ts';

const words: Readonly<Record<ConnectionFaultKind, string>> = {
  refused: 'connection refused',
  timeout: 'timeout',
  dns: 'unknown host name',
  unreachable: 'no route to host',
  reset: 'connection reset',
  'tls-expired': 'expired certificate',
  'tls-untrusted': 'untrusted certificate',
  'tls-name': 'certificate of another name',
  'tls-required': 'TLS required',
  'tls-failed': 'failed TLS handshake',
  other: 'broken connection',
};

/** The category of a response that is not as expected; undefined if it is. `now` is milliseconds since the epoch. */
export function failureIn(answer: HttpAnswer, expect: AnswerExpectations, now: number): string | undefined {
  if (answer.error !== undefined) return words[answer.error.kind];
  const judged = judgeAnswer('', answer, expect, now);
  if (judged.outcome === 'passed') return undefined;
  return judged.reason === 'status-unexpected' ? `status ${answer.status}` : 'unexpected answer';
}

interface Attempt {
  readonly ok: boolean;
  readonly got?: string;
}

/** Number of requests per category, the most frequent first. */
export function countFailures(samples: readonly Attempt[]): Readonly<Record<string, number>> {
  const failed = samples.filter(({ ok }) => !ok);
  const counts = [...Map.groupBy(failed, ({ got = 'no answer' }) => got)].map(
    ([got, list]) => [got, list.length] as const,
  );
  return Object.fromEntries(
    counts.toSorted(([one, few], [other, many]) => many - few || one.localeCompare(other)),
  );
}

/** `40 × connection reset, 14 × timeout`. */
export function failureWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([got, count]) => `${count} × ${got}`)
    .join(', ');
}

const notFound = new Set([
  words.refused,
  words.timeout,
  words.dns,
  words.unreachable,
  words.reset,
  words.other,
]);

/**
 * True if no request reached the service: network policies and meshes block unknown pods like this on purpose (a mesh
 * responds 403 to unknown callers).
 */
export function isKeptOut(samples: readonly Attempt[]): boolean {
  return samples.every(({ ok, got = '' }) => !ok && (notFound.has(got) || got === 'status 403'));
}
