import { flagAt, listAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, progressing, type Status } from '../generic/status.ts';

/** Current with one ready endpoint. An endpoint that does not say counts as ready, as the API asks of its readers. */
export function endpointSliceStatus(slice: KubernetesObject): Status {
  const early = unsettled(slice);
  if (early !== undefined) return early;
  const endpoints = listAt(slice, 'endpoints');
  const ready = endpoints.filter((endpoint) => flagAt(endpoint, 'conditions', 'ready') !== false).length;
  const message = `${ready} of ${endpoints.length} endpoints ready`;
  return ready === 0 ? progressing('not-available', message) : current(message);
}
