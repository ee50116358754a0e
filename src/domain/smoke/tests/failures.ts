/** Failures from reports: one per subject, and none for subjects that fail only because of a dependency. */
import type { Failure } from '../../failure/failure.ts';
import { keyOf, type ObjectReference, titleOf } from '../../kubernetes/objects.ts';
import { databaseKinds, type SmokeKind, type SmokeReport } from '../report.ts';
import type { Dependencies } from './selection.ts';

/** The most telling first: a pod is not ready because its endpoint says so, and a Service has no endpoints because of that. */
const tellingOrder: readonly SmokeKind[] = [
  ...databaseKinds,
  'health',
  'readiness',
  'pods',
  'service',
  'journey',
  'latency',
];

/** `downBefore` are subjects that did not work before the release either: then it is not the release's doing. */
export function smokeFailures(
  reports: readonly SmokeReport[],
  dependencies: Dependencies,
  downBefore: ReadonlySet<string> = new Set(),
): readonly Failure[] {
  const failed = reports.filter(({ outcome }) => outcome === 'failed');
  const bySubject = Map.groupBy(failed, ({ subject }) => subject);
  const rootOf = (subject: string): string => rootCause(subject, dependencies, bySubject);
  return [...Map.groupBy(bySubject.keys(), rootOf)].flatMap(([root, subjects]) => {
    const own = bySubject.get(root) ?? [];
    const others = subjects.filter((subject) => subject !== root).flatMap((one) => bySubject.get(one) ?? []);
    const failure = failureOf(own, others, reports);
    if (failure === undefined) return [];
    const known = downBefore.has(root) ? ' It did not work before this release either.' : '';
    return [{ ...failure, message: `${failure.message}${known}` }];
  });
}

/** The first thing below `subject` that failed too and stands on nothing that failed; `subject` itself if there is none. */
function rootCause(
  subject: string,
  dependencies: Dependencies,
  failed: ReadonlyMap<string, unknown>,
  path: readonly string[] = [],
): string {
  for (const below of dependencies.get(subject) ?? []) {
    // Two services that need each other are both their own cause.
    if (below !== subject && failed.has(below) && !path.includes(below)) {
      return rootCause(below, dependencies, failed, [...path, subject]);
    }
  }
  return subject;
}

function failureOf(
  own: readonly SmokeReport[],
  others: readonly SmokeReport[],
  all: readonly SmokeReport[],
): Failure | undefined {
  const first = own.toSorted((left, right) => rank(left) - rank(right))[0];
  if (first === undefined) return undefined;
  const alike = own.filter((one) => one.kind === first.kind && one.reason === first.reason);
  const whole = all.filter((one) => one.kind === first.kind && one.subject === first.subject);
  const objects = uniqueObjects([...first.objects, ...others.flatMap((one) => one.objects)]);
  return {
    reason: first.reason ?? 'status-unexpected',
    message: sentence(first, alike.length, whole.length, others),
    remedy: first.remedy ?? '',
    objects,
    chain: [
      ...(first.objects[0] === undefined ? [first.subject] : [titleOf(first.objects[0])]),
      ...(first.pod === undefined ? [] : [`Pod ${first.pod}`]),
    ],
    logs: [],
    ...(first.field === undefined ? {} : { field: first.field }),
  };
}

function sentence(first: SmokeReport, alike: number, whole: number, others: readonly SmokeReport[]): string {
  const count = alike > 1 ? ` So did ${alike - 1} more of ${whole} like it.` : '';
  const hit = [...new Set(others.map(({ subject }) => subject))];
  const also = hit.length === 0 ? '' : ` Because of it ${hit.join(', ')} failed too.`;
  const body = first.body === undefined || first.body === '' ? '' : ` It said: ${first.body}`;
  return `${first.subject}: ${first.message}${body}${count}${also}`;
}

function rank({ kind }: SmokeReport): number {
  return tellingOrder.indexOf(kind);
}

function uniqueObjects(objects: readonly ObjectReference[]): readonly ObjectReference[] {
  return [...new Map(objects.map((object) => [keyOf(object), object])).values()];
}
