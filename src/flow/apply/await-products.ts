/**
 * Between the producers and the workloads: waits for the Secrets and ConfigMaps that pods need and other controllers
 * create. Best effort: pods also wait for them, until the rollout's timeout (ADR 0016).
 */
import { patienceWith, producerState } from '../../domain/causes/budget-of-producers.ts';
import type { Failure } from '../../domain/failure/failure.ts';
import { type KubernetesObject, keyOf } from '../../domain/kubernetes/objects.ts';
import type { Expectation } from '../../domain/producers/expectations.ts';
import { keysOf } from '../../domain/producers/keys.ts';
import { shardAt } from '../../domain/rollout/persistent-map.ts';
import { statusOf } from '../../domain/status/table.ts';
import { verdict } from '../../domain/verdict/verdict.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { logLine } from '../../report/log/line.ts';
import { logText, shorten } from '../../report/text/escape.ts';
import type { RolloutWatch } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';

/** Poll interval, milliseconds. */
const pause = 500;

/** Whether a product existed when it was last read. */
interface Look {
  readonly one: Expectation;
  readonly there: boolean;
}

/** The verdict's failures for producers that cannot create it; empty: the workloads may follow. */
export async function awaitProducts(
  run: Run,
  cluster: ClusterPort,
  watch: RolloutWatch,
  expectations: readonly Expectation[],
): Promise<readonly Failure[]> {
  const startedAt = run.clock.now();
  let open = expectations.filter(({ early }) => early);
  let toldAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const looks = await Promise.all(
      open.map(async (one): Promise<Look> => ({ one, there: await isThere(run, cluster, one) })),
    );
    const now = run.clock.now();
    const judged = verdict(watch.state(), now, watch.limits);
    if (judged.state === 'failed') return judged.failures;
    if (toldAt >= startedAt) sayThere(run, looks);
    open = looks.flatMap(({ one, there }) => (there || isMade(watch, one) ? [] : [one]));
    if (open.length === 0) return [];
    if (open.every((one) => now >= startedAt + patienceOf(watch, one))) {
      sayLeftToPods(run, open);
      return [];
    }
    if (now >= toldAt + run.settings.progressInterval) {
      sayWaiting(run, watch, open);
      toldAt = now;
    }
    await run.clock.wait(pause, run.signal);
  }
}

/** Products that were created meanwhile: their values must be masked in pod logs. */
export async function hideProducts(
  run: Run,
  cluster: ClusterPort,
  expectations: readonly Expectation[],
): Promise<void> {
  await Promise.all(expectations.map((one) => isThere(run, cluster, one)));
}

function sayThere(run: Run, looks: readonly Look[]): void {
  for (const { one, there } of looks) if (there) say(run, `${titleOf(one)} exists`);
}

function sayWaiting(run: Run, watch: RolloutWatch, open: readonly Expectation[]): void {
  for (const one of open)
    say(run, `waiting for ${titleOf(one)}, to be created by ${one.by}${wordOf(watch, one)}`);
}

function sayLeftToPods(run: Run, open: readonly Expectation[]): void {
  for (const one of open) {
    say(
      run,
      `${titleOf(one)} does not exist yet: the workloads are applied, and their pods wait for ${one.by}`,
    );
  }
}

function titleOf({ kind, name }: Expectation): string {
  return `${kind} ${name}`;
}

function say(run: Run, text: string): void {
  run.log.line(logLine(run.logClock(), `  ${logText(shorten(text, 300))}`));
}

/** A product that cannot be read counts as missing: the wait ends by its time limit. */
async function isThere(
  run: Run,
  cluster: ClusterPort,
  { kind, name, namespace, keys }: Expectation,
): Promise<boolean> {
  try {
    const found = await cluster.get({
      apiVersion: 'v1',
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    });
    if (found === undefined) return false;
    if (kind === 'Secret') run.hide([found]);
    const there = keysOf(found);
    return keys.every((key) => there.includes(key));
  } catch (error) {
    if (cluster.refusalOf(error) === undefined) throw error;
    return false;
  }
}

function liveProducer(watch: RolloutWatch, { producer }: Expectation): KubernetesObject | undefined {
  return producer === undefined ? undefined : shardAt(watch.state().workloads, keyOf(producer))?.object;
}

/** According to its status; its product will exist in a moment. */
function isMade(watch: RolloutWatch, expectation: Expectation): boolean {
  return producerState(liveProducer(watch, expectation)) === 'done';
}

function patienceOf(watch: RolloutWatch, expectation: Expectation): number {
  return patienceWith(producerState(liveProducer(watch, expectation)), watch.limits);
}

/** `: not ready: SecretSyncedError`, if its status says anything. */
function wordOf(watch: RolloutWatch, expectation: Expectation): string {
  const live = liveProducer(watch, expectation);
  return live === undefined || producerState(live) === 'silent' ? '' : `: ${statusOf(live).message}`;
}
