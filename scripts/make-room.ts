/** A machine has room for one real node of the testbed: what the tests do about one that runs already. */
import { defaultStateDirectory, stopCluster } from '../testbed/cluster.ts';
import { machineLockHolder } from '../testbed/node/machine-lock.ts';
import { realNodeSupport } from '../testbed/node/support.ts';

const layersWithNode: ReadonlySet<string> = new Set(['testbed', 'node']);

/** The demo's cluster of this clone gives way. Told before anything else runs: the first layer with a node comes late. */
export function roomFor(
  layers: readonly string[],
  holder: { readonly stateDirectory: string } | undefined,
  own: string = defaultStateDirectory,
): 'free' | 'demo' | 'taken' {
  if (holder === undefined || !layers.some((layer) => layersWithNode.has(layer))) return 'free';
  if (holder.stateDirectory === own) return 'demo';
  // The layer "node" goes on with the one that it was asked to keep; the layer "testbed" starts and stops its own.
  const kept = holder.stateDirectory === `${own}/test-node` && !layers.includes('testbed');
  return kept ? 'free' : 'taken';
}

/** @throws Error if the node is not ours to stop */
export async function makeRoom(layers: readonly string[]): Promise<void> {
  if (!realNodeSupport().supported) return;
  const holder = await machineLockHolder();
  const room = roomFor(layers, holder);
  if (room === 'taken') {
    throw new Error(
      `A real node of the testbed in ${holder?.stateDirectory} runs on this machine, which has room for one. Stop it with \`npm run cluster -- down --state ${holder?.stateDirectory}\`, then run the tests again.`,
    );
  }
  if (room === 'free') return;
  console.log('The cluster of the demo is stopped: this machine has room for one real node.');
  await stopCluster();
}
