/** The API server's audit log, from an offset, as far as one namespace is concerned. */
import { open } from 'node:fs/promises';
import type { KubernetesObject, LoggedRequest } from '../judge/writes.ts';
import { exactTime } from '../scale/audit-log.ts';

interface AuditLine {
  readonly auditID: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly responseObject?: KubernetesObject;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Requests about the namespace, its objects, or nodes, in the order in which they came in. */
export async function requestsAbout(
  path: string,
  offset: number,
  namespace: string,
): Promise<readonly LoggedRequest[]> {
  const found: LoggedRequest[] = [];
  await using file = await open(path);
  for await (const line of file.readLines({ start: offset })) {
    if (!line.includes(namespace) && !line.includes('"resource":"nodes"')) continue;
    const request = parseLine(line);
    if (request !== undefined) found.push(request);
  }
  return found.toSorted((one, other) => one.receivedAt - other.receivedAt);
}

function parseLine(line: string): LoggedRequest | undefined {
  // The server may be in the middle of the last line.
  if (!line.endsWith('}')) return undefined;
  const event = JSON.parse(line) as AuditLine;
  const reference = event.objectRef ?? {};
  const { responseObject: object } = event;
  return {
    verb: event.verb,
    requestURI: event.requestURI,
    resource: reference['resource'] ?? '',
    subresource: reference['subresource'] ?? '',
    namespace: reference['namespace'] ?? '',
    name: reference['name'] ?? object?.metadata?.name ?? '',
    code: event.responseStatus?.code ?? 0,
    message: event.responseStatus?.message ?? '',
    user: event.user.username,
    receivedAt: exactTime(event.requestReceivedTimestamp),
    answeredAt: exactTime(event.stageTimestamp),
    ...(object?.metadata?.name !== undefined && { object }),
  };
}
