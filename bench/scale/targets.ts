import { median } from '../median.ts';
import { shown, type Target } from '../target.ts';
import type { KubectlFigures, OrionFigures, Round } from './round.ts';

const words = { install: 'first install', update: 'update of all images' } as const;
type Work = keyof typeof words;
const works = ['install', 'update'] as const;

export function targetsOf(rounds: readonly Round[]): readonly Target[] {
  const runs = rounds.flatMap(({ orion }) => [orion.install, orion.update]);
  return [
    ...works.flatMap((work) => applyTargets(rounds, work)),
    ...works.map((work) => latencyTarget(rounds, work)),
    ...requestTargets(runs),
    memoryTarget(runs, rounds),
  ];
}

function applyTargets(rounds: readonly Round[], work: Work): readonly Target[] {
  const orion = (figure: (run: OrionFigures) => number): number =>
    median(rounds.map((round) => figure(round.orion[work])));
  const kubectl = median(rounds.map((round) => round.kubectl[work].apply));
  const renderAndApply = orion((run) => run.render + run.apply);
  const whole = orion((run) => run.startToApplied);
  const common = { limit: 0.3, unit: ' × kubectl' };
  return [
    {
      ...common,
      name: `time to apply, ${words[work]}`,
      figure: renderAndApply / kubectl,
      detail: `render and apply ${seconds(renderAndApply)}, of it apply ${seconds(orion((run) => run.apply))}; \`kubectl apply\` ${seconds(kubectl)}`,
    },
    {
      ...common,
      name: `process start to all applied, ${words[work]}`,
      figure: whole / kubectl,
      detail: `nine checks, dry-runs, lock and record included: ${seconds(whole)}; \`kubectl apply\` ${seconds(kubectl)}`,
    },
  ];
}

function latencyTarget(rounds: readonly Round[], work: Work): Target {
  const own = median(rounds.map(({ orion }) => orion[work].latency.orion));
  const bare = median(rounds.map(({ orion }) => orion[work].latency.bare));
  return {
    name: `last needed status change to verdict, ${words[work]}`,
    figure: own / bare,
    limit: 2,
    unit: ' × bare watch',
    detail: `${shown(own)} ms beyond settle; bare watch ${shown(bare)} ms`,
  };
}

function requestTargets(runs: readonly OrionFigures[]): readonly Target[] {
  const most = (figure: (run: OrionFigures) => number): number => Math.max(...runs.map(figure));
  const { total, podDryRuns, records, reads } = runs[0]?.requests ?? {
    total: Number.NaN,
    podDryRuns: Number.NaN,
    records: Number.NaN,
    reads: Number.NaN,
  };
  const common = { unit: '' };
  return [
    {
      ...common,
      name: 'dry-runs per object, the most of any',
      figure: most(({ requests }) => requests.dryRunsOfOne),
      limit: 1,
      detail: `${most(({ requests }) => requests.dryRuns)} at most in a run; Pods made from templates apart: ${podDryRuns} dry-runs`,
    },
    {
      ...common,
      name: 'writes per changed object, the most of any',
      figure: most(({ requests }) => requests.writesOfOne),
      limit: 1,
      detail: `${most(({ requests }) => requests.writes)} at most in a run; records and Lease apart: ${records} writes`,
    },
    {
      ...common,
      name: 'repeated reads while the rollout is watched',
      figure: most(({ requests }) => requests.repeatedReads),
      limit: 0,
      detail: `first install: ${total} requests in all, ${reads} of them reads and watches`,
    },
  ];
}

function memoryTarget(runs: readonly OrionFigures[], rounds: readonly Round[]): Target {
  const kubectl = Math.max(...rounds.flatMap((round) => works.map((work) => round.kubectl[work].peakMemory)));
  const reported = Math.max(...runs.map(({ reportedMemory }) => reportedMemory));
  return {
    name: 'peak memory, the most of any run',
    figure: Math.max(...runs.map(({ peakMemory }) => peakMemory)) / 1e6,
    limit: 200,
    unit: ' MB',
    detail: `by the kernel's count; the result document says ${shown(reported / 1e6)} MB; kubectl ${shown(kubectl / 1e6)} MB`,
  };
}

/** One line per deployment, while the benchmark runs. */
export function deploymentLine(title: string, figures: OrionFigures | KubectlFigures): string {
  const start = title.padEnd(26);
  if (figures.who === 'kubectl') {
    return `${start} apply ${seconds(figures.apply)}, rollout status ${seconds(figures.rolloutStatus)}; ${figures.requests} requests, ${shown(figures.peakMemory / 1e6)} MB`;
  }
  const { latency, requests } = figures;
  const phases = Object.entries(figures.phases).map(([name, took]) => `${name} ${seconds(took)}`);
  return `${start} start to applied ${seconds(figures.startToApplied)}, render ${seconds(figures.render)} (${phases.join(', ')}), end ${seconds(figures.startToEnd)}; verdict after ${shown(latency.orion)} ms, bare ${shown(latency.bare)} ms; ${requests.total} requests, ${shown(figures.peakMemory / 1e6)} MB`;
}

function seconds(milliseconds: number): string {
  return `${shown(milliseconds / 1000)} s`;
}
