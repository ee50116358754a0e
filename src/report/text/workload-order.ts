import type { WorkloadReport, WorkloadState } from '../../domain/verdict/workload-report.ts';

const order: Readonly<Record<WorkloadState, number>> = {
  failed: 0,
  progressing: 1,
  'not-started': 2,
  current: 3,
};

/** Failed workloads first, then unfinished, then changed ones; otherwise the given order. */
export function worstFirst(workloads: readonly WorkloadReport[]): WorkloadReport[] {
  return [...workloads].sort(
    (left, right) => order[left.state] - order[right.state] || Number(right.changed) - Number(left.changed),
  );
}

/** `80 current, 15 progressing`, worst first; `all current` if there is only one state. */
export function stateCounts(workloads: readonly WorkloadReport[]): string {
  const states = new Map<WorkloadState, number>();
  for (const { state } of worstFirst(workloads)) states.set(state, (states.get(state) ?? 0) + 1);
  if (states.size === 1) return `all ${[...states.keys()].join('').replace('-', ' ')}`;
  return [...states].map(([state, amount]) => `${amount} ${state.replace('-', ' ')}`).join(', ');
}
