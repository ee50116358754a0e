/** Tables of the documents that are generated from tables of `src`, so that they cannot differ. */
import { kindsOfWave, type Wave, waves } from '../src/domain/plan/waves.ts';
import { type ExitCode, exitCodeMeanings } from '../src/domain/result/outcome.ts';
import { phaseFacts } from '../src/domain/result/phase-facts.ts';
import { type Budgets, defaultBudgets } from '../src/domain/rollout/state.ts';
import { type Profile, profiles } from '../src/domain/settings/profile.ts';
import {
  type Permission,
  servicePermissions,
  standingPermissions,
} from '../src/domain/workloads/permissions.ts';
import { readingOf } from '../src/flow/preflight/permissions.ts';
import { table } from '../src/inputs/metadata.ts';

/** Which page has which tables, by the names of their markers. */
export const documentTables: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'README.md': { 'exit-codes': shortExitCodes },
  'docs/QUICK_REFERENCE.md': { 'exit-codes': exitCodes },
  'docs/PHASES.md': { phases, 'reader-permissions': readerPermissions },
  'docs/DEPLOYMENT.md': { waves: waveTable, defaults, budgets },
};

const codes = Object.entries(exitCodeMeanings);
const quoted = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(', ');

function shortExitCodes(): string {
  return table(
    ['code', 'meaning'],
    codes.map(([code, { meaning }]) => [code, meaning]),
  );
}

function exitCodes(): string {
  return table(
    ['exit code', 'outcome', 'what it means', 'what is on the cluster'],
    codes.map(([code, { outcomes, meaning, cluster }]) => [code, quoted(outcomes), meaning, cluster]),
  );
}

function phases(): string {
  return table(
    ['phase', 'what it does', 'changes the cluster', 'exit codes'],
    Object.entries(phaseFacts).map(([phase, { does, changes, exitCodes: possible }]) => [
      `\`${phase}\``,
      does,
      changes,
      withStop(possible).join(', '),
    ]),
  );
}

/** Any phase ends with 1 for a bad input, and with 5 when its job is cancelled. */
function withStop(possible: readonly ExitCode[]): readonly number[] {
  return [...new Set([...possible, 1, 5])].sort();
}

function readerPermissions(): string {
  const reading = readingOf([...standingPermissions('NS'), ...servicePermissions('NS')]);
  return permissionTable(reading);
}

function permissionTable(permissions: readonly Permission[]): string {
  const verbs = new Map<string, string[]>();
  for (const { group, resource, verb } of permissions) {
    const name = group === '' ? resource : `${resource}.${group}`;
    verbs.set(name, [...(verbs.get(name) ?? []), verb]);
  }
  return table(
    ['resource', 'verbs'],
    [...verbs].map(([name, its]) => [`\`${name}\``, quoted(its)]),
  );
}

const waveNotes: Readonly<Partial<Record<Wave, string>>> = {
  workloads: 'Deployments, StatefulSets, DaemonSets, Jobs, custom resources and every other kind',
};

function waveTable(): string {
  return table(
    ['wave', 'name', 'kinds'],
    waves.map((wave, index) => [
      String(index + 1),
      wave,
      [...kindsOfWave(wave), ...(waveNotes[wave] === undefined ? [] : [waveNotes[wave]])].join(', '),
    ]),
  );
}

const settings: readonly (readonly [string, (profile: Profile) => string])[] = [
  ['`overlay`', ({ overlay }) => `\`${overlay}\``],
  ['`timeout` of the rollout', ({ timeout }) => duration(timeout)],
  [
    '`health-retries` × `health-interval`',
    (profile) => `${profile.healthRetries} × ${duration(profile.healthInterval)}`,
  ],
  ['`settle`', ({ settle }) => duration(settle)],
  ['`monitor`', ({ monitor }) => duration(monitor)],
  ['`min-nodes`', ({ minNodes }) => String(minNodes)],
  ['`rollback`', ({ rollback }) => rollback],
  ['`comprehensive` smoke tests', ({ comprehensive }) => yesNo(comprehensive)],
  ['approval on GitHub', ({ approval }) => (approval ? 'required' : 'not asked for')],
  ['placeholder in a Secret', ({ levels }) => levels.secretPlaceholder],
  ['unhealthy workload that the release does not change', ({ levels }) => levels.unhealthyWorkload],
  [
    'missing namespace',
    ({ levels }) => (levels.namespaceMissing === 'pass' ? 'created' : levels.namespaceMissing),
  ],
  ['too few nodes, or no room', ({ levels }) => levels.resources],
  ['cluster known as production', ({ levels }) => levels.productionByIdentity],
  ['cluster that nobody knows', ({ levels }) => levels.unknownCluster],
  ['last release failed or interrupted', ({ levels }) => levels.historyUnfinished],
  ['two of the last five failed', ({ levels }) => levels.historyUnstable],
];

function defaults(): string {
  return table(
    ['', 'staging', 'production'],
    settings.map(([name, value]) => [name, value(profiles.staging), value(profiles.production)]),
  );
}

const budgetMeanings: Readonly<Record<keyof Budgets, string>> = {
  pull: 'an image whose registry does not answer, or answers 429 or 5xx',
  scheduling: 'a pod that no node takes',
  group: 'pods that wait for the rest of their group, or for their queue',
  volume: 'a volume that does not bind or mount',
  detach: 'a volume that is still attached to a node where nobody uses it any more',
  creation: 'pods that the API server refuses to a controller, where that may still change',
  producer: 'what makes a Secret or ConfigMap reports an error and tries again',
  readiness: 'the least time that a container may run unready',
  gate: 'a readiness gate that a load balancer or another controller opens',
};

function budgets(): string {
  const meanings: Readonly<Record<string, string>> = budgetMeanings;
  return table(
    ['trouble', 'may last'],
    Object.entries(defaultBudgets).map(([name, milliseconds]) => [
      meanings[name] ?? name,
      duration(milliseconds),
    ]),
  );
}

function duration(milliseconds: number): string {
  return milliseconds % 60_000 === 0 && milliseconds > 0
    ? `${milliseconds / 60_000}m`
    : `${milliseconds / 1000}s`;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
