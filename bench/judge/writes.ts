/** One timeline of writes: when, by the audit log; what they left, by the log's own body or by a watch beside it. */

/** A request as the audit log has it. Moments are milliseconds since the epoch. */
export interface LoggedRequest {
  readonly verb: string;
  readonly requestURI: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly message: string;
  readonly user: string;
  readonly receivedAt: number;
  readonly answeredAt: number;
  /** Where the audit policy keeps bodies. */
  readonly object?: KubernetesObject;
}

/** An object as a watch of ours saw it. */
export interface SeenObject {
  readonly resource: string;
  readonly event: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
  /** When it reached us: never before the write. */
  readonly arrivedAt: number;
}

export interface KubernetesObject {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** A write with what is known of it. */
export interface Write {
  readonly resource: string;
  readonly subresource: string;
  readonly verb: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  readonly message: string;
  /** When the request reached the server: surely not after the change. */
  readonly at: number;
  readonly object?: KubernetesObject;
}

const writing = new Set(['create', 'update', 'patch', 'delete']);

/** Whether a request may have changed something: no read, no dry run, no question about permissions. */
export function isWrite({ verb, requestURI, resource }: LoggedRequest): boolean {
  return writing.has(verb) && !/[?&]dryRun=All\b/.test(requestURI) && !resource.endsWith('reviews');
}

/**
 * Joins both sources. An object that only the watch saw takes its moment from the write it must be: the n-th change of an
 * object is its n-th write where both counts agree, else the last write that came in before the change was seen.
 */
export function timeline(requests: readonly LoggedRequest[], seen: readonly SeenObject[]): readonly Write[] {
  const writes = requests.filter(isWrite);
  const accepted = Map.groupBy(
    writes.filter(({ code }) => code < 300),
    keyOfRequest,
  );
  const known = new Map<LoggedRequest, KubernetesObject>();
  const unplaced: Write[] = [];
  for (const [key, changes] of Map.groupBy(seen, keyOfSeen)) {
    const candidates = accepted.get(key) ?? [];
    const inOrder = candidates.length === changes.length;
    for (const [index, change] of changes.entries()) {
      const request = inOrder
        ? candidates[index]
        : candidates.findLast(({ receivedAt }) => receivedAt <= change.arrivedAt);
      if (request === undefined) unplaced.push(asWrite(change));
      else known.set(request, change.object);
    }
  }
  return [
    ...writes.map((request) => toWrite(request, request.object ?? known.get(request))),
    ...unplaced,
  ].toSorted((one, other) => one.at - other.at);
}

function toWrite(request: LoggedRequest, object: KubernetesObject | undefined): Write {
  const { resource, subresource, verb, name, code, message, receivedAt: at } = request;
  return { resource, subresource, verb, name, code, message, at, ...(object && { object }) };
}

/** A change that no request is known for, as of a pod that a controller made: it has no name in its request. */
export function asWrite({ resource, event, object, arrivedAt }: SeenObject): Write {
  const verb = { ADDED: 'create', MODIFIED: 'update', DELETED: 'delete' }[event];
  return {
    resource,
    subresource: '',
    verb,
    name: object.metadata.name,
    code: 200,
    message: '',
    at: arrivedAt,
    object,
  };
}

function keyOfRequest({ resource, name, verb, subresource }: LoggedRequest): string {
  return `${resource}/${name}/${verb === 'create' && subresource === '' ? 'new' : verb === 'delete' ? 'delete' : 'change'}`;
}

function keyOfSeen({ resource, event, object }: SeenObject): string {
  const how = { ADDED: 'new', MODIFIED: 'change', DELETED: 'delete' }[event];
  return `${resource}/${object.metadata.name}/${how}`;
}
