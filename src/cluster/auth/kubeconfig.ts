import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { type DocumentOptions, parse as parseYaml, type SchemaOptions } from 'yaml';
import { Fault } from '../../domain/failure/fault.ts';
import { type Headers, type Impersonation, impersonationHeaders } from './impersonation.ts';

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A kubeconfig that names a cluster and a user: all of its files as one. */
export interface Kubeconfig {
  /** Merged, with a current context whose cluster and user are defined. */
  readonly config: KubeConfig;
  /** Impersonation headers; empty for none. */
  readonly impersonation: Headers;
}

/** Where a kubeconfig may come from: `loadKubeconfig` says in which order. */
export interface KubeconfigSource {
  /** Content or path; a blank value counts as absent. */
  readonly kubeconfig?: string | undefined;
  /** Instead of the current context of the files. */
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home directory, for `~/.kube/config`. */
  readonly home: string;
}

/**
 * Reads the kubeconfig that `source` means, in the order kubectl uses: the given one, `$KUBECONFIG` (a list, the
 * first definition of a name wins), `~/.kube/config`, the pod's service account. Paths in a file are relative to its
 * folder, paths in content to the working directory. Its content never appears in a message.
 *
 * @throws Fault `kubeconfig-unreadable` or `bad-input`
 */
export async function loadKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  const files = await readSources(source);
  const configs = files.map(({ config }) => config);
  const merged = await emptyConfig();
  const first = configs[0];
  merged.loadFromOptions({
    clusters: firstOfEachName(configs.flatMap((config) => config.clusters)).map(allowPlainHttp),
    users: firstOfEachName(configs.flatMap((config) => config.users)),
    contexts: firstOfEachName(configs.flatMap((config) => config.contexts)),
    currentContext: source.context || configs.find((config) => config.currentContext)?.currentContext,
  });
  if (first === undefined) throw noKubeconfig();
  requireContext(merged, source.context);
  preparePlugin(merged, source.env['PATH']);
  const user = files.flatMap(({ users }) => users).find(({ name }) => name === merged.getCurrentUser()?.name);
  return { config: merged, impersonation: impersonationHeaders(user?.user ?? {}) };
}

/** One parsed file, with its users unmodified. */
interface ReadFile {
  readonly config: KubeConfig;
  readonly users: readonly RawUser[];
}

async function readSources(source: KubeconfigSource): Promise<ReadFile[]> {
  const given = source.kubeconfig?.trim() ?? '';
  if (given !== '') {
    const isContent = given.includes('\n') || given.startsWith('{');
    return [isContent ? await parse(given, undefined) : await readConfigFile(given, 'The kubeconfig input')];
  }
  const listed = (source.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) {
    // kubectl skips files of the list that do not exist; if none exists, that is an error.
    const existing = listed.filter((path) => existsSync(path));
    const readable = existing.length > 0 ? existing : listed;
    return Promise.all(readable.map((path) => readConfigFile(path, 'KUBECONFIG')));
  }
  const inHome = join(source.home, '.kube', 'config');
  if (source.home !== '' && existsSync(inHome)) return [await readConfigFile(inHome, '~/.kube/config')];
  if (!source.env['KUBERNETES_SERVICE_HOST'] || !existsSync(serviceAccountToken)) return [];
  const inCluster = await emptyConfig();
  inCluster.loadFromCluster();
  return [{ config: inCluster, users: [] }];
}

async function readConfigFile(path: string, origin: string): Promise<ReadFile> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    // The value may be a kubeconfig in one line or in base64: it must not be printed.
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Fault(
      'kubeconfig-unreadable',
      `${origin} names a file that cannot be read (${code}).`,
      'Give the path of a readable kubeconfig, or its whole content as YAML (not base64).',
    );
  }
  return parse(content, dirname(path));
}

/** Paths inside the file are relative to its folder. */
async function parse(content: string, folder: string | undefined): Promise<ReadFile> {
  const config = await emptyConfig();
  try {
    const raw = withPaths(parseYaml(content, kubeconfigYaml), resolve(folder ?? '.'), folder !== undefined);
    config.loadFromString(JSON.stringify(raw));
    config.makePathsAbsolute(resolve(folder ?? '.'));
    return { config, users: raw.users ?? [] };
  } catch {
    // The parser's error quotes the lines around the mistake: it is dropped on purpose.
    throw new Fault(
      'kubeconfig-unreadable',
      'The kubeconfig is not valid: it is not YAML, or an entry lacks its name or server.',
      'Check it with `kubectl --kubeconfig FILE config view`, and export it again if necessary.',
    );
  }
}

/**
 * A kubeconfig contains no numbers: a name or token of digits is a string, which YAML's rules would round. Booleans
 * follow kubectl's YAML 1.1, or `insecure-skip-tls-verify: no` would be a string, which is truthy.
 */
const kubeconfigYaml: SchemaOptions & DocumentOptions = {
  version: '1.2',
  schema: 'failsafe',
  customTags: [
    {
      tag: 'tag:yaml.org,2002:null',
      default: true,
      test: /^(?:~|null|Null|NULL)?$/,
      resolve: () => null,
    },
    {
      tag: 'tag:yaml.org,2002:bool',
      default: true,
      test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
      resolve: (text: string) => /^(?:y|t|on)/i.test(text),
    },
  ],
  merge: true,
};

interface RawUser {
  readonly name?: string;
  readonly user?: Impersonation & {
    readonly tokenFile?: string;
    readonly token?: string;
    readonly exec?: { readonly command?: string };
  };
}

interface RawKubeconfig {
  readonly users?: readonly RawUser[];
}

/**
 * Adds what client-node lacks: `tokenFile` (it looks for `token-file`), which wins over `token` and is read again
 * regularly, and the command of a plugin, which is relative to the file if it contains a separator, else a name on
 * PATH.
 */
function withPaths(config: RawKubeconfig, folder: string, isFile: boolean): RawKubeconfig {
  const users = config.users?.map((entry) => {
    const { tokenFile, token, exec, ...user } = entry.user ?? {};
    const command = exec?.command;
    const place = command?.includes(sep) && isFile ? resolve(folder, command) : command;
    const path = tokenFile ? resolve(folder, tokenFile) : undefined;
    return {
      ...entry,
      user: {
        ...user,
        ...(exec ? { exec: { ...exec, command: place } } : {}),
        ...(path === undefined
          ? { token }
          : { 'auth-provider': { name: 'tokenFile', config: { tokenFile: path } } }),
      },
    };
  });
  return { ...config, ...(users === undefined ? {} : { users }) } as RawKubeconfig;
}

async function emptyConfig(): Promise<KubeConfig> {
  // Loaded lazily and by its deep path: it imports a thousand generated models (see docs/adr), and the first line of the log must not wait for them.
  const module = await import(/* webpackMode: "eager" */ '@kubernetes/client-node/dist/config.js');
  return new module.KubeConfig();
}

function requireContext(config: KubeConfig, wanted: string | undefined): void {
  if (!config.currentContext) {
    throw new Fault(
      'kubeconfig-unreadable',
      'The kubeconfig has no current context.',
      'Set the context input, or run `kubectl config use-context NAME` on the kubeconfig.',
    );
  }
  if (config.getContextObject(config.currentContext) === null) {
    throw wanted
      ? new Fault(
          'bad-input',
          'The kubeconfig has no context with the name given as context.',
          'List the names with `kubectl config get-contexts` and correct the context input.',
        )
      : new Fault(
          'kubeconfig-unreadable',
          'The current context of the kubeconfig is not defined in it.',
          'Set the context input, or run `kubectl config use-context NAME` on the kubeconfig.',
        );
  }
  if (config.getCurrentCluster() === null || config.getCurrentUser() === null) {
    throw new Fault(
      'kubeconfig-unreadable',
      'The context of the kubeconfig refers to a cluster or user that is not defined in it.',
      'Export the kubeconfig again with `kubectl config view --raw --minify`.',
    );
  }
}

/**
 * Plugins expect KUBERNETES_EXEC_INFO, which client-node does not set. A program is never run from the working
 * directory, which is the checkout: neither by a relative entry of PATH nor by a relative path in kubeconfig content.
 */
function preparePlugin(config: KubeConfig, path: string | undefined): void {
  const user = config.getCurrentUser();
  const cluster = config.getCurrentCluster();
  const plugin: unknown = user?.exec;
  if (!isPlugin(plugin) || cluster === null) return;
  if (plugin.command.includes(sep) && !isAbsolute(plugin.command)) throw noFolder();
  const details = {
    server: cluster.server,
    'certificate-authority-data': cluster.caData,
    'insecure-skip-tls-verify': cluster.skipTLSVerify,
    'tls-server-name': cluster.tlsServerName,
    'proxy-url': cluster.proxyUrl,
  };
  const info = {
    apiVersion: plugin.apiVersion ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec:
      plugin.provideClusterInfo === true ? { interactive: false, cluster: details } : { interactive: false },
  };
  const entries = path?.split(delimiter) ?? [];
  const safePath = entries.every(isAbsolute)
    ? []
    : [{ name: 'PATH', value: entries.filter(isAbsolute).join(delimiter) }];
  plugin.env = [
    ...safePath,
    ...(plugin.env ?? []),
    { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) },
  ];
}

function noFolder(): Fault {
  return new Fault(
    'kubeconfig-unreadable',
    'The kubeconfig is given as content, and its credential plugin has a relative path, which cannot be resolved.',
    'Give the path of the kubeconfig instead of its content, or use an absolute path for the program.',
  );
}

interface ExecPlugin {
  apiVersion?: string;
  command: string;
  provideClusterInfo?: boolean;
  env?: { name: string; value: string }[] | null;
}

function isPlugin(value: unknown): value is ExecPlugin {
  return typeof value === 'object' && value !== null && 'command' in value;
}

/** client-node rejects plain http unless TLS verification is off; `kubectl proxy` and test servers use it. */
function allowPlainHttp<T extends { readonly server: string }>(cluster: T): T {
  return cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster;
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

function noKubeconfig(): Fault {
  return new Fault(
    'kubeconfig-unreadable',
    'No kubeconfig found: the kubeconfig input and KUBECONFIG are empty, and ~/.kube/config does not exist.',
    'Set the kubeconfig input to the content of a kubeconfig (from a secret) or to its path.',
  );
}
