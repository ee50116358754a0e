import { type ConnectionFault, connectionFaultOf } from '../domain/smoke/http/connection.ts';

/** Classifies errors of Node.js, undici, pg and @redis/client; if several addresses failed, the error of the first. */
export function faultOfError(error: unknown): ConnectionFault {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code =
    typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : undefined;
  const message = first instanceof Error ? first.message : String(first);
  return connectionFaultOf(code, message === '' ? (code ?? 'no reason given') : message);
}

/** The fault of a probe that timed out. */
export function deadlineFault(milliseconds: number): ConnectionFault {
  return { kind: 'timeout', message: `no answer within ${milliseconds} ms` };
}
