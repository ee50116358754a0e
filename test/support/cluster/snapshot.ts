/** What a namespace holds, as kubectl shows it, and a cluster that refuses one object: for tests that compare before and after. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { KubernetesApi } from '../../../src/cluster/api/api.ts';

export async function kubectlOf(kubeconfig: string, ...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('kubectl', ['--kubeconfig', kubeconfig, ...options], {
    maxBuffer: 64 * 2 ** 20,
  });
  return stdout;
}

const kinds = [
  'configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,deployments.apps,statefulsets.apps,daemonsets.apps',
  'jobs.batch,cronjobs.batch,roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io',
  'poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling,networkpolicies.networking.k8s.io',
].join(',');

type Json = Record<string, unknown>;
interface Entry extends Json {
  readonly manager: string;
  readonly subresource?: string;
}

/** Everything of the namespace by name, as it is meant: without status, counters, times, and Orion's own records. */
export async function snapshotOf(kubeconfig: string, namespace: string): Promise<Record<string, unknown>> {
  const text = await kubectlOf(
    kubeconfig,
    'get',
    kinds,
    '-n',
    namespace,
    '-o',
    'json',
    '--show-managed-fields',
  );
  const { items } = JSON.parse(text) as { items: { kind: string; type?: string; metadata: Json }[] };
  const own = items.filter(({ type }) => !String(type).startsWith('orion.dev/'));
  return Object.fromEntries(
    own.map(({ metadata, ...object }) => {
      const { resourceVersion: _v, generation: _g, managedFields, annotations, ...rest } = metadata;
      const { status: _status, ...body } = object as Json;
      const { 'deployment.kubernetes.io/revision': _revision, ...notes } = (annotations ?? {}) as Json;
      const entries = ((managedFields ?? []) as Entry[])
        .filter(
          ({ manager, subresource }) => manager !== 'kube-controller-manager' && subresource === undefined,
        )
        .map(({ time: _time, ...entry }) => entry)
        .sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
      const meant = { ...body, metadata: { ...rest, annotations: notes, managedFields: entries } };
      return [`${object.kind} ${String(metadata['name'])}`, meant];
    }),
  );
}

/** Lets previews through, as a webhook that came in between would, and refuses one PodDisruptionBudget. */
export async function refuseBudget(api: KubernetesApi, name: string): Promise<void> {
  await api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'no-budget' },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['policy'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['poddisruptionbudgets'],
          },
        ],
      },
      validations: [
        {
          expression: `request.dryRun || object.metadata.name != '${name}'`,
          message: 'no budget on Fridays',
        },
      ],
    },
  });
  await api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'no-budget' },
    spec: { policyName: 'no-budget', validationActions: ['Deny'] },
  });
  // The policy is enforced a moment after it was made.
  await new Promise((resolve) => setTimeout(resolve, 3000));
}
