/** The settings of a run: the parsed inputs as one readonly value. Durations are milliseconds. */
import type { StepName } from './phases.ts';
import type { Profile, TestedEnvironment } from './profile.ts';

/** The inputs of a run, checked and with the profile's defaults filled in; optional ones are absent where nothing was given. */
export interface Settings {
  readonly action: 'deploy-staging' | 'deploy-production' | 'phase' | 'smoke-tests';
  /** Of the action `phase` only. */
  readonly phase?: StepName;
  readonly environment: TestedEnvironment;
  readonly profile: Profile;
  /** Folder with a kustomization, relative to the workspace as written by the user. */
  readonly overlay: string;
  readonly namespace?: string;
  readonly app?: string;
  /** Content or path of a kubeconfig; absent: `$KUBECONFIG`, `~/.kube/config`, in-cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Path of `orion.yaml`; absent: `orion.yaml` in the workspace if it exists. */
  readonly config?: string;
  readonly timeout: number;
  readonly healthRetries: number;
  readonly healthInterval: number;
  readonly progressInterval: number;
  readonly settle: number;
  readonly monitor: number;
  readonly maxRestarts: number;
  /** How far back the logs of the old pods are read, to compare the new ones with. */
  readonly errorWindow: number;
  readonly maxErrors: number;
  /** How long a pod whose containers are ready may wait for its readiness gates. */
  readonly readinessGateTimeout: number;
  readonly minNodes: number;
  readonly rollback: 'manual' | 'automatic' | 'never';
  /** Field managers whose fields may be taken over. */
  readonly adopt: readonly string[];
  readonly allowUnhealthy: boolean;
  readonly allowInsufficientResources: boolean;
  readonly allowUnstableHistory: boolean;
  readonly allowPaused: boolean;
  readonly allowRemoteBases: boolean;
  readonly dryRun: boolean;
  readonly skipTests: boolean;
  /** Deploy to production without proof of approval. */
  readonly skipApproval: boolean;
  /** The GitHub environment of the job; absent: found by the job. */
  readonly githubEnvironment?: string;
  /** Measure response times too. */
  readonly comprehensive: boolean;
  /** What p95 of each endpoint may take, unless orion.yaml says otherwise. */
  readonly maxLatency: number;
  /** Names of what is to be tested, with its dependencies; empty: everything. */
  readonly services: readonly string[];
  /** The probe that smoke tests run in the cluster. */
  readonly smokeImage: string;
  /** Where to write a JUnit report, relative to the workspace. */
  readonly report?: string;
  /** The digest that was approved: another plan is refused. */
  readonly expectPlan?: string;
  /** The release to roll back or return to: `orion-shop-12` or `12`. */
  readonly release?: string;
  readonly githubToken?: string;
  /** What release records are signed with. */
  readonly recordKey?: string;
  readonly checkRunId?: string;
}
