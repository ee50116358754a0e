import { listAt, textAt } from '../kubernetes/fields.ts';
import type { Expectation } from '../producers/expectations.ts';
import { conditionKeys, pullReasons } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { referencesOf } from '../secrets/references.ts';
import { type ContainerView, isStarting } from '../status/built-in/containers.ts';
import { type Cause, type CauseParts, causeOf, quoted, subject } from './evidence/cause.ts';
import { eventMessage, eventReason, evidenceOf, isAboutContainer, podEvents } from './evidence/evidence.ts';
import { containerField, volumeField } from './evidence/field-paths.ts';
import { expectationFor, fatalityOfExpected, lateness, remedyOfExpected } from './producing.ts';

type PullError = 'not-found' | 'unauthorized' | 'invalid' | 'transient' | 'unknown';

const refusedForGood: ReadonlySet<PullError> = new Set(['not-found', 'unauthorized', 'invalid']);

const transient =
  /\b(?:429|50[0-4])\b|too ?many ?requests|no such host|server misbehaving|temporary failure|time(?:d )?-?out|deadline ?exceeded|connection (?:refused|reset)|unexpected EOF|code = Unavailable|network is unreachable|no route to host/i;
const invalid = /invalid reference format|couldn't parse image|InvalidImageName/i;
const unauthorized =
  /\b40[13]\b|unauthorized|denied|authentication required|authorization failed|forbidden|no basic auth credentials|insufficient_scope/i;
const notFound =
  /not found|no image found in (?:image index|manifest list)|manifest unknown|name unknown|code = NotFound|does not exist|ErrImageNeverPull/i;

/**
 * Classifies the runtime's message about a pull (wording of kubelet 1.36 with containerd 2.4). The image and URLs are
 * removed first: a repository may be called "unauthorized" or "503". A transient status wins over all others: a 503
 * of a token service is reported as an authorization failure.
 */
export function classifyPullError(text: string, image: string): PullError {
  const repository = image.replace(/(?::[^:/]+)?(?:@.+)?$/, '');
  const bare = text
    .replaceAll(image === '' ? '\u0000' : image, ' ')
    .replaceAll(repository === '' ? '\u0000' : repository, ' ')
    .replace(/https?:\/\/[^\s"]+/g, ' : ')
    .replace(/"[^"]*"/g, ' ');
  if (invalid.test(bare)) return 'invalid';
  if (transient.test(bare)) return 'transient';
  if (unauthorized.test(bare)) return 'unauthorized';
  return notFound.test(bare) ? 'not-found' : 'unknown';
}

/** The registry host of an image; `docker.io` if there is none. */
export function registryOf(image: string): string {
  const first = image.split('/')[0] ?? '';
  const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return named ? first : 'docker.io';
}

/** A failing pull. */
interface FailedPull {
  readonly view: WorkloadView;
  readonly pod: PodRecord;
  readonly container: ContainerView;
  readonly limits: Limits;
  readonly image: string;
  /** The volume that mounts the image; undefined if it is the container's own image. */
  readonly volume: ImageVolume | undefined;
  /** Events of this pull, newest first. */
  readonly events: readonly EventRecord[];
  readonly kind: PullError;
  /** The message of the runtime: untrusted text. */
  readonly text: string;
}

/**
 * A container that waits for its image: permanent, or within the allowance for unavailable registries. The event of a
 * permanently refused pull is evidence before the container's status.
 */
export function pullCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const pull = failedPull(view, pod, container, limits);
  if (pull === undefined) return undefined;
  const { volume, events } = pull;
  const [event] = events;
  return causeOf(view, {
    ...pullFailures[pull.kind](pull),
    weight: 80,
    pod,
    container,
    event: event === undefined ? undefined : evidenceOf(event),
    field:
      volume === undefined
        ? containerField(view.target.desired, container.name, 'image')
        : volumeField(view.target.desired, volume.name),
  });
}

function failedPull(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): FailedPull | undefined {
  const held = pullReasons.has(container.waiting?.reason ?? '');
  if (!held && !isStarting(container)) return undefined;
  const mounted = imageVolumesOf(pod.object).filter(({ image }) => image !== container.image);
  const volumeIn = (text: string) => mounted.find(({ image }) => wordsIn(text).has(image));
  const failures = podEvents(view, pod, limits).filter(
    (one) =>
      ['Failed', 'InspectFailed', 'ErrImageNeverPull'].includes(eventReason(one)) &&
      isAboutPull(eventMessage(one)) &&
      (isAboutContainer(one, container.name) || volumeIn(eventMessage(one)) !== undefined),
  );
  // The status shows which image it waits for; before that, the newest event does.
  const volume = volumeIn((held ? container.waiting?.message : undefined) || textOf(failures[0]));
  const events = failures.filter((one) => volumeIn(eventMessage(one)) === volume);
  const { image } = volume ?? container;
  const { kind, text } = newestText(container, image, textOf(events[0]));
  if (!held && !refusedForGood.has(kind)) return undefined;
  return { view, pod, container, limits, image, volume, events, kind, text };
}

/** The cause for each kind of refusal. */
const pullFailures: Readonly<
  Record<
    PullError,
    (pull: FailedPull) => Pick<CauseParts, 'reason' | 'fatality' | 'sharedKey' | 'message' | 'remedy'>
  >
> = {
  'not-found': (pull) => ({
    reason: 'image-not-found',
    fatality: { when: 'now' },
    sharedKey: pull.image,
    message: `${titleOfPull(pull)} cannot start: ${namedImage(pull)} ${absence(pull.text)} (${quoted(pull.text)}).`,
  }),
  unauthorized: (pull) => {
    const { view, pod, limits, image, text } = pull;
    const registry = registryOf(image);
    const login = expectedLogin(view, pod, limits);
    return {
      reason: 'image-unauthorized',
      ...(login === undefined
        ? { fatality: { when: 'now' } as const }
        : { fatality: fatalityOfExpected(login, pod, limits), remedy: remedyOfExpected(login) }),
      sharedKey: registry,
      message: `${titleOfPull(pull)} cannot start: ${registry} refuses to serve ${namedImage(pull)} (${quoted(text)})${login === undefined ? '' : `; its pull secret ${login.name} did not exist${lateness(login, limits)}`}.`,
    };
  },
  invalid: (pull) => ({
    reason: 'image-invalid',
    fatality: { when: 'now' },
    sharedKey: pull.image,
    message: `${titleOfPull(pull)} cannot start: "${pull.image}" is not an image name.`,
  }),
  transient: failingPull,
  unknown: failingPull,
};

/** Possibly transient: registries may be down for minutes, and an unknown message does not count as a refusal. */
function failingPull(pull: FailedPull) {
  const { pod, container, limits, image, events, text } = pull;
  const registry = registryOf(image);
  const since = pullingSince(pod, container, events);
  return {
    reason: 'image-pull-failing',
    fatality: { when: 'after', since, allowance: limits.budgets.pull },
    sharedKey: registry,
    message: isUnreached(text)
      ? `${titleOfPull(pull)} cannot start: the node does not reach ${registry} to pull ${namedImage(pull)} (${quoted(text)}).`
      : `${titleOfPull(pull)} cannot start: ${registry} does not serve ${namedImage(pull)} (${quoted(text)}).`,
  } as const;
}

function titleOfPull({ view, container }: FailedPull): string {
  return subject(container, view.target.reference);
}

function namedImage({ image, volume }: FailedPull): string {
  return volume === undefined ? `image ${image}` : `image ${image} of its volume ${volume.name}`;
}

/** No response from the registry: messages of Go's net package. */
function isUnreached(text: string): boolean {
  return /dial tcp|no such host|connection refused|i\/o timeout/.test(text);
}

/**
 * The pod's pull secret that a producer will create, and that did not exist when the kubelet looked for it (which it
 * reports in an event): until then the kubelet pulls anonymously. Existing credentials that are refused remain
 * refused.
 */
function expectedLogin(view: WorkloadView, pod: PodRecord, limits: Limits): Expectation | undefined {
  const lacks = podEvents(view, pod, limits).filter(
    (one) => eventReason(one) === 'FailedToRetrieveImagePullSecret',
  );
  return referencesOf(view.target.desired)
    .filter(
      ({ use, name }) => use === 'imagePullSecret' && lacks.some((one) => eventMessage(one).includes(name)),
    )
    .map((wanted) => expectationFor(limits, pod, wanted))
    .find((one) => one !== undefined);
}

function textOf(event: EventRecord | undefined): string {
  return event === undefined ? '' : eventMessage(event);
}

/** Image references in a message: one may be a prefix of another. */
function wordsIn(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s"',;()]+/).map((word) => word.replace(/:$/, '')));
}

interface ImageVolume {
  readonly name: string;
  readonly image: string;
}

/**
 * Images that the pod mounts as volumes; the kubelet pulls them like those of its containers, with the same messages.
 */
function imageVolumesOf(pod: PodRecord['object']): readonly ImageVolume[] {
  return listAt(pod, 'spec', 'volumes').flatMap((volume) => {
    const image = textAt(volume, 'image', 'reference');
    return image === undefined ? [] : { name: textAt(volume, 'name') ?? '', image };
  });
}

function absence(text: string): string {
  return /no match for platform|no image found in (?:image index|manifest list)/i.test(text)
    ? 'was not built for the platform of the node'
    : 'does not exist';
}

/** The status lags a second behind the events; events from before the current run are about an earlier pull. */
function pullingSince(pod: PodRecord, container: ContainerView, events: readonly EventRecord[]): number {
  const since = pod.conditionTimes.get(conditionKeys.pulling(container.name)) ?? pod.firstAt;
  if (container.restartCount > 0 || container.previous !== undefined) return since;
  return Math.min(since, ...events.map(({ firstAt }) => firstAt));
}

/**
 * Failed events also report other failures (a missing Secret), and some only repeat the reason: "Error:
 * ErrImagePull".
 */
function isAboutPull(message: string): boolean {
  return /image|pull/i.test(message) && !/^Error: \w+$/.test(message);
}

/** Newer kubelets keep the text in the waiting message, older ones lose it after the first back-off: then the event has it. */
function newestText(
  container: ContainerView,
  image: string,
  eventText: string,
): { kind: PullError; text: string } {
  const waiting = container.waiting;
  if (waiting?.reason === 'InvalidImageName') return { kind: 'invalid', text: waiting.message };
  if (waiting?.reason === 'ErrImageNeverPull') return { kind: 'not-found', text: waiting.message };
  const own = pullReasons.has(waiting?.reason ?? '') ? (waiting?.message ?? '') : '';
  const kind = classifyPullError(own, image);
  const fromEvent = classifyPullError(eventText, image);
  // A transient error has become permanent, and the status still shows the previous attempt.
  if (refusedForGood.has(fromEvent) && !refusedForGood.has(kind)) return { kind: fromEvent, text: eventText };
  if (kind !== 'unknown') return { kind, text: own };
  return { kind: fromEvent, text: eventText === '' ? own : eventText };
}
