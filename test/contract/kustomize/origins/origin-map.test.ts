import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { keyOf, type ObjectReference, referenceOf } from '../../../../src/domain/kubernetes/objects.ts';
import type { FieldPath } from '../../../../src/domain/kubernetes/source-location.ts';
import { type RenderedOverlay, renderOverlay } from '../../../../src/kustomize/render-overlay.ts';

const workspace = join(import.meta.dirname, 'fixtures/shop');

let overlay: RenderedOverlay;
beforeAll(async () => {
  overlay = await renderOverlay({
    overlay: 'overlays/staging',
    workspace,
    allowRemoteBases: false,
    env: process.env,
  });
});

/** `Deployment shop-api`; a `*` at the end stands for a hash. */
function reference(title: string): ObjectReference {
  const [kind = '', name = ''] = title.split(' ');
  const found = overlay.objects.find((object) => {
    const own = object.metadata.name;
    return object.kind === kind && (name.endsWith('*') ? own.startsWith(name.slice(0, -1)) : own === name);
  });
  if (found === undefined) throw new Error(`${title} is not rendered`);
  return referenceOf(found);
}

/** The place as `file: text of the line`, so that the table below can be read beside the fixtures. */
function lineOf(title: string, path?: FieldPath): string {
  const { file, line } = overlay.locate(reference(title), path);
  const text = readFileSync(join(workspace, file), 'utf8').split('\n')[line - 1];
  return `${file}: ${text?.trim()}`;
}

function container(index: number, ...rest: FieldPath): FieldPath {
  return ['spec', 'template', 'spec', 'containers', index, ...rest];
}

const staging = 'overlays/staging/kustomization.yaml';
const base = 'base/kustomization.yaml';
const metrics = 'components/metrics/kustomization.yaml';

const placesOfFields: readonly (readonly [what: string, title: string, path: FieldPath, expected: string])[] =
  [
    ['images with a new name', 'Deployment shop-api', container(0, 'image'), `${staging}: newTag: "2.10"`],
    [
      'images with a digest, for a container that a component adds',
      'Deployment shop-api',
      container(1, 'image'),
      `${staging}: digest`,
    ],
    ['images of the base', 'Deployment shop-api', container(2, 'image'), `${base}: newTag: "5"`],
    [
      'an image that nobody changes',
      'Deployment shop-api-admin',
      container(0, 'image'),
      'base/api.yaml: image: plain:7',
    ],
    ['replicas', 'Deployment shop-api', ['spec', 'replicas'], `${staging}: count: 3`],
    [
      'the last of two patches',
      'Deployment shop-api',
      ['spec', 'minReadySeconds'],
      'overlays/staging/probes-again.yaml: minReadySeconds: 9',
    ],
    [
      'a patch file of several documents',
      'Deployment shop-api-admin',
      ['spec', 'minReadySeconds'],
      'overlays/staging/probes.yaml: minReadySeconds: 1',
    ],
    [
      'a patched field of a probe',
      'Deployment shop-api',
      container(0, 'readinessProbe', 'httpGet', 'path'),
      'overlays/staging/probes.yaml: path: /wrong',
    ],
    [
      'a probe that a patch touches',
      'Deployment shop-api',
      container(0, 'readinessProbe'),
      'overlays/staging/probes.yaml: readinessProbe:',
    ],
    [
      'a field of that probe that no patch touches',
      'Deployment shop-api',
      container(0, 'readinessProbe', 'httpGet', 'port'),
      'base/api.yaml: port: 8080',
    ],
    [
      'a variable that a patch adds',
      'Deployment shop-api',
      container(0, 'env', 1, 'value'),
      'overlays/staging/probes.yaml: value: "3"',
    ],
    [
      'a variable at another index than in its manifest',
      'Deployment shop-api',
      container(0, 'env', 3, 'valueFrom', 'secretKeyRef', 'key'),
      'base/api.yaml: key: TOKEN',
    ],
    [
      'a hashed name',
      'Deployment shop-api',
      container(0, 'env', 3, 'valueFrom', 'secretKeyRef', 'name'),
      'base/api.yaml: name: credentials',
    ],
    [
      'a replacement',
      'Deployment shop-api',
      container(0, 'env', 0, 'value'),
      `${staging}: - spec.template.spec.containers.[name=api].env.[name=SERVICE_PORT].value`,
    ],
    ['an argument', 'Deployment shop-api', container(0, 'args', 1), 'base/api.yaml: - --color'],
    [
      'an anchor',
      'Deployment shop-api',
      container(2, 'resources', 'requests', 'cpu'),
      'base/api.yaml: requests: {cpu: 10m}',
    ],
    [
      'a container at another index than in its manifest',
      'Deployment shop-api',
      container(2, 'name'),
      'base/api.yaml: - name: sidecar',
    ],
    [
      'a container that a patch adds',
      'Deployment shop-api',
      container(1, 'name'),
      `${metrics}: - name: exporter`,
    ],
    [
      'an inline patch',
      'Deployment shop-api',
      container(1, 'env', 0, 'value'),
      `${metrics}: - {name: PORT, value: "9100"}`,
    ],
    [
      'an inline JSON 6902 patch',
      'Deployment shop-api',
      ['spec', 'template', 'metadata', 'annotations', 'prometheus.io/port'],
      `${metrics}: prometheus.io/port: "9100"`,
    ],
    [
      'a JSON 6902 file with a named target',
      'Deployment shop-worker-bg',
      container(0, 'resources', 'limits', 'memory'),
      'base/worker/limits.yaml: memory: 64Mi',
    ],
    [
      'a patch that overrides a JSON 6902 patch below it',
      'Deployment shop-worker-bg',
      ['spec', 'template', 'spec', 'terminationGracePeriodSeconds'],
      'overlays/staging/slow.yaml: terminationGracePeriodSeconds: 30',
    ],
    ['labels', 'Service shop-api', ['metadata', 'labels', 'metrics'], `${metrics}: metrics: enabled`],
    [
      'labels of the manifest',
      'Deployment shop-api',
      ['spec', 'template', 'metadata', 'labels', 'app'],
      'base/api.yaml: app: api',
    ],
    [
      'annotations',
      'Deployment shop-api',
      ['spec', 'template', 'metadata', 'annotations', 'team'],
      `${staging}: team: payments`,
    ],
    ['the namespace', 'Service shop-api', ['metadata', 'namespace'], `${staging}: namespace: shop-staging`],
    [
      'a literal that the overlay overrides',
      'ConfigMap shop-settings-*',
      ['data', 'LEVEL'],
      `${staging}: - LEVEL=debug`,
    ],
    ['a literal of the base', 'ConfigMap shop-settings-*', ['data', 'REGION'], `${base}: - REGION=eu`],
    ['a file', 'ConfigMap shop-settings-*', ['data', 'motd.txt'], 'base/motd.txt: welcome'],
    [
      'a file under another key',
      'ConfigMap shop-settings-*',
      ['data', 'greeting'],
      'base/texts/hello.txt: hello',
    ],
    [
      'a line of an envs file',
      'Secret shop-credentials-*',
      ['data', 'TOKEN'],
      'base/credentials.env: TOKEN=abcdefgh=',
    ],
    [
      'a key that a generator does not have',
      'Secret shop-credentials-*',
      ['data', 'ABSENT'],
      `${base}: - name: credentials`,
    ],
    [
      'a field that is not there, nor in a patch',
      'Deployment shop-worker-bg',
      container(0, 'command'),
      'base/worker/worker.yaml: - name: main',
    ],
    [
      'a field that is not there: its nearest parent',
      'Deployment shop-api',
      container(0, 'livenessProbe', 'httpGet'),
      'overlays/staging/probes.yaml: - name: api',
    ],
    [
      'a whole container that a patch touches',
      'Deployment shop-api',
      container(0),
      'overlays/staging/probes.yaml: - name: api',
    ],
    [
      'an item of a list',
      'ServiceAccount shop-two',
      ['automountServiceAccountToken'],
      'base/list.yaml: automountServiceAccountToken: false',
    ],
    ['all of the pod', 'Deployment shop-api', ['spec', 'template', 'spec'], 'base/api.yaml: spec:'],
  ];

describe('locate', () => {
  it.each(placesOfFields)('finds %s', (_, title, path, expected) => {
    expect(lineOf(title, path)).toContain(expected);
  });

  it.each([
    ['Deployment shop-api', 'base/api.yaml', 12],
    ['Service shop-api', 'base/api.yaml', 2],
    ['Service exporter', 'components/metrics/exporter.yaml', 1],
    ['ServiceAccount shop-two', 'base/list.yaml', 8],
    ['Namespace shop-staging', 'base/namespace.yaml', 1],
    ['ConfigMap only-here-*', staging, 24],
    ['ConfigMap shop-settings-*', base, 10],
  ])('finds %s in %s', (title, file, line) => {
    expect(overlay.locate(reference(title))).toStrictEqual({ file, line });
  });

  it('answers with the kustomization when the object is not of the overlay', () => {
    const unknown = { apiVersion: 'v1', kind: 'Service', name: 'other' };
    expect(overlay.locate(unknown, ['spec'])).toStrictEqual({ file: staging, line: 1 });
  });

  it('answers with a line that exists for every field of every object', () => {
    const lengths = new Map<string, number>();
    for (const object of overlay.objects) {
      for (const path of pathsOf(object)) {
        const { file, line } = overlay.locate(referenceOf(object), path);
        const length = lengths.get(file) ?? readFileSync(join(workspace, file), 'utf8').split('\n').length;
        lengths.set(file, length);
        expect(line, `${keyOf(referenceOf(object))} ${path.join('.')}`).toBeGreaterThan(0);
        expect(line).toBeLessThanOrEqual(length);
      }
    }
  });
});

function pathsOf(value: unknown, path: FieldPath = []): FieldPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const children = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  return [path, ...children.flatMap(([segment, child]) => pathsOf(child, [...path, segment]))];
}
