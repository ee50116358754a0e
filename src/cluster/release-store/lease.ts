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

export interface LeaseOptions {
  readonly api: LeaseApi;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process. */
  readonly holder: string;
  readonly clock: Clock;
  /** Left in the Lease for others to read. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the Lease says about itself; default 60. */
  readonly durationSeconds?: number;
  /** Milliseconds between renewals; default 15,000. */
  readonly renewEvery?: number;
  /** Milliseconds without a successful renewal after which the Lease counts as lost; default 40,000. */
  readonly stopAfter?: number;
  /**
   * A Lease whose holder was found dead: it is taken over, but only if nobody has written it since. Without it a held
   * Lease stays with its holder, however old it looks: clocks of different machines are never compared.
   */
  readonly dead?: LeaseFacts;
  /** Called once per loss: `silent` after `stopAfter`, `taken` when somebody else holds it or it is gone. */
  readonly onLost?: (how: 'silent' | 'taken') => void;
}

export interface HeldLease {
  /** True while the last successful renewal is younger than `stopAfter` and nobody took it. */
  held(): boolean;
  /** Renews at once, or as soon as the server answers again, for up to a minute; true if the Lease is (still, or again after silence) ours. */
  confirm(signal?: AbortSignal): Promise<boolean>;
  /** Stops renewing and clears the holder; the object stays. False when it was no longer ours or could not be written. */
  release(): Promise<boolean>;
}

export type AcquireResult =
  | { readonly type: 'acquired'; readonly lease: HeldLease }
  | { readonly type: 'held'; readonly by: LeaseFacts };

const requestDeadline = 5000;
const retryAfterFailure = 2000;
/** As long as other calls are repeated: a run that was cut off learns whether the lock is still its own. */
const confirmPatience = 60_000;

/** Takes the Lease if it is absent, free, or `dead`; two that try at once cannot both succeed (resourceVersion). */
export async function acquireLease(options: LeaseOptions): Promise<AcquireResult> {
  for (;;) {
    const current = await readLease(options.api, options.namespace, options.name);
    if (current !== undefined && !mayTake(current, options)) return { type: 'held', by: current };
    const written = await write(options, current);
    if (written !== undefined) return { type: 'acquired', lease: keep(options, written) };
    // Somebody was faster: look again who it was.
  }
}

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

/** The content of our Lease as last written, and when we asked for that. */
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
      // A conflict with our own first attempt is seen by its holder at the next look.
      current === undefined
        ? await options.api.create(object, { repeatable: true })
        : await options.api.replace(object, { repeatable: true });
    return { content, facts: leaseFacts(result.object), askedAt: now };
  } catch (error) {
    if (isApiError(error, 409) || (current !== undefined && isApiError(error, 404))) return undefined;
    throw error;
  }
}

/** Renews until released. */
function keep(options: LeaseOptions, first: Written): HeldLease {
  const { api, clock, onLost } = options;
  const renewEvery = options.renewEvery ?? 15_000;
  const stopAfter = options.stopAfter ?? 40_000;
  const released = new AbortController();
  let last = first;
  let lost: 'silent' | 'taken' | undefined;

  const lose = (how: 'silent' | 'taken') => {
    if (lost === how || lost === 'taken' || released.signal.aborted) return;
    lost = how;
    onLost?.(how);
  };

  /** True when written; throws when the server cannot be asked. */
  const put = async (change: Partial<LeaseContent>): Promise<boolean> => {
    const askedAt = clock.now();
    const content = { ...last.content, renewedAt: askedAt, ...change, replaces: last.facts };
    try {
      // By a deadline, not a signal: only the former makes the transport give up a connection that died in silence.
      const { object } = await api.replace(leaseObject(content), { deadline: requestDeadline });
      last = { content, facts: leaseFacts(object), askedAt };
      return true;
    } catch (error) {
      if (!isApiError(error, 409) && !isApiError(error, 404)) throw error;
      return false;
    }
  };

  const renew = async (change: Partial<LeaseContent> = {}): Promise<boolean> => {
    if (lost === 'taken') return false;
    if (!(await put(change))) {
      // Perhaps our own earlier write came through although its answer did not.
      const current = await readLease(api, options.namespace, options.name);
      if (current?.holder === options.holder) last = { ...last, facts: current };
      if (current?.holder !== options.holder || !(await put(change))) {
        lose('taken');
        return false;
      }
    }
    lost = undefined;
    return true;
  };

  let queue: Promise<unknown> = Promise.resolve();
  // One write at a time, or two of our own would take each other for a stranger's.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };

  const renewing = async () => {
    let pause = renewEvery;
    while (lost !== 'taken') {
      await clock.wait(pause, released.signal);
      const renewed = await inTurn(() => renew()).catch(() => false);
      pause = renewed ? renewEvery : retryAfterFailure;
    }
  };
  const watching = async () => {
    while (lost !== 'taken') {
      const left = last.askedAt + stopAfter - clock.now();
      if (left <= 0) lose('silent');
      await clock.wait(left > 0 ? left : retryAfterFailure, released.signal);
    }
  };
  // Both end only by the signal of `release`.
  renewing().catch(() => undefined);
  watching().catch(() => undefined);

  return {
    held: () => lost === undefined && !released.signal.aborted && clock.now() - last.askedAt < stopAfter,
    async confirm(signal) {
      const until = clock.now() + confirmPatience;
      const ended = signal === undefined ? released.signal : AbortSignal.any([signal, released.signal]);
      for (;;) {
        try {
          return await inTurn(() => renew());
        } catch {
          if (clock.now() >= until) return false;
        }
        await clock.wait(retryAfterFailure, ended);
      }
    },
    release: async () => {
      released.abort(new DOMException('The lease was released.', 'AbortError'));
      return inTurn(() => renew({ holder: '' })).catch(() => false);
    },
  };
}
