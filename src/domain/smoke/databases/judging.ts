/** Messages that all database judges share. */
import type { Reason } from '../../failure/reasons.ts';
import { oneLine, type TlsFacts } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';

/** The meaning of a refusal by the server: `says` follows the server's name in a sentence. */
export interface DatabaseRefusal {
  readonly reason: Reason;
  readonly says: string;
  readonly remedy: string;
}

export const anyRefusal: DatabaseRefusal = {
  reason: 'database-error',
  says: 'answered with an error',
  remedy: 'Check the log of the server for this error.',
};

/** @param words the server's message, printed in parentheses */
export function refused(
  subject: string,
  { reason, says, remedy }: DatabaseRefusal,
  words?: string,
): Judgement {
  const quoted = words === undefined ? '' : ` (${words})`;
  return { outcome: 'failed', reason, message: `${subject} ${says}${quoted}.`, remedy };
}

/** It is up, but restricts access by client address: the pods may have a different one. */
export function notLetIn(subject: string, words: string, remedy: string): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'not-reachable-from-here',
    message: `${subject} is up, but allows no access from where the test runs (${words}).`,
    remedy,
  };
}

/** @param warnings conditions that will soon become a problem; undefined ones are left out */
export function answers(
  subject: string,
  version: string | undefined,
  warnings: readonly (string | undefined)[],
): Judgement {
  const known = warnings.filter((warning) => warning !== undefined);
  return {
    outcome: 'passed',
    message: `${subject} answers${version === undefined ? '' : `, version ${oneLine(version, 40)}`}.`,
    ...(known.length === 0 ? {} : { warning: `${subject}: ${known.join('; ')}.` }),
  };
}

/** Connections of a server with a limit. The probe's own connection counts as used. */
export interface Connections {
  readonly used: number;
  /** For clients like the probe. */
  readonly limit: number;
  readonly left: number;
}

/** With less than a tenth of all connections left, a rollout that temporarily doubles the pods may exhaust them. */
const scarceShare = 0.1;

interface SqlServer {
  readonly version?: string;
  readonly connections?: Connections;
  readonly tls?: TlsFacts;
}

/**
 * Judges the remaining connections of an SQL server that accepted the probe.
 *
 * @param now milliseconds since the epoch
 * @param remedy where no connection is left
 */
export function judgeRoom(
  subject: string,
  { version, connections, tls }: SqlServer,
  {
    now,
    remedy,
    warnings = [],
  }: { readonly now: number; readonly remedy: string; readonly warnings?: readonly (string | undefined)[] },
): Judgement {
  if (connections !== undefined && connections.left < 1) {
    const says = `has ${connections.left} of ${connections.limit} connections left, at least 1 must be free`;
    return refused(subject, { reason: 'connections-exhausted', says, remedy });
  }
  const isScarce = connections !== undefined && connections.left < connections.limit * scarceShare;
  return answers(subject, version, [
    isScarce ? `only ${connections.left} of ${connections.limit} connections are left` : undefined,
    ...warnings,
    tls !== undefined && tls.validTo < now
      ? 'its TLS certificate has expired, clients that check it cannot connect'
      : undefined,
  ]);
}

/** @param own protocol-specific facts, after the version */
export function factsOfServer(
  { version, connections, tls }: SqlServer,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    ...(version === undefined ? {} : { version: oneLine(version, 80) }),
    ...own,
    ...(connections === undefined
      ? {}
      : { connections: `${connections.used} used, ${connections.left} left of ${connections.limit}` }),
    ...(tls === undefined ? {} : { 'certificate valid until': new Date(tls.validTo).toISOString() }),
  };
}

/** The judgement with facts for the report; unchanged where there are none. */
export function withFacts(judgement: Judgement, facts: Readonly<Record<string, string>>): Judgement {
  return Object.keys(facts).length === 0 ? judgement : { ...judgement, facts };
}
