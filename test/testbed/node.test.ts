import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Cluster, startCluster, stopCluster } from '../../testbed/cluster.ts';
import { listProcesses } from '../../testbed/control-plane/processes.ts';
import { realNodeSupport, startNode, stopNode, trustRegistry } from '../../testbed/node/node.ts';
import { waitFor } from '../../testbed/node/wait.ts';
import { type Registry, startRegistry } from '../../testbed/registry/registry.ts';
import { machineTraces } from './node-machine.ts';
import { nodeImage, type Pod, PodClient, writeNodeImage } from './node-pods.ts';

const support = realNodeSupport();
// Binaries may have to be built first, on a machine that has none.
const startTimeout = 1_800_000;
// Longer than waitFor's own limit, whose message says more.
const timeout = 90_000;

const nodeSchema = z.object({
  spec: z.object({ taints: z.array(z.unknown()).default([]) }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })) }),
});
const serviceSchema = z.object({
  status: z.object({ loadBalancer: z.object({ ingress: z.tuple([z.object({ ip: z.string() })]) }) }),
});
const eventsSchema = z.object({ items: z.array(z.object({ message: z.string() })) });

let folder: string;
let archive: string;
let registryArchive: string;
let tracesBefore: Set<string>;
let cluster: Cluster;
let client: PodClient;
let registry: Registry;

function podsAndServices(): void {
  test('is Ready, without taints or pressure', async () => {
    const { spec, status } = nodeSchema.parse(
      JSON.parse(await client.request('GET', '/api/v1/nodes/orion-node')),
    );
    expect(spec.taints).toEqual([]);
    expect(status.conditions.filter((it) => it.status === 'True').map((it) => it.type)).toEqual(['Ready']);
  });

  test(
    'runs a pod, and logs and exec work through the API server',
    async () => {
      await client.createPod('talker');
      await client.ready('talker');
      expect(await client.exec('talker', ['/bin/node', '-p', '6 * 7'])).toBe('42\n');
      await client.exec('talker', ['/bin/node', '-e', "fetch('http://127.0.0.1:8080/hello')"]);
      await waitFor('the log', async () => {
        const log = await client.request('GET', '/api/v1/namespaces/default/pods/talker/log');
        return log.includes('asked for /hello');
      });
    },
    timeout,
  );

  test(
    'a pod reaches another, and itself, by the name of a Service',
    async () => {
      const pods = ['caller', 'callee'];
      await Promise.all(pods.map((name) => client.createPod(name)));
      // Not by the pod's own name, which it would find in its /etc/hosts.
      await Promise.all(pods.map((name) => client.createService(`to-${name}`, name, 'ClusterIP')));
      await Promise.all(pods.map((name) => client.ready(name)));
      const fetchFrom = (host: string) =>
        client.exec('caller', [
          '/bin/node',
          '-e',
          `fetch('http://${host}').then((it) => it.text()).then(console.log)`,
        ]);
      for (const host of ['to-callee', 'to-callee.default.svc.cluster.local', 'to-caller']) {
        const answer = host.startsWith('to-callee') ? 'callee\n' : 'caller\n';
        await waitFor(`an answer of ${host}`, async () => (await fetchFrom(host)) === answer);
      }
    },
    timeout,
  );

  test(
    'load balancers get addresses that answer, two of one port different ones',
    async () => {
      const names = ['front', 'back'];
      await Promise.all(names.map((name) => client.createPod(name)));
      await Promise.all(names.map((name) => client.createService(name, name, 'LoadBalancer')));
      await Promise.all(names.map((name) => client.ready(name)));
      const addresses: string[] = [];
      for (const name of names) {
        await waitFor(`the load balancer ${name} to answer`, async () => {
          const service = await client.request('GET', `/api/v1/namespaces/default/services/${name}`);
          const { ip } = serviceSchema.parse(JSON.parse(service)).status.loadBalancer.ingress[0];
          addresses.push(ip);
          return (await (await fetch(`http://${ip}/`)).text()) === name;
        });
      }
      expect(new Set(addresses)).toEqual(new Set(['10.250.0.1', '10.250.0.2']));
    },
    timeout,
  );
}

function imagesOfRegistries(): void {
  test(
    'runs an image from a registry over plain HTTP',
    async () => {
      await client.createPod('pulled', `${registry.address}/orion/node:1`);
      await client.ready('pulled');
      expect(registry.requests.every(({ status }) => status === 200)).toBe(true);
      const fetched = registry.requests.filter(({ method, kind }) => method === 'GET' && kind === 'blobs');
      expect(fetched.length).toBeGreaterThanOrEqual(2);
    },
    timeout,
  );

  const failures = [
    [401, 'pull access denied, repository does not exist or may require authorization'],
    [403, '403 Forbidden'],
    [404, 'not found'],
    [429, '429 Too Many Requests'],
    [503, '503 Service Unavailable'],
  ] as const;

  test.concurrent.each(failures)(
    'words a pull that is answered %i as kubelets do',
    async (status, words) => {
      const name = `refused-${status}`;
      registry.fail(`orion/${name}`, status);
      await client.createPod(name, `${registry.address}/orion/${name}:1`);
      const message = (pod: Pod) => pod.status.containerStatuses[0]?.state.waiting?.message ?? '';
      await client.pod(name, `wait because of ${words}`, (pod) => message(pod).includes(words));
      const selector = `fieldSelector=involvedObject.name=${name},reason=Failed`;
      const events = await client.request('GET', `/api/v1/namespaces/default/events?${selector}`);
      expect(
        eventsSchema
          .parse(JSON.parse(events))
          .items.map((it) => it.message)
          .join('\n'),
      ).toContain(words);
    },
    timeout,
  );
}

describe.skipIf(!support.supported)('a real node', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orion-node-test-'));
    archive = join(folder, 'node.tar');
    registryArchive = join(folder, 'registry.tar');
    await stopNode(folder);
    tracesBefore = await machineTraces(folder);
    registry = await startRegistry();
    [cluster] = await Promise.all([
      startCluster({ stateDirectory: folder, node: 'real' }),
      writeNodeImage(archive),
      // With a layer of its own, or the node would have everything but the manifest already.
      writeNodeImage(registryArchive, [{ to: '/from-registry', content: 'a layer that must be pulled' }]),
    ]);
    client = new PodClient(cluster.kubeconfig);
    await Promise.all([cluster.loadImage(archive), trustRegistry(folder, registry.address)]);
    await registry.addImage('orion/node', '1', registryArchive);
  }, startTimeout);

  afterAll(async () => {
    await stopCluster(folder);
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, timeout);

  describe('its pods and Services', podsAndServices);
  describe('its images of registries', imagesOfRegistries);

  test(
    'is the only one on its machine',
    async () => {
      const other = join(folder, 'other');
      const { controlPlane } = cluster;
      const second = startNode({ stateDirectory: other, controlPlane, log: () => {} });
      await expect(second).rejects.toThrow(`A real node of the testbed in ${folder} runs on this machine`);
      await stopNode(other);
      await client.ready('talker');
    },
    timeout,
  );

  test(
    'starts again after everything was killed',
    async () => {
      for (const { pid } of listProcesses(folder)) process.kill(pid, 'SIGKILL');
      cluster = await startCluster({ stateDirectory: folder, node: 'real' });
      client = new PodClient(cluster.kubeconfig);
      await cluster.loadImage(archive);
      await client.createPod('again', nodeImage);
      await client.ready('again');
    },
    timeout,
  );

  test(
    'leaves nothing when it stops',
    async () => {
      const running = await machineTraces(folder);
      expect([...running].filter((trace) => !tracesBefore.has(trace)).length).toBeGreaterThan(10);
      await cluster.stop();
      const left = [...(await machineTraces(folder))].filter((trace) => !tracesBefore.has(trace));
      expect(left).toEqual([]);
    },
    timeout,
  );
});

test.runIf(!support.supported)('where a real node cannot run, starting one says why', async () => {
  const started = startCluster({ stateDirectory: join(tmpdir(), 'orion-none'), node: 'real' });
  await expect(started).rejects.toThrow('Use hollow nodes (--hollow).');
});
