import { setFlagsFromString } from 'node:v8';

/**
 * Stops V8 from growing its young generation: it only ever grows, up to 64 MB, and a rollout allocates mostly
 * short-lived objects (watch events). With 300 pods this is 160 MB at the peak instead of 260, for 5 % more CPU. Node
 * has no option for it once a process runs, and an action cannot set NODE_OPTIONS.
 */
export function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
