/** The command `phase: history`: reports the records of the app. Read-only. */
import { historyOf } from '../../domain/release/history.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { historyLines } from '../../report/log/history.ts';
import { releaseNamespace } from '../plan/release-namespace.ts';
import { asResult } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function history(run: Run): Promise<ResultDocument> {
  return asResult(run, decide);
}

async function decide(run: Run): Promise<Ending> {
  const namespace = await releaseNamespace(run);
  const { releases, unreadable } = await (await run.records(namespace)).list();
  const told = historyOf(
    releases.map(({ head }) => head),
    run.clock.now(),
  );
  run.ledger.history = told;
  for (const line of historyLines(told)) run.log.line(line);
  const lost = unreadable.length === 0 ? '' : ` ${unreadable.length} more cannot be read.`;
  const count = told.entries.length;
  return {
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: `${count} release${count === 1 ? '' : 's'} of ${run.app} on record in ${namespace}.${lost}`,
    nextSteps: [],
  };
}
