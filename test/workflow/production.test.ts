/** The example workflows of production under act, against the real node and a server that answers as GitHub's REST API does. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { stageAction } from '../../scripts/stage-action.ts';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { connect } from '../../src/cluster/api/connect.ts';
import { createReleaseStore } from '../../src/cluster/release-store/records.ts';
import type { ActionName } from '../../src/inputs/registry.ts';
import { ensureBinaries } from '../../testbed/binaries/ensure-binaries.ts';
import { runCommand } from '../../testbed/binaries/run-command.ts';
import { attachCluster } from '../../testbed/cluster.ts';
import {
  environment,
  ok,
  type RestApi,
  review,
  startRestApi,
  workflowRun,
} from '../support/servers/github-api.ts';
import { type ActRun, runAct } from '../support/workflow/act-run.ts';
import { createOrionRepository, productionOf, workflowFile } from '../support/workflow/orion-repository.ts';

/** Two whole deployments one after the other, on a machine that may be busy. */
const patience = 400_000;

let folder: string;
let namespace: string;
let secrets: Record<string, string>;
let api: RestApi;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-production-'));
  const unique = randomBytes(4).toString('hex');
  namespace = `orion-workflow-${unique}`;
  const cluster = await attachCluster(inject('stateDirectory'));
  const reader = `reader-${unique}`;
  secrets = {
    GITHUB_TOKEN: 'ghs_for-tests',
    STAGING_KUBECONFIG: await readFile(inject('kubeconfig'), 'utf8'),
    PRODUCTION_KUBECONFIG: await readFile(inject('kubeconfig'), 'utf8'),
    PRODUCTION_READER_KUBECONFIG: await readFile(
      await cluster.controlPlane.issueKubeconfig(reader, reader),
      'utf8',
    ),
    POSTGRES_PASSWORD: `postgres${unique}`,
    REDIS_PASSWORD: `redis${unique}`,
    TOKEN_KEY: `token${unique}`,
  };
  await makeProduction(reader);
  api = await startRestApi();
  answers('approved');
  await ensureBinaries(['act'], (line) => console.log(line));
  await createOrionRepository(join(folder, 'repository'), { namespace, editWorkflow: forThisMachine });
}, 900_000);

afterEach(async () => {
  await api[Symbol.asyncDispose]();
  const target = ['--kubeconfig', inject('kubeconfig'), 'namespace', namespace, productionOf(namespace)];
  await runCommand('kubectl', ['delete', '--ignore-not-found', '--wait=false', ...target]);
  await rm(folder, { recursive: true, force: true });
});

/** One node, which runs all of this and the calls too, and nobody who waits for a minute of monitoring. */
function forThisMachine(workflow: string): string {
  const inputs = ["min-nodes: '1'", 'monitor: 2s', 'settle: 5s', 'max-latency: 10s'];
  return workflow.replace(
    /^( +)kubeconfig: \$\{\{ secrets\.PRODUCTION_KUBECONFIG \}\}$/gm,
    (line, indent: string) => [line, ...inputs.map((input) => `${indent}${input}`)].join('\n'),
  );
}

/** In production the namespace is there before; somebody may read it, also the overlay's Namespace itself, and nothing else. */
async function makeProduction(reader: string): Promise<void> {
  const name = productionOf(namespace);
  const apiGroup = 'rbac.authorization.k8s.io';
  const metadata = { name: 'reader', namespace: name };
  const subjects = [{ apiGroup, kind: 'User', name: reader }];
  const objects = [
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRole',
      metadata: { name: reader },
      rules: [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: reader },
      roleRef: { apiGroup, kind: 'ClusterRole', name: reader },
      subjects,
    },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: 'reader' },
      subjects,
    },
  ];
  const file = join(folder, 'production.yaml');
  await writeFile(file, objects.map((object) => stringify(object)).join('---\n'));
  await runCommand('kubectl', ['--kubeconfig', inject('kubeconfig'), 'create', '-f', file]);
}

/** Run 1 of act: alice reviewed it, and its jobs have all been started. */
function answers(state: 'approved' | 'rejected'): void {
  const base = '/repos/orion/example';
  const run = `${base}/actions/runs/1`;
  const job = {
    id: 9,
    name: 'deploy',
    run_attempt: 1,
    status: 'completed',
    conclusion: 'success',
    steps: [{}],
  };
  api.answer(`${base}/environments/production`, ok(environment()));
  api.answer(run, ok(workflowRun()));
  api.answer(`${run}/approvals`, ok([review('alice', state)]));
  api.answer(`${run}/pending_deployments`, ok([]));
  for (const path of ['jobs', 'attempts/1/jobs'])
    api.answer(`${run}/${path}`, ok({ total_count: 1, jobs: [job] }));
}

async function newestRelease() {
  const connection = await connect({ kubeconfig: inject('kubeconfig'), env: {}, home: '' });
  try {
    const store = createReleaseStore(createKubernetesApi(connection), productionOf(namespace));
    const [newest] = (await store.list('example')).releases;
    if (newest === undefined) throw new Error('There is no release on record.');
    return newest;
  } finally {
    await connection.close();
  }
}

async function runWorkflow(workflow: string): Promise<ActRun> {
  const actions: Record<string, string> = {};
  const names: readonly ActionName[] = ['deploy-staging', 'deploy-production', 'phase'];
  for (const name of names) {
    const action = join(folder, name);
    await stageAction(name, action);
    actions[`orion/${name === 'phase' ? 'deploy' : name}@v1`] = action;
  }
  const home = join(folder, `home-${workflow}`);
  await mkdir(home);
  return runAct({
    repository: join(folder, 'repository'),
    workflow: workflowFile(workflow),
    event: workflow === 'promote' ? 'push' : 'workflow_dispatch',
    actions,
    secrets,
    env: { GITHUB_API_URL: api.url },
    home,
  });
}

test(
  'in steps: previewed by a reader, approved, and every phase a step; nothing is left to roll back',
  async () => {
    const run = await runWorkflow('production-steps');
    expect(run.exitCode, run.end).toBe(0);
    const preview = run.outputs('Preview');
    expect(preview).toMatchObject({ outcome: 'planned' });
    expect(run.output('Preview')).toContain('this identity may only read');
    for (const step of ['Preflight', 'Rollout', 'Health', 'Smoke tests', 'Finish'])
      expect(run.outputs(step), step).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    expect(run.outputs('Rollout')['plan-digest']).toBe(preview['plan-digest']);
    expect(Number(run.outputs('Smoke tests')['passed'])).toBeGreaterThanOrEqual(20);
    expect(run.summary('Rollout')).toContain('alice');
    expect(run.summary('Finish')).toContain('is deployed to production');
    expect(run.result('Main', 'Roll back')).toBeUndefined();
    expect(run.output('Say what runs now')).toContain('finish succeeded, rollback not needed');
    expect(run.outputs('Observe')).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    // What the step of the smoke tests measured is the next release's baseline.
    const { head } = await newestRelease();
    expect(head).toMatchObject({ status: 'deployed', approval: { state: 'approved' } });
    expect(head.latencies?.length).toBeGreaterThan(0);
    for (const step of ['Rollout', 'Finish']) expect(run.result('Post', step)).toBe('success');
  },
  patience,
);

test(
  'staging and then production of the same commit',
  async () => {
    const run = await runWorkflow('promote');
    expect(run.exitCode, run.end).toBe(0);
    expect(run.output('Say what staging runs')).toContain('Staging: succeeded');
    expect(run.output('Say what runs now')).toContain('Production: succeeded (succeeded), release orion-');
    expect(run.outputs('Observe')).toMatchObject({ outcome: 'succeeded' });
  },
  patience,
);

test(
  'a declined approval ends the deployment with exit code 5, and the observer says who and why',
  async () => {
    answers('rejected');
    const run = await runWorkflow('production');
    expect(run.exitCode).not.toBe(0);
    expect(run.output('Say what runs now')).toContain('Production: cancelled (approval-declined)');
    expect(run.outputs('Observe')).toMatchObject({ outcome: 'cancelled', 'exit-code': '5' });
    expect(run.summary('Observe')).toMatch(/alice[\s\S]*Not on a Friday/);
  },
  patience,
);
