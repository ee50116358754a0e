/**
 * Which proxy leads to a server, by HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go's clients (kubectl, Helm) read them. Source of the rules:
 * `http/httpproxy` of golang.org/x/net.
 */
import { BlockList, isIP } from 'node:net';
import { Fault } from '../../domain/failure/fault.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * URL of the proxy for `server` (`https://host:port`); undefined for none. A server on this machine never has one.
 *
 * @throws Fault `bad-input` for a variable that is not a proxy URL
 */
export function environmentProxy(server: string, env: Variables): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = variable(name, env);
  if (proxy === '') return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const target = { host, port: port || (protocol === 'https:' ? '443' : '80') };
  if (isOnThisMachine(host) || isExcepted(target, variable('NO_PROXY', env))) return undefined;
  return proxyUrl(proxy, name);
}

/** Upper case wins, as in Go. */
function variable(name: string, env: Variables): string {
  return (env[name] || env[name.toLowerCase()] || '').trim();
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isOnThisMachine(host: string): boolean {
  return host === 'localhost' || contains(loopback, host);
}

interface Target {
  /** Lower case, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: string;
}

function isExcepted(target: Target, noProxy: string): boolean {
  const entries = noProxy.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => entry !== '' && matches(target, entry));
}

/** `*`, `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1:6443`, `[fd00::1]:6443`, `example.com` (with what is below it), `.example.com` (only that). */
function matches({ host, port }: Target, entry: string): boolean {
  if (entry === '*') return true;
  const [, network = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (network !== '') return contains(subnet(network, Number(bits)), host);
  const { name, only } = splitPort(entry);
  if (name === '' || (only !== undefined && only !== port)) return false;
  if (isIP(name) !== 0) return contains(address(name), host);
  const domain = name.replace(/^\*(?=\.)/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): { name: string; only?: string } {
  const [, bracketed, port] = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: bracketed, ...(port === undefined ? {} : { only: port }) };
  const [, name, only] = /^([^:]*):(\d+)$/.exec(entry) ?? [];
  return name === undefined || only === undefined ? { name: entry } : { name, only };
}

function subnet(network: string, bits: number): BlockList {
  const list = new BlockList();
  const version = isIP(network);
  if (version !== 0 && bits <= (version === 4 ? 32 : 128)) list.addSubnet(network, bits, family(version));
  return list;
}

function address(text: string): BlockList {
  const list = new BlockList();
  list.addAddress(text, family(isIP(text)));
  return list;
}

function contains(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, family(version));
}

function family(version: number): 'ipv4' | 'ipv6' {
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** With `http://` in front where there is no scheme. Its user and password must not appear in a message. */
function proxyUrl(text: string, name: string): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && url.hostname !== '' && /^(?:https?|socks5):$/.test(url.protocol)) return url.href;
  throw new Fault(
    'bad-input',
    `The variable ${name} is not the address of a proxy.`,
    `Set ${name} to http://HOST:PORT (https and socks5 work too), or name the API server in NO_PROXY.`,
  );
}
