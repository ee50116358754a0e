import { conditionOf } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { saidBy, unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';

/**
 * Current when established. Names that another definition has, and a schema that is not structural, do not heal by
 * themselves. Established False is final too, except while it is being installed.
 */
export function customResourceDefinitionStatus(definition: KubernetesObject): Status {
  const early = unsettled(definition);
  if (early !== undefined) return early;
  if (conditionOf(definition, 'Terminating')?.status === 'True') {
    return { word: 'terminating', code: 'terminating', message: 'being deleted' };
  }
  const names = conditionOf(definition, 'NamesAccepted');
  if (names?.status === 'False') return failed('failed', saidBy('names not accepted', names));
  const schema = conditionOf(definition, 'NonStructuralSchema');
  if (schema?.status === 'True') return failed('failed', saidBy('schema not structural', schema));
  const established = conditionOf(definition, 'Established');
  if (established?.status === 'True') return current('established');
  if (established?.status === 'False' && established.reason !== 'Installing') {
    return failed('failed', saidBy('not established', established));
  }
  return progressing('pending', 'not established yet');
}
