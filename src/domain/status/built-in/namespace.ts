import { textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, type Status } from '../generic/status.ts';

/** Active or terminating; the API server sets the phase as it creates the namespace. */
export function namespaceStatus(namespace: KubernetesObject): Status {
  if (textAt(namespace, 'status', 'phase') === 'Terminating') {
    return { word: 'terminating', code: 'terminating', message: 'being deleted' };
  }
  return unsettled(namespace) ?? current('active');
}
