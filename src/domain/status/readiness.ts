/** The annotations that define when an object is ready and when it has failed. */
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { isRolloutKind } from '../workloads/workloads.ts';
import { failedWhenAnnotation, readyWhenAnnotation } from './generic/annotations.ts';
import {
  type Expression,
  holds,
  isReadable,
  parseExpression,
  type Unreadable,
} from './generic/expressions.ts';
import { current, failed, isFinal, progressing, type Status } from './generic/status.ts';

const annotationNames = [readyWhenAnnotation, failedWhenAnnotation] as const;
type AnnotationName = (typeof annotationNames)[number];

/** An expression that cannot be read. `cause` goes behind the name of the object, `remedy` is a sentence. */
interface ReadinessProblem {
  readonly annotation: AnnotationName;
  readonly cause: string;
  readonly remedy: string;
}

const forms =
  'Write `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Running` or `jsonpath={.status.address}`, several on lines of their own or with `;` between.';

/** What is wrong with the object's annotations: for the pre-check, before anything is changed. */
export function readinessExpressions(object: KubernetesObject): {
  readonly problems: readonly ReadinessProblem[];
} {
  const problems = annotationNames.flatMap((annotation): readonly ReadinessProblem[] => {
    const parsed = expressionsOf(object, annotation);
    if (parsed === undefined) return [];
    if (parsed.length === 0) {
      return [{ annotation, cause: `its annotation ${annotation} is empty.`, remedy: forms }];
    }
    return parsed
      .filter((one): one is Unreadable => !isReadable(one))
      .map(({ text, why }) => ({
        annotation,
        cause: `its annotation ${annotation} cannot be read: "${text}" ${why}.`,
        remedy: forms,
      }));
  });
  return { problems };
}

function expressionsOf(
  object: KubernetesObject,
  annotation: AnnotationName,
): readonly (Expression | Unreadable)[] | undefined {
  return object.metadata.annotations?.[annotation]
    ?.split(/[;\n]/)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(parseExpression);
}

/**
 * The status by the kind's rule, corrected by the annotations. One failed-when that holds makes it failed. With ready-when it is
 * current when all hold, and the kind's rule only keeps its word where the object is going, not observed or failed for good. A
 * workload must be rolled out as well: its pods are judged by its own status. What cannot be read never holds.
 */
export function byAnnotations(object: KubernetesObject, byKind: Status): Status {
  if (object.metadata.annotations === undefined) return byKind;
  if (byKind.word === 'terminating' || byKind.code === 'not-observed') return byKind;
  const fatal = expressionsOf(object, failedWhenAnnotation)?.find(
    (one) => isReadable(one) && holds(one, object),
  );
  if (fatal !== undefined) return failed('failed', `${failedWhenAnnotation}: ${fatal.text}`);
  const wanted = expressionsOf(object, readyWhenAnnotation);
  if (wanted === undefined || isFinal(byKind)) return byKind;
  if (isRolloutKind(object) && byKind.word !== 'current') return byKind;
  const missing = wanted.find((one) => !(isReadable(one) && holds(one, object)));
  if (missing !== undefined) {
    return byKind.word === 'failed' ? byKind : progressing('not-ready', `waits for ${missing.text}`);
  }
  return wanted.length === 0
    ? progressing('not-ready', `${readyWhenAnnotation} is empty`)
    : current(`ready: ${wanted.map(({ text }) => text).join(', ')}`);
}
