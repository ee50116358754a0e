import { copyFile, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FieldPath } from '../../../src/domain/kubernetes/source-location.ts';
import { type RenderedOverlay, renderOverlay } from '../../../src/kustomize/render-overlay.ts';

let workspace: string;
const overlays = new Map<string, RenderedOverlay>();

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'orion-example-'));
  await cp(join(import.meta.dirname, '../../../examples/orion/k8s'), join(workspace, 'k8s'), {
    recursive: true,
  });
  for (const name of ['staging', 'production']) {
    const overlay = `k8s/overlays/${name}`;
    await copyFile(join(workspace, overlay, 'secrets.env.template'), join(workspace, overlay, 'secrets.env'));
    overlays.set(
      name,
      await renderOverlay({ overlay, workspace, allowRemoteBases: false, env: process.env }),
    );
  }
});
afterAll(() => rm(workspace, { recursive: true }));

/** The place as `file: text of the line`. */
async function lineOf(environment: string, kind: string, name: RegExp, path?: FieldPath): Promise<string> {
  const overlay = overlays.get(environment);
  const object = overlay?.objects.find((item) => item.kind === kind && name.test(item.metadata.name));
  if (overlay === undefined || object === undefined) throw new Error(`no ${kind} ${name} in ${environment}`);
  const { metadata, apiVersion } = object;
  const place = overlay.locate(
    { apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? '' },
    path,
  );
  const text = (await readFile(join(workspace, place.file), 'utf8')).split('\n')[place.line - 1];
  return `${place.file}: ${text?.trim()}`;
}

function container(...rest: FieldPath): FieldPath {
  return ['spec', 'template', 'spec', 'containers', 0, ...rest];
}

describe.each(['staging', 'production'])('the example, %s', (environment) => {
  const folder = `k8s/overlays/${environment}`;

  it.each<readonly [kind: string, name: RegExp, path: FieldPath, expected: string]>([
    ['Deployment', /^auth$/, container('image'), `${folder}/kustomization.yaml: newTag: "`],
    ['StatefulSet', /^postgres$/, container('image'), `${folder}/kustomization.yaml: newTag: "15"`],
    ['Deployment', /^user$/, ['spec', 'replicas'], `${folder}/kustomization.yaml: - { name: user, count: `],
    ['Deployment', /^auth$/, container('readinessProbe'), 'k8s/base/service-pod.yaml: readinessProbe:'],
    ['Deployment', /^auth$/, container(), 'k8s/base/auth.yaml: - name: service'],
    ['Deployment', /^gateway$/, [], 'k8s/base/gateway.yaml: apiVersion: apps/v1'],
    ['Secret', /^orion-secrets-/, ['data', 'TOKEN_KEY'], `${folder}/secrets.env: TOKEN_KEY=changeme`],
    ['Secret', /^orion-secrets-/, [], `${folder}/kustomization.yaml: - name: orion-secrets`],
    ['ConfigMap', /^orion-settings-/, ['data', 'LOG_LEVEL'], 'k8s/base/settings.env: LOG_LEVEL='],
    [
      'Namespace',
      /./,
      ['metadata', 'labels', 'orion.dev/environment'],
      `${folder}/namespace.yaml: orion.dev/environment: ${environment}`,
    ],
  ])('%s %s %j is traced', async (kind, name, path, expected) => {
    expect(await lineOf(environment, kind, name, path)).toContain(expected);
  });

  it('traces the reference to a Secret to the service that needs it', async () => {
    const objects = overlays.get(environment)?.objects ?? [];
    const auth = objects.find((item) => item.kind === 'Deployment' && item.metadata.name === 'auth');
    const spec = auth?.['spec'] as { template: { spec: { containers: { env: { name: string }[] }[] } } };
    const index =
      spec.template.spec.containers[0]?.env.findIndex((variable) => variable.name === 'TOKEN_KEY') ?? -1;
    const path = container('env', index, 'valueFrom', 'secretKeyRef', 'key');
    expect(await lineOf(environment, 'Deployment', /^auth$/, path)).toBe(
      'k8s/base/auth.yaml: secretKeyRef: { name: orion-secrets, key: TOKEN_KEY }',
    );
  });
});
