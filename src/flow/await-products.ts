/**
 * Between the producers and the workloads: waits for the Secrets and ConfigMaps that pods need and others make, as long as that
 * may help. It never has to succeed: pods wait for them too, as long as the rollout (ADR 0016).
 */
import type { Failure } from '../domain/failure.ts';
import { keyOf } from '../domain/objects.ts';
import type { Expectation } from '../domain/producers/expectations.ts';
import { keysOf } from '../domain/producers/keys.ts';
import { patienceWith, producerState } from '../domain/producers/patience.ts';
import { shardAt } from '../domain/rollout/shards.ts';
import { verdict } from '../domain/rollout/verdict.ts';
import { logText } from '../report/escape.ts';
import { logLine } from '../report/log-line.ts';
import type { ClusterPort } from './ports.ts';
import type { RolloutWatch } from './rollout.ts';
import type { Run } from './run.ts';

/** Between two looks, milliseconds. */
const pause = 500;

/** What the verdict says of producers that cannot make it; empty: the workloads may follow. */
export async function awaitProducts(
  run: Run,
  cluster: ClusterPort,
  watch: RolloutWatch,
  expectations: readonly Expectation[],
): Promise<readonly Failure[]> {
  const startedAt = run.clock.now();
  let open = expectations.filter(({ early }) => early);
  let told = false;
  for (;;) {
    const looks = await Promise.all(open.map(async (one) => ({ one, there: await isThere(cluster, one) })));
    const now = run.clock.now();
    const judged = verdict(watch.state(), now, watch.limits);
    if (judged.state === 'failed') return judged.failures;
    for (const { one, there } of looks) if (told && there) say(run, `${titleOf(one)} is there`);
    open = looks.flatMap(({ one, there }) => (there || isMade(watch, one) ? [] : [one]));
    const waiting = open.filter((one) => now < startedAt + patienceOf(watch, one));
    if (open.length === 0) return [];
    if (waiting.length === 0) {
      for (const one of open) {
        say(run, `${titleOf(one)} is not there yet: the workloads go on, and their pods wait for ${one.by}`);
      }
      return [];
    }
    if (!told) for (const one of waiting) say(run, `waiting for ${titleOf(one)}, to be made by ${one.by}`);
    told = true;
    await run.clock.wait(pause, run.signal);
  }
}

function titleOf({ kind, name }: Expectation): string {
  return `${kind} ${name}`;
}

function say(run: Run, text: string): void {
  run.log.line(logLine(run.logClock(), `  ${logText(text)}`));
}

/** What cannot be read is not waited for in vain: then the time decides. */
async function isThere(cluster: ClusterPort, { kind, name, namespace, keys }: Expectation): Promise<boolean> {
  try {
    const found = await cluster.get({
      apiVersion: 'v1',
      kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    });
    if (found === undefined) return false;
    const there = keysOf(found);
    return keys.every((key) => there.includes(key));
  } catch (error) {
    if (cluster.refusalOf(error) === undefined) throw error;
    return false;
  }
}

function stateOf(watch: RolloutWatch, { producer }: Expectation) {
  if (producer === undefined) return 'silent';
  return producerState(shardAt(watch.state().workloads, keyOf(producer))?.object);
}

/** By its own word; what it made will be there in a moment. */
function isMade(watch: RolloutWatch, expectation: Expectation): boolean {
  return stateOf(watch, expectation) === 'done';
}

function patienceOf(watch: RolloutWatch, expectation: Expectation): number {
  return patienceWith(stateOf(watch, expectation), watch.limits);
}
