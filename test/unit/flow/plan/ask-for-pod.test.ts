/** Who is asked about a pod that a policy refuses, and what the answers mean. */
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { askForPod } from '../../../../src/flow/plan/ask-for-pod.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';

const workload: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } },
};
const policy = {
  status: 422,
  reason: 'Invalid',
  message: "ValidatingAdmissionPolicy 'p' denied request: no",
};
const other = { ...policy, message: "ValidatingAdmissionPolicy 'p' denied request: a label" };
const impersonation = {
  status: 403,
  reason: 'Forbidden',
  message: 'User "u" cannot impersonate resource "users"',
};

interface Answers {
  /** Of this identity, of the controller's account, and about a pod of nobody; undefined: accepted. */
  readonly own?: typeof policy;
  readonly controller?: typeof policy;
  readonly control?: typeof policy;
  readonly accountExists?: boolean;
}

async function asked(answers: Answers) {
  const requests: string[] = [];
  const cluster = {
    create: async (pod: KubernetesObject, { asUser }: { asUser?: string }) => {
      const isControl = pod.metadata.labels?.['app'] !== 'web';
      const who = isControl ? 'control' : asUser === undefined ? 'own' : 'controller';
      requests.push(who);
      if (answers[who] !== undefined) throw answers[who];
      return pod;
    },
    get: async () => (answers.accountExists === true ? workload : undefined),
    refusalOf: (error: unknown) => error,
  } as unknown as ClusterPort;
  const change = {
    reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    action: 'created',
    desired: workload,
    predicted: workload,
    conflicts: [],
    adopts: false,
    deferred: false,
    warnings: [],
  } as const;
  return { answer: await askForPod(cluster, change), requests };
}

test.each<[string, Answers, object | undefined]>([
  ['accepted', {}, undefined],
  ['the controller may', { own: policy }, undefined],
  [
    'the controller may not',
    { own: policy, controller: policy, accountExists: true },
    { podRefusal: policy },
  ],
  [
    'an account that the controller does not use, and a pod of nobody neither',
    { own: policy, controller: policy, control: policy },
    { podDoubt: policy },
  ],
  ['only pods of the release', { own: policy, controller: impersonation }, { podRefusal: policy }],
  [
    'a pod of nobody by another rule',
    { own: policy, controller: impersonation, control: other },
    { podRefusal: policy },
  ],
  [
    'any pod of this identity',
    { own: policy, controller: impersonation, control: policy },
    { podDoubt: policy },
  ],
])('%s', async (_what, answers, wanted) => {
  expect((await asked(answers)).answer).toEqual(wanted);
});

test('what the API server itself says is asked once', async () => {
  const own = { status: 403, reason: 'Forbidden', message: 'pods "x" is forbidden: exceeded quota: tight' };
  expect(await asked({ own })).toEqual({ answer: { podRefusal: own }, requests: ['own'] });
});
