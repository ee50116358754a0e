import { fieldAt, flagAt, listAt, textAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import type { HealthState } from './state.ts';

/** One pod in the EndpointSlices of a Service. */
export interface PodEndpoint {
  readonly pod: string;
  readonly uid: string | undefined;
  /** Gets traffic. According to the API an absent `ready` means true. */
  readonly ready: boolean;
  /** Terminating but still serving: gets traffic if no ready endpoint is left. */
  readonly draining: boolean;
}

const serviceLabel = 'kubernetes.io/service-name';

/** The endpoints of each Service of a namespace, by the Service's name; of all its slices (per address family, per 100 addresses). */
export function endpointsByService(
  state: HealthState,
  namespace: string,
): ReadonlyMap<string, readonly PodEndpoint[]> {
  const found = new Map<string, PodEndpoint[]>();
  for (const slice of state.values()) {
    if (groupKindOf(slice) !== 'EndpointSlice.discovery.k8s.io') continue;
    const service = slice.metadata.labels?.[serviceLabel];
    if (service === undefined || slice.metadata.namespace !== namespace) continue;
    const known = found.get(service) ?? [];
    known.push(...listAt(slice, 'endpoints').flatMap(endpointOf));
    found.set(service, known);
  }
  return found;
}

function endpointOf(endpoint: unknown): readonly PodEndpoint[] {
  const pod = textAt(endpoint, 'targetRef', 'name');
  if (pod === undefined || textAt(endpoint, 'targetRef', 'kind') !== 'Pod') return [];
  const terminating = flagAt(endpoint, 'conditions', 'terminating') ?? false;
  const ready = flagAt(endpoint, 'conditions', 'ready') ?? true;
  const serving = flagAt(endpoint, 'conditions', 'serving') ?? ready;
  return [
    {
      pod,
      uid: textAt(endpoint, 'targetRef', 'uid'),
      ready: ready && !terminating,
      draining: terminating && serving,
    },
  ];
}

/**
 * `spec.selector`; undefined for a Service without a selector: an ExternalName, or one with manually managed
 * endpoints.
 */
export function selectorOf(service: KubernetesObject): Readonly<Record<string, string>> | undefined {
  const selector = fieldAt(service, 'spec', 'selector');
  if (textAt(service, 'spec', 'type') === 'ExternalName') return undefined;
  if (selector === null || typeof selector !== 'object' || Object.keys(selector).length === 0)
    return undefined;
  return selector as Readonly<Record<string, string>>;
}

/** Whether the labels have every entry of the selector; an empty selector selects everything. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(selector).every(([name, value]) => labels?.[name] === value);
}

interface UnknownPort {
  /** The index in `spec.ports`. */
  readonly place: number;
  /** The value of `targetPort`. */
  readonly name: string;
}

/**
 * The first named targetPort that no container of any of these pods has, so it gets no traffic. A pod without the
 * name is in the slices without that port. Source: `FindPort` in kubernetes/pkg/api/v1/pod: the name and the protocol
 * must match; sidecars count.
 */
export function portOfNobody(
  service: KubernetesObject,
  podSpecs: readonly unknown[],
): UnknownPort | undefined {
  const ports = podSpecs.flatMap((spec) =>
    [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')].flatMap((one) => listAt(one, 'ports')),
  );
  const named = new Set(ports.map((port) => `${textAt(port, 'protocol') ?? 'TCP'} ${textAt(port, 'name')}`));
  for (const [place, port] of listAt(service, 'spec', 'ports').entries()) {
    const name = textAt(port, 'targetPort');
    if (name === undefined || named.has(`${textAt(port, 'protocol') ?? 'TCP'} ${name}`)) continue;
    return { place, name };
  }
  return undefined;
}
