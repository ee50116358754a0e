import { flagAt, listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, type Status } from '../generic/status.ts';

/** Current as soon as it is there: it runs at its time, and how the Jobs it makes end is theirs to say. */
export function cronJobStatus(cronJob: KubernetesObject): Status {
  const early = unsettled(cronJob);
  if (early !== undefined) return early;
  if (flagAt(cronJob, 'spec', 'suspend') === true) return current('suspended, as its spec asks', 'suspended');
  const active = listAt(cronJob, 'status', 'active').length;
  const schedule = textAt(cronJob, 'spec', 'schedule');
  const when = schedule === undefined ? 'scheduled' : `scheduled at ${schedule}`;
  return current(active === 0 ? when : `${when}, ${active} running`);
}
