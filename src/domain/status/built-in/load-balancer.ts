import { listAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, progressing, type Status } from '../generic/status.ts';

/**
 * A Service of type LoadBalancer is current when it has an address (kstatus asks only for a clusterIP, which every Service
 * gets at once). One with a loadBalancerClass of a controller that is not there waits for ever: the rollout's timeout says so.
 */
export function serviceStatus(service: KubernetesObject): Status {
  const early = unsettled(service);
  if (early !== undefined) return early;
  if (textAt(service, 'spec', 'type') !== 'LoadBalancer') return current('present');
  return addressed(service, 'its load balancer has no address yet');
}

/** Current with an address. A release does not wait for it unless an annotation asks (see `awaited`). */
export function ingressStatus(ingress: KubernetesObject): Status {
  return unsettled(ingress) ?? addressed(ingress, 'no controller has published an address');
}

function addressed(object: KubernetesObject, none: string): Status {
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress');
  if (addresses.length === 0) return progressing('no-address', none);
  const first = textAt(addresses[0], 'hostname') ?? textAt(addresses[0], 'ip');
  return current(first === undefined ? 'has an address' : `at ${first}`);
}
