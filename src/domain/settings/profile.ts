/** Staging and production differ in this table of values, not in branches of code. Durations are milliseconds. */
import type { CheckLevel } from './levels.ts';

/** The two environments that the deploy actions are for. */
export type Environment = 'staging' | 'production';
/** `local`: processes on this machine, for smoke tests alone. */
export type TestedEnvironment = Environment | 'local';

/** Defaults and severities of one environment; inputs win over the defaults. */
export interface Profile {
  readonly overlay: string;
  readonly timeout: number;
  readonly healthRetries: number;
  readonly healthInterval: number;
  readonly progressInterval: number;
  readonly settle: number;
  readonly monitor: number;
  readonly minNodes: number;
  readonly rollback: 'manual' | 'automatic';
  /** Whether smoke tests measure response times. */
  readonly comprehensive: boolean;
  /** Whether a person must have approved the run on GitHub. */
  readonly approval: boolean;
  /** The severity of a finding, where the two profiles differ. */
  readonly levels: {
    readonly secretPlaceholder: CheckLevel;
    readonly unhealthyWorkload: CheckLevel;
    readonly namespaceMissing: CheckLevel;
    readonly resources: CheckLevel;
    readonly productionByIdentity: CheckLevel;
    readonly productionByName: CheckLevel;
    readonly unknownCluster: CheckLevel;
    /** The last release was interrupted or failed. */
    readonly historyUnfinished: CheckLevel;
    /** Two of the last five failed. */
    readonly historyUnstable: CheckLevel;
  };
}

const second = 1000;
const minute = 60 * second;

export const profiles: Readonly<Record<Environment, Profile>> = {
  staging: {
    overlay: 'k8s/overlays/staging',
    timeout: 5 * minute,
    healthRetries: 10,
    healthInterval: 5 * second,
    progressInterval: 10 * second,
    settle: 10 * second,
    monitor: 0,
    minNodes: 1,
    rollback: 'manual',
    comprehensive: false,
    approval: false,
    levels: {
      secretPlaceholder: 'warn',
      unhealthyWorkload: 'warn',
      namespaceMissing: 'pass',
      resources: 'warn',
      productionByIdentity: 'fail',
      productionByName: 'warn',
      unknownCluster: 'pass',
      historyUnfinished: 'pass',
      historyUnstable: 'pass',
    },
  },
  production: {
    overlay: 'k8s/overlays/production',
    timeout: 10 * minute,
    healthRetries: 20,
    healthInterval: 10 * second,
    progressInterval: 30 * second,
    settle: 30 * second,
    monitor: 60 * second,
    minNodes: 3,
    rollback: 'automatic',
    comprehensive: true,
    approval: true,
    levels: {
      secretPlaceholder: 'fail',
      unhealthyWorkload: 'fail',
      namespaceMissing: 'fail',
      resources: 'fail',
      productionByIdentity: 'pass',
      productionByName: 'pass',
      unknownCluster: 'warn',
      historyUnfinished: 'warn',
      historyUnstable: 'fail',
    },
  },
};
