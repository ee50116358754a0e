/** What the API server wrote down: every request, by whom and when. */
import { open, stat } from 'node:fs/promises';

/** One request. A watch is one request too, however long it lasted. */
export interface AuditedRequest {
  readonly auditID: string;
  readonly verb: string;
  readonly userAgent: string;
  readonly requestURI: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  /** Milliseconds since the epoch, with fractions: when it came in, and when it was answered. */
  readonly receivedAt: number;
  readonly answeredAt: number;
  /** Of an answer that is a stream: when it ended. Absent: it was open at the end of the log. */
  readonly endedAt?: number;
}

interface AuditLine {
  readonly auditID: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Where the log ends now, to read from later. */
export async function endOfLog(path: string): Promise<number> {
  return (await stat(path)).size;
}

/** The requests written since `offset`, in the order of the log. */
export async function readLog(path: string, offset: number): Promise<readonly AuditedRequest[]> {
  const requests = new Map<string, AuditedRequest>();
  await using file = await open(path);
  for await (const line of file.readLines({ start: offset })) {
    const request = parseLine(line);
    if (request === undefined) continue;
    // The start of a watch's answer and its end are two lines; the start tells when it was asked for.
    const started = requests.get(request.auditID);
    const whole = started === undefined ? request : { ...started, endedAt: request.answeredAt };
    requests.set(request.auditID, whole);
  }
  return [...requests.values()];
}

function parseLine(line: string): AuditedRequest | undefined {
  if (line === '') return undefined;
  const event = JSON.parse(line) as AuditLine;
  return {
    auditID: event.auditID,
    verb: event.verb,
    userAgent: event.userAgent ?? '',
    requestURI: event.requestURI,
    resource: event.objectRef?.resource ?? '',
    subresource: event.objectRef?.subresource ?? '',
    namespace: event.objectRef?.namespace ?? '',
    name: event.objectRef?.name ?? '',
    code: event.responseStatus?.code ?? 0,
    receivedAt: exactTime(event.requestReceivedTimestamp),
    answeredAt: exactTime(event.stageTimestamp),
  };
}

/** Date.parse cuts microseconds off: `…:04.123456Z`. */
export function exactTime(timestamp: string): number {
  const [, seconds = '', fraction = ''] = /^(.*?)(\.\d+)?Z$/.exec(timestamp) ?? [];
  return Date.parse(`${seconds}Z`) + Number(`0${fraction || '.0'}`) * 1000;
}

/** The server notes the end of a stream after the client has seen it, and may by then have been asked for the next one; milliseconds. */
const lateNote = 500;

/** How many of these streams were open at the same moment, at the most. */
export function maxAtOnce(streams: readonly Pick<AuditedRequest, 'receivedAt' | 'endedAt'>[]): number {
  const steps = streams.flatMap(({ receivedAt, endedAt = Number.POSITIVE_INFINITY }) => [
    { at: receivedAt, by: 1 },
    { at: Math.max(receivedAt + 1, endedAt - lateNote), by: -1 },
  ]);
  // Of two at the same moment, the one that ends first.
  steps.sort((one, other) => one.at - other.at || one.by - other.by);
  let open = 0;
  let most = 0;
  for (const { by } of steps) {
    open += by;
    most = Math.max(most, open);
  }
  return most;
}
