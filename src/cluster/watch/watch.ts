import { Fault } from '../../domain/failure/fault.ts';
import { groupKindOf, type KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { KubernetesApi } from '../api/api.ts';
import { resourcePath } from '../api/discovery.ts';
import { listAll } from '../api/list.ts';
import type { Resource } from '../api/served-groups.ts';
import { ApiError } from '../transport/api-error.ts';
import { systemClock } from '../transport/clock.ts';
import { lineSplitter, parseWatchEvent, withoutManagedFields } from './watch-stream.ts';

/** What one watch is about; without `namespace`, the whole cluster. */
export interface WatchTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Drops `metadata.managedFields`, a third of an object's size, unless requested. */
  readonly managedFields?: boolean;
}

/** `at` is the time of arrival, milliseconds since the epoch by the session's clock. */
export type WatchChange =
  /** The complete list of one target: objects not in it no longer exist. Sent first, and again after a gap. */
  | {
      readonly type: 'listed';
      readonly target: WatchTarget;
      readonly groupKind: string;
      readonly namespace: string | undefined;
      readonly objects: readonly KubernetesObject[];
      readonly at: number;
    }
  | { readonly type: 'applied' | 'deleted'; readonly object: KubernetesObject; readonly at: number };

/** Connection, cancellation and limits of a set of watches; clock and randomness can be replaced in tests. */
export interface WatchOptions {
  readonly api: Pick<KubernetesApi, 'transport' | 'resources'>;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** 0 up to 1, for jitter. */
  readonly random?: () => number;
  /**
   * Called once for a kind that is not (or no longer) watched: a Fault for a missing permission, refused credentials
   * or an unknown kind, or the error that `onChange` threw. The other watches continue.
   */
  readonly onLost?: (target: WatchTarget, error: unknown) => void;
  /** Milliseconds without a byte after which a stream counts as dead; the server ends each one earlier than that. */
  readonly silence?: number;
}

/** Open watches, one stream per target. */
export interface WatchSession {
  /** Ends every stream; no change is delivered afterwards. */
  stop(): Promise<void>;
}

/** A stream that died silently delays the verdict by at most this; the server is asked to end each one earlier. */
const defaultSilence = 17_000;
const maxLife = { least: 11, spread: 4 };
/**
 * Milliseconds for which a watch that once worked may be refused before it counts as lost: a starting API server
 * responds 401, 403 and 404 until it has read tokens, roles and CRDs.
 */
const forgiveness = 20_000;
/** A stream that ends earlier than this is followed by a pause, or a broken proxy would cause a busy loop. */
const shortLife = 1000;

/**
 * Lists and watches every target over its own stream and delivers changes as they arrive, without batching. Resolves
 * when each target has delivered its first `listed`. Gaps are closed by a new list; lost streams are reopened where
 * they ended.
 *
 * @throws ApiError or Fault when a first list fails for another reason than permission or an unknown kind
 */
export async function watchKinds(
  targets: readonly WatchTarget[],
  onChange: (change: WatchChange) => void,
  options: WatchOptions,
): Promise<WatchSession> {
  const ended = new AbortController();
  const signal =
    options.signal === undefined ? ended.signal : AbortSignal.any([ended.signal, options.signal]);
  const follower = {
    ...options,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    signal,
    onChange,
  };
  const loops: Promise<void>[] = [];
  const stop = async () => {
    ended.abort(new DOMException('The watch was stopped.', 'AbortError'));
    await Promise.all(loops);
  };
  try {
    const positions = await Promise.all(targets.map((target) => begin(target, follower)));
    for (const position of positions) {
      if (position !== undefined)
        loops.push(follow(position, follower).catch(tell(position.target, options)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

/** Without `onLost`, an error in `onChange` must at least not be ignored. */
function tell(target: WatchTarget, { onLost }: WatchOptions): (error: unknown) => void {
  return (error) => {
    if (onLost === undefined) throw error;
    onLost(target, error);
  };
}

interface Follower extends WatchOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onChange: (change: WatchChange) => void;
}

/** The state of one target's watch. */
interface Position {
  readonly target: WatchTarget;
  readonly resource: Resource;
  resourceVersion: string;
}

async function begin(target: WatchTarget, follower: Follower): Promise<Position | undefined> {
  const resource = await follower.api.resources.find(target.apiVersion, target.kind);
  if (resource === 'unknown') {
    follower.onLost?.(target, unknownKind(target));
    return undefined;
  }
  const position = { target, resource, resourceVersion: '' };
  try {
    await relist(position, follower);
    return position;
  } catch (error) {
    const fault = unavailable(error, position);
    if (fault === undefined) throw error;
    follower.onLost?.(target, fault);
    return undefined;
  }
}

async function relist(position: Position, follower: Follower): Promise<void> {
  const { target, resource } = position;
  const { namespace, labelSelector, fieldSelector } = target;
  const { signal, clock, api } = follower;
  const keep = target.managedFields === true ? undefined : withoutManagedFields;
  const { objects, resourceVersion } = await listAll(api.transport, resource, {
    namespace,
    labelSelector,
    fieldSelector,
    signal,
    keep,
  });
  position.resourceVersion = resourceVersion;
  signal.throwIfAborted();
  emit(
    { type: 'listed', target, groupKind: groupKindOf(target), namespace, objects, at: clock.now() },
    follower,
  );
}

function emit(change: WatchChange, follower: Follower): void {
  try {
    follower.onChange(change);
  } catch (error) {
    throw new ConsumerError('onChange threw', { cause: error });
  }
}

/** An error in `onChange` is not an error of the stream: it must be reported, not retried. */
class ConsumerError extends Error {}

/** Streams one target until the session ends. Rejects when it is lost, or with the error of `onChange`. */
async function follow(position: Position, follower: Follower): Promise<void> {
  const { clock, random, signal } = follower;
  let refusedSince: number | undefined;
  while (!signal.aborted) {
    const startedAt = clock.now();
    try {
      if (position.resourceVersion === '') await relist(position, follower);
      await readStream(position, follower);
      refusedSince = undefined;
    } catch (error) {
      if (error instanceof ConsumerError) throw error.cause;
      if (signal.aborted) return;
      refusedSince = refusalBegan(error, position, { refusedSince, startedAt, now: clock.now() });
      if (error instanceof ApiError && error.status === 410) position.resourceVersion = '';
    }
    if (clock.now() - startedAt < shortLife) {
      await clock.wait(300 + random() * 1200, signal).catch(() => undefined);
    }
  }
}

/**
 * Since when the target has been refused continuously; undefined if the failure is transient.
 *
 * @throws Fault once that is longer than an API server takes to start
 */
function refusalBegan(
  error: unknown,
  position: Position,
  times: { readonly refusedSince: number | undefined; readonly startedAt: number; readonly now: number },
): number | undefined {
  const fault = unavailable(error, position);
  if (fault === undefined) return undefined;
  const began = times.refusedSince ?? times.startedAt;
  if (times.now - began >= forgiveness) throw fault;
  return began;
}

async function readStream(position: Position, follower: Follower): Promise<void> {
  const { target, resource } = position;
  const silent = new AbortController();
  const { labelSelector, fieldSelector } = target;
  const response = await follower.api.transport.stream({
    method: 'GET',
    path: resourcePath(resource, target.namespace),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: position.resourceVersion,
      timeoutSeconds: maxLife.least + Math.floor(follower.random() * maxLife.spread),
      labelSelector,
      fieldSelector,
    },
    signal: AbortSignal.any([follower.signal, silent.signal]),
  });
  const alarm = setTimeout(
    () => silent.abort(new DOMException('The watch was silent.', 'TimeoutError')),
    follower.silence ?? defaultSilence,
  );
  const split = lineSplitter((line) => deliver(line, position, follower));
  try {
    for await (const chunk of response.body) {
      alarm.refresh();
      split(chunk);
    }
  } finally {
    clearTimeout(alarm);
  }
}

function deliver(line: string, position: Position, follower: Follower): void {
  const event = parseWatchEvent(line, position.target.managedFields);
  if (event === undefined || follower.signal.aborted) return;
  if (event.resourceVersion !== '') position.resourceVersion = event.resourceVersion;
  if (event.type === 'bookmark') return;
  emit({ type: event.type, object: event.object, at: follower.clock.now() }, follower);
}

/** The Fault of a target that will never work, as opposed to one that fails temporarily. */
function unavailable(error: unknown, { target, resource }: Position): Fault | undefined {
  if (error instanceof Fault) return error.reason === 'unauthorized' ? error : undefined;
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 404 || error.status === 405) return unknownKind(target);
  if (error.status !== 403) return undefined;
  return new Fault(
    'permission-missing',
    `The kubeconfig's user may not list and watch ${resource.plural}${target.namespace === undefined ? '' : ` in ${target.namespace}`}.`,
    `Grant it the verbs get, list and watch on ${resource.plural}.`,
    { cause: error },
  );
}

function unknownKind(target: WatchTarget): Fault {
  return new Fault(
    'object-invalid',
    `The cluster does not serve the kind ${target.kind} of ${target.apiVersion}.`,
    'Install its CustomResourceDefinition, or remove the objects of this kind.',
  );
}
