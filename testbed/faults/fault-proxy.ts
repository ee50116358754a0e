/** A proxy before a real API server that does to its clients what networks, load balancers and busy servers do. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import {
  countingSelection,
  type Fault,
  type FaultInput,
  faultSchema,
  matches,
  type RequestFacts,
  type RequestFault,
  waitsForRequests,
} from './fault.ts';
import { type Link, type LinkListener, listenForLinks } from './links.ts';
import { startTerminator, type Terminator } from './terminator.ts';

export interface FaultProxyOptions {
  readonly controlPlane: Pick<
    ControlPlane,
    'server' | 'stateDirectory' | 'certificateAuthority' | 'issueServerCertificate' | 'issueClientCertificate'
  >;
  /** The user that the API server sees, whoever comes through the proxy. Default `fault-proxy`. */
  readonly user?: string;
  /** Default: system:masters. */
  readonly groups?: readonly string[];
}

/** One request that came through, in the order of their answers. */
export interface ProxiedRequest extends RequestFacts {
  /** Milliseconds since the epoch at which its answer began or its fault struck. */
  readonly at: number;
  /** Undefined when the fault left it without an answer. */
  readonly status: number | undefined;
  readonly fault: RequestFault['type'] | undefined;
}

export interface FaultProxy {
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** Path of an administrator's kubeconfig that leads through the proxy, with a bearer token. Any token is let in. */
  readonly kubeconfig: string;
  /** Adds a fault to those that are there. @throws ZodError for one that is none */
  inject(fault: FaultInput): void;
  /** Ends every fault; what was stalled goes on. */
  heal(): void;
  requests(): readonly ProxiedRequest[];
  stop(): Promise<void>;
}

/** A fault that waits for requests, and whether it hits one of them; asking counts. */
interface ActiveFault {
  readonly fault: RequestFault;
  readonly hits: (request: RequestFacts) => boolean;
}

/** Both halves of the proxy, and the faults that they have now. */
interface Proxy {
  readonly listener: LinkListener;
  readonly terminator: Terminator;
  readonly active: ActiveFault[];
  /** What ends faults after their time. */
  readonly timers: Set<NodeJS.Timeout>;
}

/**
 * Starts a proxy on a free port of 127.0.0.1. It ends TLS with a certificate of the cluster's authority (HTTP/2 and
 * HTTP/1.1), so it can fail single requests; connections are broken one layer below, where no TLS is sent to say so.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { controlPlane, user = 'fault-proxy', groups = ['system:masters'] } = options;
  // Several may start at once, each with files of its own.
  const name = `fault-proxy-${randomBytes(4).toString('hex')}`;
  const authority = await readFile(controlPlane.certificateAuthority.certificate, 'utf8');
  const active: ActiveFault[] = [];
  const seen: ProxiedRequest[] = [];

  const terminator = await startTerminator({
    target: controlPlane.server,
    authority,
    server: await pairOf(await controlPlane.issueServerCertificate(name, ['127.0.0.1', 'localhost'])),
    client: await pairOf(await controlPlane.issueClientCertificate(`${name}-client`, user, groups)),
    faultFor: (request) => active.find(({ hits }) => hits(request))?.fault,
    linkOf: (port) => listener.linkOf(port),
    onRequest: (request, status, fault) =>
      seen.push({ ...request, at: Date.now(), status, fault: fault?.type }),
  });
  const listener = await listenForLinks({ host: '127.0.0.1', port: terminator.port });
  const server = `https://127.0.0.1:${listener.port}`;
  const proxy: Proxy = { listener, terminator, active, timers: new Set() };

  return {
    server,
    kubeconfig: await writeKubeconfig(controlPlane.stateDirectory, listener.port, server, authority),
    inject: (fault) => strike(proxy, faultSchema.parse(fault)),
    heal: () => heal(proxy),
    requests: () => [...seen],
    async stop() {
      heal(proxy);
      await Promise.all([listener.stop(), terminator.stop()]);
    },
  };
}

async function pairOf({ certificate, key }: { certificate: string; key: string }) {
  return { cert: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
}

function strike(proxy: Proxy, fault: Fault): void {
  if (fault.type === 'partition') partition(proxy, fault);
  else if (fault.type === 'gone' || fault.type === 'end') endWatches(proxy, fault);
  else if (fault.type === 'status' || waitsForRequests(fault)) onRequests(proxy, fault);
  else strikeLinks(proxy, fault);
}

function partition(proxy: Proxy, { new: treatment, seconds }: Extract<Fault, { type: 'partition' }>): void {
  const stall = (link: Link) => link.stall();
  onLinks(proxy, stall, treatment === 'refuse' ? (link) => link.reset() : stall, seconds);
}

function endWatches(proxy: Proxy, fault: Extract<Fault, { type: 'gone' | 'end' }>): void {
  for (const watch of proxy.terminator.watches) {
    if (matches(fault, watch.request)) watch.end(fault.type === 'gone');
  }
  // Those that are opened from now on; without a number of times or seconds, only the running ones are meant.
  if (fault.times !== undefined || fault.seconds !== undefined)
    onRequests(proxy, { verb: 'watch', ...fault });
}

function strikeLinks(proxy: Proxy, fault: Extract<Fault, { type: 'reset' | 'stall' | 'slow' }>): void {
  if (fault.type === 'reset') onLinks(proxy, (link) => link.reset(), undefined);
  else if (fault.type === 'stall') onLinks(proxy, (link) => link.stall(), undefined, fault.seconds);
  else {
    const slow = (link: Link) => link.slowDown(fault.bytesPerSecond);
    onLinks(proxy, slow, slow, fault.seconds);
  }
}

function onRequests(proxy: Proxy, fault: RequestFault): void {
  const { active } = proxy;
  const entry = { fault, hits: countingSelection(fault) };
  active.push(entry);
  later(proxy, fault.seconds, () => active.splice(active.indexOf(entry), 1));
}

/** Does it to the connections that are there and, for some faults, to new ones; over again after its time. */
function onLinks(
  proxy: Proxy,
  now: (link: Link) => void,
  onNew: ((link: Link) => void) | undefined,
  seconds?: number,
): void {
  const { listener } = proxy;
  const hit = [...listener.links];
  for (const link of hit) now(link);
  if (onNew !== undefined) {
    listener.onConnect((link) => {
      hit.push(link);
      onNew(link);
    });
  }
  later(proxy, seconds, () => {
    if (onNew !== undefined) listener.onConnect(undefined);
    for (const link of hit) link.resume();
  });
}

function later({ timers }: Proxy, seconds: number | undefined, action: () => void): void {
  if (seconds === undefined) return;
  const timer = setTimeout(() => {
    timers.delete(timer);
    action();
  }, seconds * 1000);
  timers.add(timer);
}

function heal({ timers, active, listener }: Proxy): void {
  for (const timer of timers) clearTimeout(timer);
  timers.clear();
  active.length = 0;
  listener.onConnect(undefined);
  for (const link of listener.links) link.resume();
}

async function writeKubeconfig(
  stateDirectory: string,
  port: number,
  server: string,
  authority: string,
): Promise<string> {
  const name = 'fault-proxy';
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [{ name, user: { token: randomBytes(16).toString('hex') } }],
  };
  const folder = join(stateDirectory, 'kubeconfigs');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}-${port}.yaml`);
  await writeFile(path, stringify(kubeconfig), { mode: 0o600 });
  return path;
}
