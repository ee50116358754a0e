import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, isStarting } from '../status/built-in/containers.ts';
import { type Cause, causeOf, quoted, subject } from './evidence/cause.ts';
import { eventMessage, evidenceOf, podEvents } from './evidence/evidence.ts';
import { containerField, referenceField } from './evidence/field-paths.ts';
import { expectationFor, fatalityOfExpected, lateness, remedyOfExpected } from './producing.ts';

interface MissingSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly key?: string;
}

/**
 * What is missing according to the kubelet's message: `configmap "x" not found`, `couldn't find key K in Secret
 * ns/x`.
 */
export function missingSource(text: string): MissingSource | undefined {
  const kindOf = (word: string) => (word.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap');
  const whole = /\b(configmap|secret) "([^"]+)" not found/i.exec(text);
  if (whole?.[1] !== undefined && whole[2] !== undefined) return { kind: kindOf(whole[1]), name: whole[2] };
  const key = /couldn't find key (\S+) in (configmap|secret) (?:\S+\/)?([^\s/]+)/i.exec(text);
  if (key?.[1] === undefined || key[2] === undefined || key[3] === undefined) return undefined;
  return { kind: kindOf(key[2]), name: key[3], key: key[1] };
}

/** The kubelet has not read the object yet and tries again (krane ignores the same message). */
const notReadYet = /failed to sync (?:configmap|secret) cache|timed out waiting for the condition/i;

/**
 * A container that cannot be created from its configuration: permanent, unless the kubelet's cache lags or the
 * missing object has a producer. Its event is evidence before the container's status.
 */
export function configurationCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const held = container.waiting?.reason === 'CreateContainerConfigError' ? container.waiting : undefined;
  if (held === undefined && !isStarting(container)) return undefined;
  const event = podEvents(view, pod, limits, container).find((one) =>
    held === undefined
      ? missingSource(eventMessage(one)) !== undefined
      : eventMessage(one).includes(held.message),
  );
  const text = held?.message ?? (event === undefined ? '' : eventMessage(event));
  const missing = missingSource(text);
  if (notReadYet.test(text) || (held === undefined && missing === undefined)) return undefined;
  const title = subject(container, view.target.reference);
  const { desired } = view.target;
  const expectation = missing === undefined ? undefined : expectationFor(limits, pod, missing);
  const late = expectation === undefined ? '' : lateness(expectation, limits);
  return causeOf(view, {
    reason: 'container-config-error',
    fatality: expectation === undefined ? { when: 'now' } : fatalityOfExpected(expectation, pod, limits),
    ...(expectation === undefined ? {} : { remedy: remedyOfExpected(expectation) }),
    weight: 80,
    pod,
    container,
    event: event === undefined ? undefined : evidenceOf(event),
    message: `${title} cannot be created: ${missing === undefined ? quoted(text) : missingSentence(missing)}${late}.`,
    ...(missing === undefined
      ? { field: containerField(desired, container.name) }
      : {
          sharedKey: `${missing.kind}/${missing.name}/${missing.key ?? ''}`,
          field: referenceField(desired, container.name, missing),
        }),
  });
}

function missingSentence(missing: MissingSource): string {
  return missing.key === undefined
    ? `${missing.kind} ${missing.name} does not exist`
    : `${missing.kind} ${missing.name} has no key ${missing.key}`;
}
