/** Scenario 35 on the real node: a definition and its object in one overlay, and what the object's controller says of it. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
  until,
} from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';

let deployer: Deployer;
const namespaces: string[] = [];
const definitions: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('engine-custom', inject('stateDirectory'), 'deploy-staging', {
    makesNamespaces: true,
    also: [
      rulesFor('apiextensions.k8s.io', ['customresourcedefinitions'], 'watch'),
      rulesFor('*', ['widgets'], 'watch'),
    ],
  });
});

afterAll(async () => {
  const apiVersion = 'apiextensions.k8s.io/v1';
  const kind = 'CustomResourceDefinition';
  await Promise.all(definitions.map((name) => deployer.api.delete({ apiVersion, kind, name })));
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

function definition(group: string): Manifest {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
        },
      ],
    },
  };
}

/** Deploys a definition with one object of it; a "controller" writes the condition, if any, once the object is there. */
async function deployWidget(name: string, condition?: Manifest, inputs: Inputs = {}) {
  const group = `${name}.engine.orion.test`;
  const namespace = `engine-${name}`;
  namespaces.push(namespace);
  definitions.push(`widgets.${group}`);
  const apiVersion = `${group}/v1`;
  const widget = { apiVersion, kind: 'Widget', metadata: { name: 'main' }, spec: { size: 3 } };
  const workspace = await writeShop({
    namespace,
    workloads: [{ name: 'web' }],
    objects: [definition(group), widget],
    files: { 'orion.yaml': `cluster-scoped: [CustomResourceDefinition/widgets.${group}]\n` },
  });
  const running = await deployer.start(workspace, inputs);
  if (condition !== undefined) {
    const live = await until('the object', () =>
      deployer.api.get({ apiVersion, kind: 'Widget', namespace, name: 'main' }).catch(() => undefined),
    );
    const status = { observedGeneration: live.metadata.generation ?? 1, conditions: [condition] };
    await deployer.api.transport.request({
      method: 'PATCH',
      path: `/apis/${apiVersion}/namespaces/${namespace}/widgets/main/status`,
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  }
  return running.result;
}

describe.concurrent('a definition and its object in one overlay', () => {
  test('whose object says nothing is sound', async () => {
    const step = await deployWidget('silent');
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
    expect(step.summary).toContain('Widget');
  });

  test('whose object is ready is sound', async () => {
    const step = await deployWidget('ready', { type: 'Ready', status: 'True', reason: 'Up', message: '' });
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  });

  test('whose object stalls is broken at once, in its own words', async () => {
    const message = 'size 3 is not allowed';
    const step = await deployWidget('stalled', {
      type: 'Stalled',
      status: 'True',
      reason: 'Refused',
      message,
    });
    expect(step.outputs, step.output).toMatchObject({ reason: 'object-failed', 'exit-code': '2' });
    for (const text of [step.output, step.summary]) expect(text).toContain(message);
  });

  test('whose object never gets ready has the timeout, and its condition is told', async () => {
    const message = 'waits for a disk';
    const condition = { type: 'Ready', status: 'False', reason: 'NoDisk', message };
    const step = await deployWidget('unready', condition, { timeout: '15s' });
    expect(step.outputs, step.output).toMatchObject({ reason: 'rollout-timeout', 'exit-code': '2' });
    for (const text of [step.output, step.summary]) expect(text).toContain(message);
  });
});
