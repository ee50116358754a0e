import { type ObjectReference, titleOf } from '../../domain/kubernetes/objects.ts';
import { inlineCode, shorten } from '../text/escape.ts';

/** `Deployment auth` as a code span, for a table or a sentence. */
export function objectCode(reference: ObjectReference): string {
  return inlineCode(shorten(titleOf(reference), 200));
}
