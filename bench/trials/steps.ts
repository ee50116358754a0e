/** What is done to a cluster before and while a tool deploys. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../../testbed/cluster.ts';
import { faultSchema } from '../../testbed/faults/fault.ts';
import type { FaultProxy } from '../../testbed/faults/fault-proxy.ts';
import type { Registry } from '../../testbed/registry/registry.ts';
import { firstEvidence } from '../judge/evidence.ts';
import { milliseconds, type Step, type WritePattern } from '../judge/scenario.ts';
import { asWrite, type SeenObject } from '../judge/writes.ts';
import type { Workspace } from './workspace.ts';

export interface Stage {
  readonly cluster: Cluster;
  readonly registry: Registry;
  /** Before the repositories of this cell. */
  readonly repositories: string;
  readonly workspace: Workspace;
  /** Before the API server, where the scenario has faults. */
  readonly proxy?: Pick<FaultProxy, 'inject'> | undefined;
  /** `kill: tool`. */
  kill(again: boolean): void;
  /** `deploy: before`. */
  deployBefore(): Promise<void>;
}

/** One after the other, at once. */
export async function setUp(steps: readonly Step[], stage: Stage): Promise<void> {
  for (const step of steps) {
    if (step.wait !== undefined) await delay(milliseconds(step.wait));
    await take(step, stage);
  }
}

/** Each at its own moment; resolves when all are done or `ended`. Throws what a step threw. */
export async function disturb(
  steps: readonly Step[],
  stage: Stage,
  seen: readonly SeenObject[],
  ended: AbortSignal,
): Promise<void> {
  await Promise.all(
    steps.map(async (step) => {
      if (step.when !== undefined) await seenWrite(step.when, seen, ended);
      if (step.after !== undefined)
        await delay(milliseconds(step.after), undefined, { signal: ended }).catch(() => undefined);
      if (!ended.aborted) await take(step, stage);
    }),
  );
}

async function seenWrite(
  pattern: WritePattern,
  seen: readonly SeenObject[],
  ended: AbortSignal,
): Promise<void> {
  // A watch does not say by which verb or subresource an object was written.
  const { verb: _, subresource: __, ...visible } = pattern;
  while (!ended.aborted && firstEvidence(seen.map(asWrite), [visible]) === undefined)
    await delay(50, undefined, { signal: ended }).catch(() => undefined);
}

async function take(step: Step, stage: Stage): Promise<void> {
  const { cluster, registry, repositories, workspace } = stage;
  if (step.kubectl) await kubectl(cluster.kubeconfig, workspace, step.kubectl);
  if (step.registry) {
    const { repository, fail, heal } = step.registry;
    if (fail) {
      const { status, ...options } = fail;
      registry.fail(`${repositories}/${repository}`, status, definedOnly(options));
    }
    if (heal) registry.heal(`${repositories}/${repository}`);
  }
  if (step.restart === 'apiserver') await cluster.controlPlane.restartApiServer();
  if (step.restart === 'etcd') await cluster.restartEtcd();
  if (step.fault) stage.proxy?.inject(faultSchema.parse(step.fault));
  if (step.node?.join) await cluster.addHollowNodes(Number(step.node.join.replace(/^hollow-/, '')) + 1);
  if (step.node?.lose) await loseNode(cluster.kubeconfig, workspace, step.node.lose);
  if (step.kill) stage.kill(step.again === true);
  if (step.deploy) await stage.deployBefore();
}

/** Nobody speaks for the node any more; that it is lost is said at once, instead of after the grace period of 50 s. */
async function loseNode(kubeconfig: string, workspace: Workspace, name: string): Promise<void> {
  await kubectl(kubeconfig, workspace, ['annotate', 'node', name, 'kwok.x-k8s.io/node-']);
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', lastTransitionTime: now };
  const patch = JSON.stringify({ status: { conditions: [{ ...ready, lastHeartbeatTime: now }] } });
  await kubectl(kubeconfig, workspace, ['patch', 'node', name, '--subresource=status', '-p', patch]);
}

function definedOnly({ times, retryAfter }: { times?: number | undefined; retryAfter?: number | undefined }) {
  return { ...(times !== undefined && { times }), ...(retryAfter !== undefined && { retryAfter }) };
}

/** As administrator, in the namespace and in the scenario's folder. Throws with what kubectl said. */
export async function kubectl(
  kubeconfig: string,
  { namespace, scenario, localise }: Pick<Workspace, 'namespace' | 'scenario' | 'localise'>,
  parameters: readonly string[],
): Promise<string> {
  const all = ['--kubeconfig', kubeconfig, '-n', namespace, ...parameters.map(localise)];
  const { stdout } = await promisify(execFile)('kubectl', all, { cwd: scenario, maxBuffer: 2 ** 27 });
  return stdout;
}
