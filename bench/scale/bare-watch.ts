/**
 * The rival for the time to a verdict: the least that can know. It lists Deployments, watches them, and says the name of
 * the one that completed the set, once all run the wanted image and are done as `kubectl rollout status` understands it.
 * A process of its own, without code of src: node bare-watch.ts KUBECONFIG NAMESPACE IMAGE COUNT
 */
import { readFileSync } from 'node:fs';
import { Agent, get, type RequestOptions } from 'node:https';
import { parse } from 'yaml';

interface Deployment {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

const [kubeconfig = '', namespace = '', image = '', count = ''] = process.argv.slice(2);
const connection = connectionOf(readFileSync(kubeconfig, 'utf8'));
const done = new Set<string>();

function connectionOf(text: string): RequestOptions & { readonly server: string } {
  const { clusters, users } = parse(text) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const decoded = (value = ''): Buffer => Buffer.from(value, 'base64');
  const tls = {
    ca: decoded(clusters[0].cluster['certificate-authority-data']),
    cert: decoded(users[0].user['client-certificate-data']),
    key: decoded(users[0].user['client-key-data']),
  };
  return {
    ...tls,
    agent: new Agent({ ...tls, keepAlive: true }),
    server: clusters[0].cluster['server'] ?? '',
  };
}

function isDone({ metadata, spec, status }: Deployment): boolean {
  return (
    spec.template.spec.containers[0]?.image === image &&
    (status.observedGeneration ?? 0) >= metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  );
}

function look(deployment: Deployment): void {
  const { name } = deployment.metadata;
  if (isDone(deployment)) done.add(name);
  else done.delete(name);
  if (done.size !== Number(count)) return;
  process.stdout.write(`complete ${name}\n`, () => process.exit(0));
}

const path = `${connection.server}/apis/apps/v1/namespaces/${namespace}/deployments`;

function watch(resourceVersion: string): void {
  get(
    `${path}?watch=true&resourceVersion=${resourceVersion}`,
    { ...connection, headers: { 'user-agent': 'bare-watch' } },
    (answer) => {
      process.stdout.write('watching\n');
      let held = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = (held + text).split('\n');
        held = lines.pop() ?? '';
        for (const line of lines) look((JSON.parse(line) as { object: Deployment }).object);
      });
      // The server closes a watch whose reader falls behind on a busy machine.
      answer.on('end', list);
    },
  );
}

function list(): void {
  get(path, { ...connection, headers: { 'user-agent': 'bare-watch' } }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    answer.on('end', () => {
      const { metadata, items } = JSON.parse(text) as {
        metadata: { resourceVersion: string };
        items: readonly Deployment[];
      };
      for (const item of items) look(item);
      watch(metadata.resourceVersion);
    });
  });
}

list();
