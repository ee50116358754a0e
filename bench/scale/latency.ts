/** From the last status change that a verdict needs to the verdict, by the API server's audit log and our own clock. */
import type { AuditedRequest } from './audit-log.ts';
import type { Completion } from './bystander.ts';

/** Milliseconds. */
export interface Latency {
  /** The bare watch: from the last needed status write of a Deployment to its line. */
  readonly bare: number;
  /** Orion: from the moment at which nothing was missing any more (that write, and `settle` over) to its verdict. */
  readonly orion: number;
}

/**
 * A status change counts from when its request reached the API server: that is the one moment which is surely not after
 * the change itself, and both clients wait for the same write. `settle` counts from the last write of a pod's status.
 */
export function latencyOf(
  requests: readonly AuditedRequest[],
  namespace: string,
  seen: { readonly bare: Completion; readonly verdictAt: number; readonly settle: number },
): Latency {
  const { bare, verdictAt, settle } = seen;
  const statusWrites = requests.filter(
    (request) =>
      request.namespace === namespace &&
      request.subresource === 'status' &&
      (request.verb === 'update' || request.verb === 'patch') &&
      request.code === 200 &&
      request.receivedAt <= bare.at,
  );
  const last = (belongs: (request: AuditedRequest) => boolean): number =>
    Math.max(...statusWrites.filter(belongs).map(({ receivedAt }) => receivedAt));
  const completedAt = last(({ resource, name }) => resource === 'deployments' && name === bare.deployment);
  const podsUpAt = last(({ resource }) => resource === 'pods');
  return { bare: bare.at - completedAt, orion: verdictAt - Math.max(completedAt, podsUpAt + settle) };
}
