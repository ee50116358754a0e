/** What the scheduler reserves for one pod. Source: Kubernetes 1.36, component-helpers/resource, `PodRequests`. */
import { isObject } from '../kubernetes/managed-fields.ts';
import type { JsonObject } from '../kubernetes/objects.ts';
import { parseQuantity } from '../kubernetes/quantity.ts';

/** CPU in cores, memory in bytes. */
export interface Requests {
  readonly cpu: number;
  readonly memory: number;
}

const nothing: Requests = { cpu: 0, memory: 0 };

/**
 * The sum of containers and sidecars, or the maximum during init: an init container plus the sidecars started before
 * it. Pod-level requests (KEP 2837) replace that, per resource; its overhead is added.
 */
export function podRequests(spec: unknown): Requests {
  const together = ofContainers(spec);
  const whole = asked(isObject(spec) ? spec['resources'] : undefined, together);
  return plus(whole, amounts(isObject(spec) ? spec['overhead'] : undefined));
}

function ofContainers(spec: unknown): Requests {
  let sidecars = nothing;
  let start = nothing;
  for (const container of containersIn(spec, 'initContainers')) {
    const own = asked(container['resources'], nothing);
    if (container['restartPolicy'] === 'Always') sidecars = plus(sidecars, own);
    start = most(start, container['restartPolicy'] === 'Always' ? sidecars : plus(sidecars, own));
  }
  const run = containersIn(spec, 'containers').map(({ resources }) => asked(resources, nothing));
  return most(start, run.reduce(plus, sidecars));
}

/** The containers of a pod spec; empty for anything that has none. */
export function containersIn(spec: unknown, list: 'containers' | 'initContainers'): readonly JsonObject[] {
  const containers = isObject(spec) ? spec[list] : undefined;
  return Array.isArray(containers) ? containers.filter(isObject) : [];
}

/**
 * Per resource: its request; else `otherwise`, or if that is undefined its limit, which the API server uses as the
 * default request.
 */
function asked(resources: unknown, otherwise: Requests): Requests {
  const [requests, limits] = ['requests', 'limits'].map((list) =>
    isObject(resources) ? resources[list] : undefined,
  );
  const of = (name: keyof Requests) =>
    quantity(requests, name) ?? (otherwise[name] > 0 ? otherwise[name] : (quantity(limits, name) ?? 0));
  return { cpu: of('cpu'), memory: of('memory') };
}

/** Of a list of quantities, as `status.allocatable` and `spec.overhead` are. */
export function amounts(resources: unknown): Requests {
  return { cpu: quantity(resources, 'cpu') ?? 0, memory: quantity(resources, 'memory') ?? 0 };
}

function quantity(resources: unknown, name: keyof Requests): number | undefined {
  const value = isObject(resources) ? resources[name] : undefined;
  return value === undefined ? undefined : parseQuantity(value);
}

/** The sum of two requests. */
export function plus(one: Requests, other: Requests): Requests {
  return { cpu: one.cpu + other.cpu, memory: one.memory + other.memory };
}

function most(one: Requests, other: Requests): Requests {
  return { cpu: Math.max(one.cpu, other.cpu), memory: Math.max(one.memory, other.memory) };
}
