import type { Clock } from '../../ports/runtime.ts';
import type { KubernetesApi } from '../api/api.ts';
import { readLease } from './lease.ts';
import type { LeaseFacts } from './lease-object.ts';

type HolderState =
  /** Renewed while it was watched. */
  | { readonly state: 'alive'; readonly lease: LeaseFacts }
  /**
   * Not renewed for the whole time, by our clock; pass `lease` to `acquireLease` as `dead`. Absent: there is no
   * Lease.
   */
  | { readonly state: 'dead'; readonly lease: LeaseFacts | undefined };

interface HolderSilenceOptions {
  readonly api: Pick<KubernetesApi, 'get'>;
  readonly namespace: string;
  readonly name: string;
  readonly clock: Clock;
  /** Milliseconds without a renewal that make a holder dead; default 60,000. */
  readonly silence?: number;
  /** Poll interval in milliseconds; default 5,000. */
  readonly lookEvery?: number;
  readonly signal?: AbortSignal;
}

/**
 * Decides whether the holder of a Lease is alive, by watching for a change of its renewTime from now on. A free or
 * absent Lease is dead at once. A failed read proves nothing: the last one, after the whole time, must succeed.
 */
export async function watchHolderSilence(options: HolderSilenceOptions): Promise<HolderState> {
  const { api, namespace, name, clock, signal, silence = 60_000, lookEvery = 5000 } = options;
  const first = await readLease(api, namespace, name);
  if (first === undefined || first.holder === '') return { state: 'dead', lease: first };
  const since = clock.now();
  for (;;) {
    const left = since + silence - clock.now();
    await clock.wait(left > 0 ? Math.min(lookEvery, left) : lookEvery, signal);
    const isOver = clock.now() - since >= silence;
    let now: LeaseFacts | undefined;
    try {
      now = await readLease(api, namespace, name);
    } catch {
      continue;
    }
    if (now === undefined || now.holder === '') return { state: 'dead', lease: now };
    if (now.renewTime !== first.renewTime || now.holder !== first.holder)
      return { state: 'alive', lease: now };
    if (isOver) return { state: 'dead', lease: now };
  }
}
