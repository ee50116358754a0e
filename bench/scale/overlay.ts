/** What is deployed: Deployments, each with a Service where the size says so, and one generated ConfigMap that all Deployments refer to. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

export interface OverlaySize {
  readonly workloads: number;
  readonly withServices: boolean;
}

/** Pods of each Deployment. */
export const replicas = 3;
export const selector = 'app.kubernetes.io/part-of=bench';
const image = 'registry.example/bench/service';

/** A folder with a kustomization; `tag` of the images sets first install and update apart. */
export interface BenchOverlay {
  readonly folder: string;
  readonly namespace: string;
  readonly image: string;
  /** The number of its Deployments. */
  readonly workloads: number;
}

/** `service-0007`, the Deployment with this index. */
export function workloadName(index: number): string {
  return `service-${String(index).padStart(4, '0')}`;
}

export async function writeOverlay(
  folder: string,
  namespace: string,
  { workloads, withServices, tag }: OverlaySize & { readonly tag: string },
): Promise<BenchOverlay> {
  const names = Array.from({ length: workloads }, (_, index) => workloadName(index));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace,
    resources: names.map((name) => `${name}.yaml`),
    configMapGenerator: [{ name: 'settings', literals: ['LOG_LEVEL=info', 'REGION=north'] }],
    images: [{ name: image, newTag: tag }],
  };
  await mkdir(folder, { recursive: true });
  await Promise.all(
    names.map((name) =>
      writeFile(
        join(folder, `${name}.yaml`),
        [deployment(name), ...(withServices ? [service(name)] : [])]
          .map((object) => stringify(object))
          .join('---\n'),
      ),
    ),
  );
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
  return { folder, namespace, image: `${image}:${tag}`, workloads };
}

function labels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'bench' };
}

function deployment(name: string): object {
  const probe = (path: string) => ({ httpGet: { path, port: 'http' }, periodSeconds: 5 });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: labels(name) },
    spec: {
      replicas,
      selector: { matchLabels: labels(name) },
      template: {
        metadata: { labels: labels(name), annotations: { 'prometheus.io/scrape': 'true' } },
        spec: {
          containers: [
            {
              name: 'service',
              image,
              ports: [{ name: 'http', containerPort: 8080 }],
              envFrom: [{ configMapRef: { name: 'settings' } }],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
              livenessProbe: probe('/health'),
              readinessProbe: probe('/ready'),
            },
          ],
        },
      },
    },
  };
}

function service(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: labels(name) },
    spec: { selector: labels(name), ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
}
