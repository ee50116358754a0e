/** Many scenarios on one cluster, some side by side, each in a namespace of its own. */
import type { Cluster } from '../../testbed/cluster.ts';
import { scenariosOf } from './scenario.ts';
import { type Trial, tryScenario } from './trial.ts';

export interface Trials {
  readonly seed: number;
  readonly count: number;
  /** How many run side by side. */
  readonly lanes: number;
  readonly onTrial?: (trial: Trial) => void;
}

export async function tryMany(cluster: Cluster, { seed, count, lanes, onTrial }: Trials): Promise<readonly Trial[]> {
  const waiting = [...scenariosOf(seed, count).entries()];
  const trials: Trial[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, scenario] = next;
      const trial = await tryScenario(cluster, `undo-${seed}-${index}`, scenario);
      trials.push(trial);
      onTrial?.(trial);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return trials;
}
