/** The rules for one Service: its endpoints must contain the pods of this release, and no old ones. */
import type { Failure } from '../failure/failure.ts';
import { fieldAt, flagAt } from '../kubernetes/fields.ts';
import { type KubernetesObject, type ObjectReference, referenceOf, titleOf } from '../kubernetes/objects.ts';
import { isReady } from '../status/built-in/pod.ts';
import { type PodEndpoint, portOfNobody, selectorOf } from './endpoints.ts';
import type { Member, Members, Source } from './pod-membership.ts';
import { couldMatch, nearestLabels, said, templateMatches } from './selector-hint.ts';

/** How one Service stands, for people and for the result document. */
export interface ServiceReport {
  readonly reference: ObjectReference;
  /** `skipped`: not judged, since none of this release's pods are its own. */
  readonly state: 'sound' | 'waiting' | 'failed' | 'skipped';
  /** "2 of 2 new pods in its endpoints". No full stop, no name. */
  readonly message: string;
}

/** The report on one Service, and the failure that it is or may become. */
export interface ServiceVerdict {
  readonly report: ServiceReport;
  /**
   * The failure if the state is `failed`, or still `waiting` at the deadline; a wait without one is given up without
   * a failure.
   */
  readonly failure?: Failure;
}

interface ServiceFacts {
  readonly members: Members;
  readonly endpoints: readonly PodEndpoint[];
  /** The overlay has objects whose controllers may create pods with any labels (custom resources). */
  readonly unknownMakers: boolean;
}

/** Judges by the pods that it selects; a Service without a selector, or with pods of others alone, is skipped. */
export function judgeService(service: KubernetesObject, facts: ServiceFacts): ServiceVerdict {
  const reference = referenceOf(service);
  const selector = selectorOf(service);
  const plain = (state: ServiceReport['state'], message: string): ServiceVerdict => ({
    report: { reference, state, message },
  });
  if (selector === undefined) return plain('skipped', 'has no selector, not judged');
  const selected = facts.members.selectedBy(selector);
  const ours = selected.filter((member) => member.membership === 'ours' && !member.leaving);
  if (ours.length > 0) return judgeEndpoints(service, selected, ours, facts.endpoints);

  const sources = facts.members.sources.filter(({ labels }) => templateMatches(selector, labels));
  if (sources.some(({ wanted }) => wanted !== undefined && wanted > 0)) {
    const names = sources.map(({ title }) => title).join(', ');
    return missing(service, 'waiting', `no pod of ${names} exists yet`, `no pod of ${names} exists`);
  }
  if (sources.length > 0) return plain('skipped', idle(sources));
  if (selected.some(({ membership, leaving }) => membership === 'other' && !leaving)) {
    return plain('skipped', 'selects pods that are not of this release, not judged');
  }
  return unmatched(service, selector, selected, facts);
}

function idle(sources: readonly Source[]): string {
  const names = sources.map(({ title }) => title).join(', ');
  return sources.some(({ wanted }) => wanted === undefined)
    ? `selects pods of ${names}, which are temporary, not judged`
    : `selects pods of ${names}, which is scaled to zero`;
}

/** No pod of this release has the labels: those that have them are terminating, or there are none. */
function unmatched(
  service: KubernetesObject,
  selector: Readonly<Record<string, string>>,
  selected: readonly Member[],
  { members, unknownMakers }: ServiceFacts,
): ServiceVerdict {
  const hopeful = unknownMakers || members.sources.some(({ labels }) => couldMatch(selector, labels));
  const near = nearestLabels(selector, members.sources);
  const hint = near === undefined ? '' : `; the nearest, ${near.title}, has ${near.labels}`;
  const old = selected.map(({ pod }) => pod.metadata.name);
  const what =
    old.length > 0
      ? `selects ${said(selector)}, which only old pods have (${listed(old)}), and none of this release${hint}`
      : `selects ${said(selector)}, and no pod has that${hint}`;
  const field = ['spec', 'selector', ...(near === undefined || near.name === '' ? [] : [near.name])];
  return missing(service, hopeful ? 'waiting' : 'failed', what, what, field);
}

function judgeEndpoints(
  service: KubernetesObject,
  selected: readonly Member[],
  ours: readonly Member[],
  endpoints: readonly PodEndpoint[],
): ServiceVerdict {
  const names = ours.map(({ pod }) => pod.metadata.name);
  // A pod without the named port gets none of its traffic, others do: `getEndpointPorts` of k8s.io/endpointslice leaves it out.
  const present = selected.filter(
    ({ membership, leaving }) => membership !== 'old' && membership !== 'former' && !leaving,
  );
  const port = portOfNobody(
    service,
    present.map(({ pod }) => fieldAt(pod, 'spec')),
  );
  if (port !== undefined) {
    const whose = names.length === 1 ? `pod ${names[0]}` : `the pods ${listed(names)}`;
    const what = `sends to the port named ${port.name}, and no container of ${whose} has a port of that name`;
    return missing(service, 'failed', what, what, ['spec', 'ports', port.place, 'targetPort']);
  }
  const reference = referenceOf(service);
  const holds = (pod: KubernetesObject, wanted: (endpoint: PodEndpoint) => boolean): boolean =>
    endpoints.some(
      (one) =>
        one.pod === pod.metadata.name && (one.uid ?? pod.metadata.uid) === pod.metadata.uid && wanted(one),
    );
  const unready = flagAt(service, 'spec', 'publishNotReadyAddresses') === true;
  const expected = ours.filter(({ pod }) => unready || isReady(pod));
  const absent = expected.filter(({ pod }) => !holds(pod, ({ ready }) => ready));
  const kind = ours.some(({ changed }) => changed) ? 'new pods' : 'pods';
  const count = `${expected.length - absent.length} of ${ours.length} ${kind} in its endpoints`;
  if (expected.length === 0) {
    return missing(
      service,
      'waiting',
      count,
      `has no endpoints: none of its pods is ready (${listed(names)})`,
    );
  }
  if (absent.length > 0) {
    const names = listed(absent.map(({ pod }) => pod.metadata.name));
    return missing(
      service,
      'waiting',
      count,
      `does not have ${names} in its endpoints, which ${absent.length === 1 ? 'is' : 'are'} ready`,
    );
  }
  const old = selected.filter(({ membership }) => membership === 'old');
  const serving = old
    .filter(({ pod }) => holds(pod, ({ ready }) => ready))
    .map(({ pod }) => pod.metadata.name);
  if (serving.length > 0) {
    const also = `old pods are in its endpoints beside the new ones: ${listed(serving)}`;
    return missing(service, 'waiting', `${count}, ${also}`, `still sends to old pods: ${listed(serving)}`);
  }
  const draining = old.filter(({ pod }) => holds(pod, (one) => one.draining));
  if (draining.length > 0) {
    const names = listed(draining.map(({ pod }) => pod.metadata.name));
    return { report: { reference, state: 'waiting', message: `${count}, old pods still end: ${names}` } };
  }
  return { report: { reference, state: 'sound', message: count } };
}

function missing(
  service: KubernetesObject,
  state: 'waiting' | 'failed',
  message: string,
  sentence: string,
  field: readonly (string | number)[] = ['spec', 'selector'],
): ServiceVerdict {
  const reference = referenceOf(service);
  return {
    report: { reference, state, message },
    failure: {
      reason: 'endpoints-missing',
      message: `${titleOf(reference)} ${sentence}.`,
      remedy:
        field[1] === 'ports'
          ? 'Give the container’s port that name, or correct targetPort.'
          : 'Make the selector of the Service and the labels of the pods match; `kubectl get endpointslices` shows its endpoints.',
      objects: [reference],
      chain: [titleOf(reference)],
      logs: [],
      field,
    },
  };
}

const shownNames = 5;

function listed(names: readonly string[]): string {
  const more = names.length - shownNames;
  return `${[...names].sort().slice(0, shownNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
