/**
 * The single list of input and output names. Parsing, each `action.yml`, the README tables and the tests are
 * generated from it, so a name that is not here does not exist. An input is added only together with its behaviour.
 */
import type { Environment } from '../domain/settings/profile.ts';
import { profiles } from '../domain/settings/profile.ts';
import { formatDuration } from './duration.ts';

/** The deploying actions, each with its profile. */
export const actionEnvironments = {
  'deploy-staging': 'staging',
  'deploy-production': 'production',
} as const satisfies Readonly<Record<string, Environment>>;

type DeployAction = keyof typeof actionEnvironments;
/** The actions whose inputs the registry lists. */
export type ActionName = DeployAction | 'phase' | 'smoke-tests';
export const actionNames: readonly ActionName[] = [
  'deploy-staging',
  'deploy-production',
  'phase',
  'smoke-tests',
];

/** The others get their environment by an input. */
export function isDeployAction(action: ActionName): action is DeployAction {
  return Object.hasOwn(actionEnvironments, action);
}

/** The folder with an action's metadata and tables; `phase` is the repository root, `uses: orion/deploy@v1`. */
export function filesOf(action: ActionName): { readonly metadata: string; readonly page: string } {
  return action === 'phase'
    ? { metadata: 'action.yml', page: 'docs/PHASES.md' }
    : { metadata: `${action}/action.yml`, page: `${action}/README.md` };
}

/** One input, as `action.yml` and the README describe it. */
export interface InputEntry {
  readonly name: string;
  readonly actions: readonly ActionName[];
  readonly required?: true;
  /** The default per profile, as a user would write it; absent: no default, the description says what happens. */
  readonly defaults?: Readonly<Record<Environment, string>>;
  readonly description: string;
  /** Its value is never shown, not even in an error. */
  readonly secret?: true;
}

const whole: readonly ActionName[] = ['deploy-staging', 'deploy-production'];
const deploying: readonly ActionName[] = [...whole, 'phase'];
const everywhere: readonly ActionName[] = actionNames;
const testing: readonly ActionName[] = ['smoke-tests', 'phase'];
const steps: readonly ActionName[] = ['phase'];

const same = (value: string): Record<Environment, string> => ({ staging: value, production: value });
const { staging, production } = profiles;

function perProfile(choose: (profile: typeof staging) => string): Record<Environment, string> {
  return { staging: choose(staging), production: choose(production) };
}

export const inputs = [
  {
    name: 'phase',
    actions: steps,
    required: true,
    description:
      'Steps of a deployment: `preflight`, `preview`, `rollout`, `health`, `smoke`, `finish`. Standalone: `rollback` undoes a failed release or returns to a deployed one; `history` lists the releases on record; `observe` reports who prevented the deploying job from starting; `unlock` releases the lock of a dead run.',
  },
  {
    name: 'environment',
    actions: testing,
    defaults: same('staging'),
    description:
      '`staging` or `production`, a cluster; of the smoke tests also `local` (the URLs of `smoke.local` in `orion.yaml`, no cluster).',
  },
  {
    name: 'release',
    actions: steps,
    description:
      'The release for `rollback`, `orion-shop-12` or `12`: a failed release is undone, a deployed one is deployed again; without it, the newest if it failed, else the deployed one before it.',
  },
  {
    name: 'overlay',
    actions: everywhere,
    defaults: perProfile((profile) => profile.overlay),
    description:
      'Folder with a kustomization, relative to the workspace; by default `k8s/overlays/` and the environment.',
  },
  {
    name: 'namespace',
    actions: everywhere,
    description: "Namespace to deploy to; without it, the overlay's own.",
  },
  {
    name: 'app',
    actions: everywhere,
    description:
      'Name of the application, owner of its records and lock; without it, `app` of `orion.yaml`, else the repository name.',
  },
  {
    name: 'kubeconfig',
    actions: everywhere,
    secret: true,
    description:
      'Content or path of a kubeconfig; without it, `$KUBECONFIG`, `~/.kube/config`, then the in-cluster account.',
  },
  {
    name: 'context',
    actions: everywhere,
    description: "Context of the kubeconfig; without it, the kubeconfig's current one.",
  },
  {
    name: 'config',
    actions: everywhere,
    description: 'Path of the configuration file; without it, `orion.yaml` in the workspace if it exists.',
  },
  {
    name: 'timeout',
    actions: deploying,
    defaults: perProfile((profile) => formatDuration(profile.timeout)),
    description: 'Longest time the rollout may take (`300ms`, `5s`, `10m`).',
  },
  {
    name: 'health-retries',
    actions: deploying,
    defaults: perProfile((profile) => String(profile.healthRetries)),
    description:
      'Together with `health-interval` the time in which endpoints must be ready: retries × interval.',
  },
  {
    name: 'health-interval',
    actions: deploying,
    defaults: perProfile((profile) => formatDuration(profile.healthInterval)),
    description: 'See `health-retries`.',
  },
  {
    name: 'progress-interval',
    actions: deploying,
    defaults: perProfile((profile) => formatDuration(profile.progressInterval)),
    description: 'Time between progress lines in the log.',
  },
  {
    name: 'settle',
    actions: deploying,
    defaults: perProfile((profile) => formatDuration(profile.settle)),
    description:
      'How long every changed workload must stay up, without a restart, before the release passes.',
  },
  {
    name: 'monitor',
    actions: deploying,
    defaults: perProfile((profile) => formatDuration(profile.monitor)),
    description:
      'How long endpoints, restarts and the logs of the new pods are watched after health; `0s` leaves it out.',
  },
  {
    name: 'error-window',
    actions: deploying,
    defaults: same('5m'),
    description: 'How far back the old pods’ logs are read, to compare the new pods’ errors with.',
  },
  {
    name: 'max-errors',
    actions: deploying,
    defaults: same('10'),
    description:
      'More errors than this in the logs of the new pods, and more than twice the old pods’ rate, fail the release (with `monitor`).',
  },
  {
    name: 'max-restarts',
    actions: everywhere,
    defaults: same('3'),
    description:
      'A container that terminates more often than this during the rollout fails the release; three identical terminations always do. In smoke-tests it fails until it has run for twice as long as the last time.',
  },
  {
    name: 'readiness-gate-timeout',
    actions: deploying,
    defaults: same('5m'),
    description:
      'How long a pod whose containers are ready may wait for its readiness gates (a load balancer registers it), within `timeout`.',
  },
  {
    name: 'min-nodes',
    actions: deploying,
    defaults: perProfile((profile) => String(profile.minNodes)),
    description: 'Ready, schedulable nodes that the cluster must have.',
  },
  {
    name: 'rollback',
    actions: deploying,
    defaults: perProfile((profile) => profile.rollback),
    description:
      'After a failure: `automatic` restores the previous state, `manual` says what to do, `never` offers nothing.',
  },
  {
    name: 'adopt',
    actions: deploying,
    defaults: same('kubectl-client-side-apply'),
    description: 'Field managers whose fields may be taken over, separated by commas or line breaks.',
  },
  {
    name: 'allow-unhealthy',
    actions: deploying,
    defaults: same('false'),
    description: 'Deploy although current workloads are unhealthy.',
  },
  {
    name: 'allow-insufficient-resources',
    actions: deploying,
    defaults: same('false'),
    description:
      'Deploy although the nodes have no room for the new pods; without it, only if nodes are provisioned on demand.',
  },
  {
    name: 'allow-unstable-history',
    actions: deploying,
    defaults: same('false'),
    description: 'Deploy although recent releases failed.',
  },
  {
    name: 'allow-paused',
    actions: deploying,
    defaults: same('false'),
    description: 'Deploy although a Deployment is paused; its rollout is then not awaited.',
  },
  {
    name: 'allow-remote-bases',
    actions: everywhere,
    defaults: same('false'),
    description: 'Allow the kustomization to fetch bases and files from URLs.',
  },
  {
    name: 'dry-run',
    actions: whole,
    defaults: same('false'),
    description: 'Run the checks and show the preview; change nothing.',
  },
  {
    name: 'skip-tests',
    actions: ['deploy-staging', 'phase'],
    defaults: same('false'),
    description: 'Do not run the smoke tests after health.',
  },
  {
    name: 'skip-approval',
    actions: ['deploy-production', 'phase'],
    defaults: same('false'),
    description:
      'Deploy without proof that a person approved this run; reported as a warning, and kept in the release record.',
  },
  {
    name: 'github-environment',
    actions: ['deploy-production', 'phase'],
    description:
      'Name of the GitHub environment of this job, whose required reviewers approve; without it, determined from the job.',
  },
  {
    name: 'comprehensive',
    actions: everywhere,
    defaults: perProfile((profile) => String(profile.comprehensive)),
    description:
      'Also measure response times: a fixed schedule of requests to each endpoint, judged by `max-latency`.',
  },
  {
    name: 'max-latency',
    actions: everywhere,
    defaults: same('1s'),
    description: 'Longest time that 95 of 100 requests may take (with `comprehensive`).',
  },
  {
    name: 'service',
    actions: testing,
    description:
      'Names of the services to test, separated by commas or line breaks, with all that they depend on; without it, everything.',
  },
  {
    name: 'smoke-image',
    actions: everywhere,
    defaults: same('ghcr.io/orion/probe:1.0.0-alpha.1'),
    description:
      'Image of the probe: a Job with it tests Services and databases and measures response times from inside the cluster. If it does not run, the runner does so, and tests of addresses that only the cluster reaches are inconclusive.',
  },
  {
    name: 'report',
    actions: testing,
    description: 'Where to write a JUnit XML report, relative to the workspace; without it, none is written.',
  },
  {
    name: 'expect-plan',
    actions: deploying,
    description: 'Digest of the approved preview (output `plan-digest`); a different plan is refused.',
  },
  {
    name: 'slack-webhook',
    actions: everywhere,
    secret: true,
    description:
      'URL of a Slack incoming webhook that is notified of each failure; without it, no message is sent. If it fails, that is a warning.',
  },
  {
    name: 'github-token',
    actions: deploying,
    secret: true,
    defaults: same('$' + '{{ github.token }}'),
    description: 'Token to read jobs and runs with (`actions: read`).',
  },
  {
    name: 'record-key',
    actions: everywhere,
    secret: true,
    description:
      'Key of at least 32 characters, a GitHub secret, that release records are signed with; without it, whoever may write Secrets in the namespace can make one, and a rollback follows it within the namespace. Records that are not signed with the key are named and not used.',
  },
  {
    name: 'check-run-id',
    actions: deploying,
    defaults: same('$' + '{{ job.check_run_id }}'),
    description: 'Identity of the job; leave the default.',
  },
] as const satisfies readonly InputEntry[];

/** The name of any input of any action. */
export type InputName = (typeof inputs)[number]['name'];

interface OutputEntry {
  readonly name: string;
  readonly actions: readonly ActionName[];
  readonly description: string;
}

const outputs = [
  {
    name: 'outcome',
    actions: everywhere,
    description:
      'How it ended: `succeeded`, `unchanged`, `planned`, `failed`, `rolled-back`, `rollback-failed`, `restore-unverified` or `cancelled`.',
  },
  {
    name: 'exit-code',
    actions: everywhere,
    description:
      '0 success, 1 pre-checks failed, 2 deployment failed, 3 verification failed, 4 smoke tests failed, 5 cancelled.',
  },
  {
    name: 'reason',
    actions: everywhere,
    description: 'Reason code of the outcome (kebab-case, a closed set).',
  },
  { name: 'release', actions: deploying, description: 'Name of the release record.' },
  {
    name: 'previous-release',
    actions: deploying,
    description: 'Name of the newest deployed release before this one.',
  },
  {
    name: 'plan-digest',
    actions: deploying,
    description: 'Digest of the preview, for `expect-plan`.',
  },
  { name: 'changed', actions: deploying, description: 'Number of objects created or configured.' },
  { name: 'passed', actions: everywhere, description: 'Number of smoke tests that passed.' },
  { name: 'failed', actions: everywhere, description: 'Number of smoke tests that failed.' },
  {
    name: 'skipped',
    actions: everywhere,
    description: 'Number of smoke tests that were skipped or inconclusive.',
  },
  { name: 'report', actions: testing, description: 'Path of the JUnit XML report, if one was requested.' },
  {
    name: 'result',
    actions: everywhere,
    description: 'Path of a versioned JSON document with all results, without secret values.',
  },
] as const satisfies readonly OutputEntry[];

/** Keys of the state that main saves for post (`saveState`). */
export const stateNames = ['release', 'namespace', 'holder'] as const;

/** The inputs of one action, in the order of its `action.yml`. */
export function inputsOf(action: ActionName): readonly InputEntry[] {
  return inputs.filter((entry: InputEntry) => entry.actions.includes(action));
}

/** The outputs of one action, in the order of its `action.yml`. */
export function outputsOf(action: ActionName): readonly OutputEntry[] {
  return outputs.filter((entry: OutputEntry) => entry.actions.includes(action));
}

/**
 * The default of an input of this action; if the environment is an input, only a default common to all environments.
 */
export function defaultOf({ defaults }: InputEntry, action: ActionName): string | undefined {
  if (isDeployAction(action)) return defaults?.[actionEnvironments[action]];
  return defaults?.staging === defaults?.production ? defaults?.staging : undefined;
}
