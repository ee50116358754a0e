import type { ResultDocument } from '../../domain/result/document.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from './context.ts';
import { endingOfError } from './endings.ts';
import { faultOf } from './errors.ts';
import type { Ending } from './ledger.ts';

/**
 * The error boundary of every command. Never throws: every error becomes a result that can be reported.
 *
 * @param connected the cluster that interprets refusals; a command without one passes `noCluster`
 */
export async function asResult(
  run: Run,
  decide: (run: Run) => Promise<Ending | ResultDocument>,
  connected: (run: Run) => Promise<ClusterPort | undefined> = ({ connect }) => connect(),
): Promise<ResultDocument> {
  const ending = await decide(run).catch(async (error: unknown) =>
    endingOf(run, error, await connected(run).catch(() => undefined)),
  );
  return 'version' in ending
    ? ending
    : run.ledger.document(run.settings, run.identity, ending, run.clock.now());
}

/** The third argument of `asResult` for a command without a cluster: no refusal of an API server can reach it. */
export async function noCluster(): Promise<undefined> {
  return undefined;
}

/** How a run ends that this error stopped; `cluster` distinguishes the API server's refusals from bugs of Orion. */
export function endingOf(
  run: Pick<Run, 'signal' | 'ledger'>,
  error: unknown,
  cluster: Pick<ClusterPort, 'refusalOf'> | undefined,
): Ending {
  return endingOfError(run, faultOf(error, cluster?.refusalOf(error)));
}
