/** Old records are removed once a release is deployed; errors fail no release, and the next one tries again. */
import { retire } from '../../domain/release/retention.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { endingOf } from '../run/as-result.ts';
import { notice, type Run } from '../run/context.ts';

/** Trims and removes old records by the rules of `retire`; what fails is a notice. */
export async function retireRecords(run: Run, cluster: ClusterPort, namespace: string): Promise<void> {
  try {
    const records = await run.records(namespace);
    const { trim, remove } = retire((await records.list()).releases);
    for (const release of trim) await records.trim(release);
    for (const release of remove) await records.remove(release);
    if (trim.length + remove.length === 0) return;
    const said = `Old records: ${trim.length} kept for the history only, ${remove.length} removed`;
    run.log.line(logLine(run.logClock(), logText(said)));
  } catch (error) {
    const { message } = endingOf(run, error, cluster);
    notice(run, {
      reason: 'not-pruned',
      message: `Old release records were not removed: ${run.signal.aborted ? 'the run was stopped.' : message}`,
      remedy: 'The release remains deployed; the next one tries again.',
    });
  }
}
