/** Overlays made for one test: a temporary workspace with a base and a staging overlay, as a repository would have them. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';

/** Objects as a person would write them in YAML. */
export type Manifest = Readonly<Record<string, unknown>>;

export interface ShopWorkload {
  readonly name: string;
  /** Default: a shell that sleeps. */
  readonly script?: string;
  readonly replicas?: number;
  /** Default `orion.example/sh`; its tag is set by the overlay's `images:` entry. */
  readonly image?: string;
  /** Fields of the container on top of, or in place of, the usual ones. */
  readonly container?: Manifest;
  /** Fields of the pod's spec on top of, or in place of, the usual ones. */
  readonly pod?: Manifest;
  /** Fields of the Deployment's spec on top of the usual ones. */
  readonly spec?: Manifest;
}

export interface Shop {
  readonly namespace: string;
  readonly workloads: readonly ShopWorkload[];
  /** Objects beside the workloads. */
  readonly objects?: readonly Manifest[];
  /** Fields of the overlay's kustomization on top of the usual ones. */
  readonly kustomization?: Manifest;
  /** Further files, by their path in the workspace. */
  readonly files?: Readonly<Record<string, string>>;
}

export const overlayPath = 'k8s/overlays/staging';

/** A script that is up at once, answers HTTP on port 8080 and ends at once when told to. */
export const webServer =
  "mkdir -p /tmp/www; echo fine > /tmp/www/health; trap 'exit 0' TERM; busybox httpd -f -p 8080 -h /tmp/www & wait";

/** A script that does nothing and ends at once when told to. */
export const idle = "trap 'exit 0' TERM; sleep 100000 & wait";

/** Restricted pod security lets it run. */
export const restricted = {
  runAsNonRoot: true,
  runAsUser: 65532,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

export function probe(path: string, port = 8080, more: Manifest = {}): Manifest {
  return { httpGet: { path, port }, periodSeconds: 1, ...more };
}

/** Writes the workspace and returns its path; a second call with the same folder changes the overlay as a commit would. */
export async function writeShop(shop: Shop, workspace?: string): Promise<string> {
  const folder = workspace ?? (await mkdtemp(join(tmpdir(), 'orion-shop-')));
  const files: Record<string, string> = {
    'k8s/base/kustomization.yaml': stringify({ resources: ['shop.yaml'] }),
    'k8s/base/shop.yaml': [...shop.workloads.map(deployment), ...(shop.objects ?? [])]
      .map((object) => stringify(object))
      .join('---\n'),
    [`${overlayPath}/kustomization.yaml`]: stringify({
      namespace: shop.namespace,
      resources: ['../../base'],
      images: [{ name: 'orion.example/sh', newTag: '1' }],
      ...shop.kustomization,
    }),
    ...shop.files,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

function deployment(workload: ShopWorkload): Manifest {
  const { name, script = idle, replicas = 1, image = 'orion.example/sh' } = workload;
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      ...workload.spec,
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'main', image, command: ['/bin/sh', '-c', script], ...workload.container }],
          ...workload.pod,
        },
      },
    },
  };
}

/** A StatefulSet `db` of two pods, one after the other, that run a script; `fields` are on top of the container's usual ones. */
export function statefulSet(script: string, fields: Manifest = {}): Manifest {
  const container = {
    name: 'main',
    image: 'orion.example/sh',
    command: ['/bin/sh', '-c', script],
    ...fields,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      replicas: 2,
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  };
}
