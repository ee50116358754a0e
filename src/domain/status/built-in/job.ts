import { conditionOf, flagAt, numberAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';

/**
 * Only Complete is current: a running Job proves nothing yet (kstatus calls it Current). FailureTarget comes before
 * Failed, while the pods are still being ended, and cannot be taken back (Kubernetes 1.31 and later).
 * SuccessCriteriaMet is its counterpart, but Complete follows only when the pods have ended. Its result takes
 * precedence over its deletion: a Job with ttlSecondsAfterFinished is deleted because it is done.
 */
export function jobStatus(job: KubernetesObject): Status {
  for (const type of ['Failed', 'FailureTarget']) {
    const condition = conditionOf(job, type);
    if (condition?.status === 'True') return failed('failed', `${condition.reason}: ${condition.message}`);
  }
  const succeeded = numberAt(job, 'status', 'succeeded') ?? 0;
  if (conditionOf(job, 'Complete')?.status === 'True') return current(`${succeeded} succeeded`, 'complete');
  const early = unsettled(job);
  if (early !== undefined) return early;
  if (isSuspended(job)) return current('suspended, as its spec asks', 'suspended');
  const active = numberAt(job, 'status', 'active') ?? 0;
  // As a Deployment of no replicas: nothing is started until somebody raises it. A queue may do that, as it resumes a Job.
  if (numberAt(job, 'spec', 'parallelism') === 0 && active === 0) {
    return current('starts nothing: its parallelism is 0', 'suspended');
  }
  const failures = numberAt(job, 'status', 'failed') ?? 0;
  const wanted = numberAt(job, 'spec', 'completions') ?? 1;
  return progressing(
    active === 0 ? 'pending' : 'running',
    `${succeeded} of ${wanted} completed, ${active} running, ${failures} failed`,
  );
}

/** The condition alone lingers for a moment after a Job is resumed; the API server fills in `spec.suspend`. */
export function isSuspended(job: KubernetesObject): boolean {
  return flagAt(job, 'spec', 'suspend') ?? conditionOf(job, 'Suspended')?.status === 'True';
}
