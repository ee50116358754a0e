import type { HealthSubject } from '../../domain/health/verdict.ts';
import { formerKeys } from '../health/health.ts';
import type { OpenRelease } from '../record/open-release.ts';

/** The previous record is only used for wording, so one that cannot be read stops nothing. */
export async function subjectOf({ run, ready, hold }: OpenRelease): Promise<HealthSubject> {
  const { namespace, objects } = ready.target;
  const deployed = hold.releases.find(({ head }) => head.status === 'deployed');
  const records = await run.records(namespace);
  const before = deployed === undefined ? undefined : await records.readBody(deployed).catch(() => undefined);
  return { namespace, rendered: objects, former: formerKeys(before, objects) };
}
