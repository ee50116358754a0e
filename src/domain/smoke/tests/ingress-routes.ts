/** Hosts of Ingresses and Gateways that send a path to a Service as it is: where users come in. Pure. */
import { listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';

/** What leads to the Services of a namespace from elsewhere. */
export interface Entrances {
  readonly ingresses: readonly KubernetesObject[];
  /** HTTPRoutes, and the Gateways that they name. */
  readonly httpRoutes: readonly KubernetesObject[];
  readonly gateways: readonly KubernetesObject[];
  /** We run in a pod of this cluster ourselves: its ClusterIPs are ours. */
  readonly isInside: boolean;
}

export const noEntrances: Entrances = { ingresses: [], httpRoutes: [], gateways: [], isInside: false };

interface Entrance {
  readonly route: 'ingress' | 'gateway';
  readonly scheme: 'http' | 'https';
  /** Where it is dialled: the address in the status, else the host by DNS. */
  readonly address: string;
  readonly port: number;
  /** What callers name; absent: none in particular, the address is as good. */
  readonly host?: string;
}

/** One rule of any of them. */
interface Rule extends Entrance {
  readonly path: string;
  readonly exact: boolean;
  /** Absent: the answer is not that of a Service alone, or not to the path that was asked for. */
  readonly backend?: { readonly service: string; readonly port: string | number };
}

interface Wanted {
  readonly service: string;
  readonly namespace: string;
  /** The Service's port and what it calls it. */
  readonly port: number;
  readonly portName?: string;
  readonly path: string;
}

/** Those whose longest matching rule leads to this port of this Service, one of each host. */
export function entrancesTo(wanted: Wanted, entrances: Entrances): readonly Entrance[] {
  const path = wanted.path.replace(/[?#].*$/s, '');
  const rules = [
    ...entrances.ingresses.flatMap(ingressRules),
    ...entrances.httpRoutes.flatMap((one) => gatewayRules(one, entrances.gateways, wanted.namespace)),
  ];
  const matching = rules.filter((rule) => matches(rule, path));
  const hosts = Map.groupBy(matching, ({ scheme, address, port, host }) =>
    JSON.stringify([scheme, address, port, host]),
  );
  return [...hosts.values()].flatMap((group) => {
    const [best] = group.toSorted((one, other) => rank(other) - rank(one));
    if (best === undefined || !leadsTo(best, wanted)) return [];
    const { route, scheme, address, port, host } = best;
    return [{ route, scheme, address, port, ...(host === undefined ? {} : { host }) }];
  });
}

function rank({ path, exact }: Rule): number {
  return 2 * path.length + (exact ? 1 : 0);
}

function leadsTo({ backend }: Rule, { service, port, portName }: Wanted): boolean {
  return backend?.service === service && (backend.port === port || backend.port === portName);
}

/** By elements, as both APIs say of prefixes: `/shop` is none of `/shopping`. */
function matches({ path, exact }: Rule, asked: string): boolean {
  if (exact) return path === asked;
  const prefix = path.replace(/\/+$/, '');
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

/** Annotations by which controllers change paths, ask who it is, or answer themselves. */
const altering = /rewrite|snippet|app-root|redirect|middlewares|auth-|\/auth|canary|conditions\.|actions\./i;

function ingressRules(ingress: KubernetesObject): readonly Rule[] {
  const balancer = listAt(ingress, 'status', 'loadBalancer', 'ingress')[0];
  const given = textAt(balancer, 'ip') ?? textAt(balancer, 'hostname');
  const altered = Object.keys(ingress.metadata.annotations ?? {}).some((name) => altering.test(name));
  const tlsHosts = listAt(ingress, 'spec', 'tls').flatMap((one) => listAt(one, 'hosts'));
  return listAt(ingress, 'spec', 'rules').flatMap((rule) => {
    const host = textAt(rule, 'host');
    const address = given ?? host;
    if (address === undefined || host?.startsWith('*') === true) return [];
    const isTls = tlsHosts.some((one) => one === host || `*.${host?.replace(/^[^.]*\./, '')}` === one);
    return listAt(rule, 'http', 'paths').flatMap((one): Rule[] => {
      const path = textAt(one, 'path') ?? '/';
      // What the controller makes of it is its own affair: only a plain prefix is understood.
      if (textAt(one, 'pathType') === 'ImplementationSpecific' && /[^\w/.~-]/.test(path)) return [];
      const service = textAt(one, 'backend', 'service', 'name');
      const port =
        numberAt(one, 'backend', 'service', 'port', 'number') ??
        textAt(one, 'backend', 'service', 'port', 'name');
      return [
        {
          route: 'ingress',
          scheme: isTls ? 'https' : 'http',
          address,
          port: isTls ? 443 : 80,
          ...(host === undefined ? {} : { host }),
          path,
          exact: textAt(one, 'pathType') === 'Exact',
          ...(altered || service === undefined || port === undefined ? {} : { backend: { service, port } }),
        },
      ];
    });
  });
}

function gatewayRules(
  route: KubernetesObject,
  gateways: readonly KubernetesObject[],
  namespace: string,
): readonly Rule[] {
  const names = listAt(route, 'spec', 'hostnames').filter((name) => typeof name === 'string');
  return listAt(route, 'spec', 'parentRefs').flatMap((parent) => {
    const listener = listenerOf(parent, gateways, namespace);
    if (listener === undefined) return [];
    const { hostname, ...at } = listener;
    const plain = [...names, ...(names.length === 0 && hostname !== undefined ? [hostname] : [])];
    const hosts = plain.filter((name) => !name.startsWith('*'));
    const listed = plain.length === 0 ? [undefined] : hosts;
    return listed.flatMap((host) =>
      listAt(route, 'spec', 'rules').flatMap((rule) =>
        pathsOf(rule).map(
          (match): Rule => ({
            route: 'gateway',
            ...at,
            ...(host === undefined ? {} : { host }),
            ...match,
            ...backendOf(rule, match.plain, namespace),
          }),
        ),
      ),
    );
  });
}

/** The parents that an HTTPRoute names, by namespace and name. */
export function parentsOf(
  route: KubernetesObject,
  namespace: string,
): readonly { readonly namespace: string; readonly name: string }[] {
  return listAt(route, 'spec', 'parentRefs').flatMap((one) => {
    const name = textAt(one, 'name');
    const isGateway = (textAt(one, 'kind') ?? 'Gateway') === 'Gateway';
    return name === undefined || !isGateway
      ? []
      : [{ namespace: textAt(one, 'namespace') ?? namespace, name }];
  });
}

interface Listener extends Pick<Entrance, 'scheme' | 'address' | 'port'> {
  readonly hostname?: string;
}

function listenerOf(
  parent: unknown,
  gateways: readonly KubernetesObject[],
  namespace: string,
): Listener | undefined {
  const gateway = gateways.find(
    ({ metadata }) =>
      metadata.name === textAt(parent, 'name') &&
      metadata.namespace === (textAt(parent, 'namespace') ?? namespace),
  );
  const section = textAt(parent, 'sectionName');
  const listener = listAt(gateway, 'spec', 'listeners').find(
    (one) =>
      ['HTTP', 'HTTPS'].includes(textAt(one, 'protocol') ?? '') &&
      (section === undefined || textAt(one, 'name') === section) &&
      (numberAt(parent, 'port') ?? numberAt(one, 'port')) === numberAt(one, 'port'),
  );
  const address = textAt(listAt(gateway, 'status', 'addresses')[0], 'value');
  const port = numberAt(listener, 'port');
  if (address === undefined || port === undefined) return undefined;
  const hostname = textAt(listener, 'hostname');
  const scheme = textAt(listener, 'protocol') === 'HTTPS' ? 'https' : 'http';
  return { scheme, address, port, ...(hostname === undefined ? {} : { hostname }) };
}

interface PathMatch extends Pick<Rule, 'path' | 'exact'> {
  /** Nothing but the path decides. */
  readonly plain: boolean;
}

function pathsOf(rule: unknown): readonly PathMatch[] {
  const given = listAt(rule, 'matches');
  return (given.length === 0 ? [{}] : given).map((match) => {
    const type = textAt(match, 'path', 'type') ?? 'PathPrefix';
    const others = ['headers', 'queryParams'].some((field) => listAt(match, field).length > 0);
    return {
      path: textAt(match, 'path', 'value') ?? '/',
      exact: type === 'Exact',
      plain: !others && textAt(match, 'method') === undefined && type !== 'RegularExpression',
    };
  });
}

/** Filters that change the path or answer themselves, and rules that share callers out, lead to no Service for sure. */
function backendOf(rule: unknown, plain: boolean, namespace: string): Pick<Rule, 'backend'> {
  const filters = listAt(rule, 'filters').map((filter) => textAt(filter, 'type'));
  const harmless = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror'];
  const [backend, ...more] = listAt(rule, 'backendRefs');
  const service = textAt(backend, 'name');
  const port = numberAt(backend, 'port');
  const isOurs =
    (textAt(backend, 'kind') ?? 'Service') === 'Service' &&
    (textAt(backend, 'namespace') ?? namespace) === namespace;
  const clear =
    plain && isOurs && more.length === 0 && filters.every((type) => harmless.includes(type ?? ''));
  return clear && service !== undefined && port !== undefined ? { backend: { service, port } } : {};
}
