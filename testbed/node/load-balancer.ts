import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../testbed-error.ts';
import { type ObjectAtPath, permission } from './cluster-objects.ts';
import type { KubernetesApi } from './kubernetes-api.ts';

/** The user name in the load balancer's client certificate. */
export const loadBalancerUser = 'orion-testbed:load-balancer';

const retryMilliseconds = 1_000;
const watchSeconds = 270;

const ingressSchema = z.object({ ip: z.string().optional() });
const serviceSchema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: z.object({
    type: z.string().optional(),
    loadBalancerClass: z.string().optional(),
    ports: z.array(z.object({ port: z.number(), protocol: z.string().default('TCP') })).default([]),
  }),
  status: z
    .object({ loadBalancer: z.object({ ingress: z.array(ingressSchema).optional() }).optional() })
    .optional(),
});
const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(serviceSchema),
});
const eventSchema = z.object({ type: z.string(), object: z.unknown() });

export type Service = z.infer<typeof serviceSchema>;

export interface AddressAssignment {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

/**
 * Which LoadBalancer Services without an address get which. Services share the first address until two want the same port:
 * then the later one gets the next address, since kube-proxy cannot write rules for two owners of one address and port.
 * A Service with a loadBalancerClass is another controller's, as for the load balancer of every cloud.
 * @param addresses what may be given, in order of preference; a Service for which none is free stays pending
 */
export function assignAddresses(
  services: readonly Service[],
  addresses: readonly string[],
): AddressAssignment[] {
  const balanced = services.filter(
    ({ spec }) => spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined,
  );
  const taken = new Set(balanced.flatMap((service) => frontEnds(service, addressOf(service))));
  return balanced
    .filter((service) => addressOf(service) === undefined)
    .flatMap((service) => {
      const free = (address: string) => frontEnds(service, address).every((frontEnd) => !taken.has(frontEnd));
      const address = addresses.find(free);
      if (address === undefined) return [];
      for (const frontEnd of frontEnds(service, address)) taken.add(frontEnd);
      return [{ namespace: service.metadata.namespace, name: service.metadata.name, address }];
    });
}

function addressOf({ status }: Service): string | undefined {
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

function frontEnds({ spec }: Service, address: string | undefined): string[] {
  return spec.ports.map(({ port, protocol }) => `${protocol} ${address}:${port}`);
}

/** Leave for the load balancer to see Services and to write their status. */
export function loadBalancerObjects(): ObjectAtPath[] {
  return permission('orion-testbed-load-balancer', loadBalancerUser, [
    { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['services/status'], verbs: ['patch'] },
  ]);
}

/** Gives LoadBalancer Services their addresses for as long as the process lives. */
export async function balanceLoad(api: KubernetesApi, addresses: readonly string[]): Promise<never> {
  for (;;) {
    await followServices(api, addresses).catch((error: unknown) => console.error(messageOf(error)));
    await sleep(retryMilliseconds);
  }
}

/** One list and the watch behind it; returns when the watch ends, as it does every few minutes. */
async function followServices(api: KubernetesApi, addresses: readonly string[]): Promise<void> {
  const list = listSchema.parse(await (await api.request('GET', '/api/v1/services')).json());
  const services = new Map(list.items.map((service) => [keyOf(service), service]));
  await assign(api, services, addresses);
  const from = `resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=${watchSeconds}`;
  const events = await api.request('GET', `/api/v1/services?watch=true&${from}`);
  for await (const line of createInterface({ input: events })) {
    const event = eventSchema.parse(JSON.parse(line));
    // The usual one: the version to go on from has been compacted away, and a new list is due.
    if (event.type === 'ERROR') throw new Error(line);
    const service = serviceSchema.parse(event.object);
    if (event.type === 'DELETED') services.delete(keyOf(service));
    else services.set(keyOf(service), service);
    await assign(api, services, addresses);
  }
}

async function assign(api: KubernetesApi, services: Map<string, Service>, addresses: readonly string[]) {
  for (const { namespace, name, address } of assignAddresses([...services.values()], addresses)) {
    const value = { status: { loadBalancer: { ingress: [{ ip: address }] } } };
    const path = `/api/v1/namespaces/${namespace}/services/${name}/status`;
    const answer = await api.request('PATCH', path, { type: 'application/merge-patch+json', value });
    const service = serviceSchema.parse(await answer.json());
    services.set(keyOf(service), service);
    console.log(`${namespace}/${name}: ${address}`);
  }
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`;
}
