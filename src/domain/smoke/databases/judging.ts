/** What the judges of databases say in the same way. */
import type { Reason } from '../../failure/reasons.ts';
import { oneLine, type TlsFacts } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';

/** What a refusal of the server means: `says` follows the server's name in a sentence. */
export interface DatabaseRefusal {
  readonly reason: Reason;
  readonly says: string;
  readonly remedy: string;
}

export const anyRefusal: DatabaseRefusal = {
  reason: 'database-error',
  says: 'answered with an error',
  remedy: 'See the log of the server for this error.',
};

/** @param words the server's own words for it, in brackets */
export function refused(
  subject: string,
  { reason, says, remedy }: DatabaseRefusal,
  words?: string,
): Judgement {
  const quoted = words === undefined ? '' : ` (${words})`;
  return { outcome: 'failed', reason, message: `${subject} ${says}${quoted}.`, remedy };
}

/** It is up, and lets callers in by their address: that of the pods may be another. */
export function notLetIn(subject: string, words: string, remedy: string): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'not-reachable-from-here',
    message: `${subject} is up, and lets nobody in from where the test runs (${words}).`,
    remedy,
  };
}

/** @param warnings what will not stay well for long; undefined ones are left out */
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

/** Of a server with a limit on connections. The probe's own connection counts as used. */
export interface Connections {
  readonly used: number;
  /** For clients like the probe. */
  readonly limit: number;
  readonly left: number;
}

/** Below a tenth of all connections a deployment that doubles the pods for a while may use up the rest. */
const scarceShare = 0.1;

interface SqlServer {
  readonly version?: string;
  readonly connections?: Connections;
  readonly tls?: TlsFacts;
}

/**
 * A SQL server that has let the probe in: has it room for one more?
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

/** @param own facts of this protocol, after the version */
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
