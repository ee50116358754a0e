/**
 * An address outside the release's pods: called from inside the cluster, then from here; being unreachable proves
 * nothing.
 */
import type { ConnectionFault } from '../../domain/smoke/http/connection.ts';
import type { Judgement } from '../../domain/smoke/judgement.ts';
import type { Route } from '../../domain/smoke/report.ts';
import { isUnreached, nobodyReaches } from '../../domain/smoke/tests/pod-routes.ts';
import type { TestGround } from './context.ts';

interface OutsideWays<Found> {
  /** Undefined where no probe runs in the cluster. */
  within(): Promise<Found | undefined>;
  here(): Promise<Found>;
  /** Why there is no answer in this one. */
  faultIn(found: Found): ConnectionFault | undefined;
}

/** Only where `orion.yaml` says so; else first the one, then the other. */
type From = 'runner' | 'cluster' | undefined;

type FromOutside<Found> =
  | { readonly answer: Found; readonly route: Route }
  | { readonly unreached: Judgement };

/** What answers, and by which way. Without a cluster it is what was asked for by its URL: then each finding counts. */
export async function fromOutside<Found>(
  title: string,
  from: From,
  { inside }: Pick<TestGround, 'inside'>,
  ways: OutsideWays<Found>,
): Promise<FromOutside<Found>> {
  if (inside === undefined) return { answer: await ways.here(), route: 'direct' };
  const asked = [
    { place: 'inside the cluster', route: 'cluster-job', ask: ways.within, skip: from === 'runner' },
    { place: 'this runner', route: 'direct', ask: ways.here, skip: from === 'cluster' },
  ] as const;
  const faults: { readonly place: string; readonly fault: ConnectionFault }[] = [];
  for (const { place, route, ask, skip } of asked) {
    const answer = skip ? undefined : await ask();
    if (answer === undefined) continue;
    const fault = ways.faultIn(answer);
    // If the configuration names the place to call from, a missing response counts as a failure (src/domain/smoke/tests/proof.ts).
    if (fault === undefined || !isUnreached(fault) || from !== undefined) return { answer, route };
    faults.push({ place, fault });
  }
  return { unreached: nobodyReaches(title, faults) };
}
