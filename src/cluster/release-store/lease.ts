import type { Clock } from '../../ports/runtime.ts';
import type { KubernetesApi } from '../api/api.ts';
import { isApiError } from '../transport/api-error.ts';
import {
  type LeaseContent,
  type LeaseFacts,
  leaseFacts,
  leaseObject,
  leaseReference,
} from './lease-object.ts';

type LeaseApi = Pick<KubernetesApi, 'get' | 'create' | 'replace'>;

/** Whose Lease, who takes it, and when it counts as lost. */
export interface LeaseOptions {
  readonly api: LeaseApi;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process. */
  readonly holder: string;
  readonly clock: Clock;
  /** Written to the Lease for other runs. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** leaseDurationSeconds of the Lease; default 60. */
  readonly durationSeconds?: number;
  /** Milliseconds between renewals; default 15,000. */
  readonly renewEvery?: number;
  /** Milliseconds without a successful renewal after which the Lease counts as lost; default 40,000. */
  readonly stopAfter?: number;
  /**
   * A Lease whose holder was found dead: it is taken over only if nobody has written it since. Without it a held
   * Lease stays with its holder, however old it looks: clocks of different machines are never compared.
   */
  readonly dead?: LeaseFacts;
  /** Called once per loss: `silent` after `stopAfter`, `taken` if another holder has it or it was deleted. */
  readonly onLost?: (how: 'silent' | 'taken') => void;
}

/** A Lease that this process holds and renews in the background until it is released or lost. */
export interface HeldLease {
  /** True while the last successful renewal is more recent than `stopAfter` and nobody else holds it. */
  held(): boolean;
  /**
   * Renews at once, or as soon as the server responds again, for up to a minute; true if we (still, or again) hold
   * the Lease.
   */
  confirm(signal?: AbortSignal): Promise<boolean>;
  /**
   * Stops renewing and clears the holder; the object is kept. False if we no longer held it or it could not be
   * written.
   */
  release(): Promise<boolean>;
}

type AcquireResult =
  | { readonly type: 'acquired'; readonly lease: HeldLease }
  | { readonly type: 'held'; readonly by: LeaseFacts };

const requestDeadline = 5000;
const retryAfterFailure = 2000;
/** As long as other calls are retried, so that a disconnected run learns whether it still holds the lock. */
const confirmPatience = 60_000;

/**
 * Takes the Lease if it is absent, free, or `dead`; of two concurrent attempts only one can succeed
 * (resourceVersion).
 */
export async function acquireLease(options: LeaseOptions): Promise<AcquireResult> {
  for (;;) {
    const current = await readLease(options.api, options.namespace, options.name);
    if (current !== undefined && !mayTake(current, options)) return { type: 'held', by: current };
    const written = await write(options, current);
    if (written !== undefined) return { type: 'acquired', lease: keep(options, written) };
    // Another run wrote it first: read who it was.
  }
}

/** Undefined where there is no such Lease; throws ApiError where it may not be read. */
export async function readLease(
  api: Pick<KubernetesApi, 'get'>,
  namespace: string,
  name: string,
): Promise<LeaseFacts | undefined> {
  const object = await api.get(leaseReference(namespace, name));
  return object === undefined ? undefined : leaseFacts(object);
}

function mayTake(current: LeaseFacts, { holder, dead }: LeaseOptions): boolean {
  return (
    current.holder === '' || current.holder === holder || dead?.resourceVersion === current.resourceVersion
  );
}

/** The content of our Lease as last written, and when the write was sent. */
interface Written {
  readonly content: LeaseContent;
  readonly facts: LeaseFacts;
  readonly askedAt: number;
}

async function write(options: LeaseOptions, current: LeaseFacts | undefined): Promise<Written | undefined> {
  const now = options.clock.now();
  const content: LeaseContent = {
    namespace: options.namespace,
    name: options.name,
    holder: options.holder,
    durationSeconds: options.durationSeconds ?? 60,
    transitions:
      current === undefined ? 0 : current.transitions + (current.holder === options.holder ? 0 : 1),
    annotations: options.annotations ?? {},
    acquiredAt: now,
    renewedAt: now,
    ...(current === undefined ? {} : { replaces: current }),
  };
  try {
    const object = leaseObject(content);
    const result =
      // A conflict with our own first attempt is detected by its holder at the next read.
      current === undefined
        ? await options.api.create(object, { repeatable: true })
        : await options.api.replace(object, { repeatable: true });
    return { content, facts: leaseFacts(result.object), askedAt: now };
  } catch (error) {
    if (isApiError(error, 409) || (current !== undefined && isApiError(error, 404))) return undefined;
    throw error;
  }
}

/** Our Lease after it was acquired. */
interface Holding {
  readonly options: LeaseOptions;
  /** Milliseconds. */
  readonly renewEvery: number;
  /** Milliseconds. */
  readonly stopAfter: number;
  readonly released: AbortController;
  last: Written;
  lost: 'silent' | 'taken' | undefined;
  /** Settles with the last requested write. */
  queue: Promise<unknown>;
}

/** Renews until released. */
function keep(options: LeaseOptions, first: Written): HeldLease {
  const holding: Holding = {
    options,
    renewEvery: options.renewEvery ?? 15_000,
    stopAfter: options.stopAfter ?? 40_000,
    released: new AbortController(),
    last: first,
    lost: undefined,
    queue: Promise.resolve(),
  };
  // Both end only through the signal of `release`.
  renewRegularly(holding).catch(() => undefined);
  watchSilence(holding).catch(() => undefined);
  return {
    held: () => isHeld(holding),
    confirm: (signal) => confirm(holding, signal),
    release: () => release(holding),
  };
}

function isHeld({ lost, released, last, stopAfter, options }: Holding): boolean {
  return lost === undefined && !released.signal.aborted && options.clock.now() - last.askedAt < stopAfter;
}

async function confirm(holding: Holding, signal?: AbortSignal): Promise<boolean> {
  const { clock } = holding.options;
  const released = holding.released.signal;
  const until = clock.now() + confirmPatience;
  const ended = signal === undefined ? released : AbortSignal.any([signal, released]);
  for (;;) {
    try {
      return await inTurn(holding, () => renew(holding));
    } catch {
      if (clock.now() >= until) return false;
    }
    await clock.wait(retryAfterFailure, ended);
  }
}

async function release(holding: Holding): Promise<boolean> {
  holding.released.abort(new DOMException('The lease was released.', 'AbortError'));
  return inTurn(holding, () => renew(holding, { holder: '' })).catch(() => false);
}

async function renewRegularly(holding: Holding): Promise<void> {
  const { options, renewEvery, released } = holding;
  let pause = renewEvery;
  while (holding.lost !== 'taken') {
    await options.clock.wait(pause, released.signal);
    const renewed = await inTurn(holding, () => renew(holding)).catch(() => false);
    pause = renewed ? renewEvery : retryAfterFailure;
  }
}

/** Reports a loss by missing renewals on time, even while a renewal is pending. */
async function watchSilence(holding: Holding): Promise<void> {
  const { options, stopAfter, released } = holding;
  while (holding.lost !== 'taken') {
    const left = holding.last.askedAt + stopAfter - options.clock.now();
    if (left <= 0) lose(holding, 'silent');
    await options.clock.wait(left > 0 ? left : retryAfterFailure, released.signal);
  }
}

function lose(holding: Holding, how: 'silent' | 'taken'): void {
  const { lost, released, options } = holding;
  if (lost === how || lost === 'taken' || released.signal.aborted) return;
  holding.lost = how;
  options.onLost?.(how);
}

/** One write at a time, or two of our own writes would conflict with each other. */
function inTurn<T>(holding: Holding, work: () => Promise<T>): Promise<T> {
  const result = holding.queue.then(work);
  holding.queue = result.catch(() => undefined);
  return result;
}

/** False if another holder has the Lease or it was deleted; throws if the server does not respond. */
async function renew(holding: Holding, change: Partial<LeaseContent> = {}): Promise<boolean> {
  const { api, namespace, name, holder } = holding.options;
  if (holding.lost === 'taken') return false;
  if (!(await put(holding, change))) {
    // Our own earlier write may have succeeded although its response was lost.
    const current = await readLease(api, namespace, name);
    if (current?.holder === holder) holding.last = { ...holding.last, facts: current };
    if (current?.holder !== holder || !(await put(holding, change))) {
      lose(holding, 'taken');
      return false;
    }
  }
  holding.lost = undefined;
  return true;
}

/** False if the Lease is not as last written; throws if the server does not respond. */
async function put(holding: Holding, change: Partial<LeaseContent>): Promise<boolean> {
  const { api, clock } = holding.options;
  const askedAt = clock.now();
  const content = { ...holding.last.content, renewedAt: askedAt, ...change, replaces: holding.last.facts };
  try {
    // By a deadline, not a signal: only the former makes the transport give up a connection that died silently.
    const { object } = await api.replace(leaseObject(content), { deadline: requestDeadline });
    holding.last = { content, facts: leaseFacts(object), askedAt };
    return true;
  } catch (error) {
    if (!isApiError(error, 409) && !isApiError(error, 404)) throw error;
    return false;
  }
}
