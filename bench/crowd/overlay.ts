/** What is deployed: 1,000 Deployments of 3 pods, in one file, without Services. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type BenchOverlay, selector } from '../scale/overlay.ts';

export const workloads = 1000;
export const replicas = 3;
/** The one that crash-loops, somewhere in the middle. */
export const victim = 'service-0617';
const image = 'registry.example/bench/service:1';

export async function writeCrowd(folder: string, namespace: string): Promise<BenchOverlay> {
  const names = Array.from({ length: workloads }, (_, index) => `service-${String(index).padStart(4, '0')}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'services.yaml'),
    names.map((name) => stringify(deployment(name))).join('---\n'),
  );
  const kustomization = { namespace, resources: ['services.yaml'] };
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
  return { folder, namespace, image };
}

function deployment(name: string): object {
  const [key = '', value] = selector.split('=');
  const labels = { 'app.kubernetes.io/name': name, [key]: value };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'service',
              image,
              ports: [{ name: 'http', containerPort: 8080 }],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
            },
          ],
        },
      },
    },
  };
}
