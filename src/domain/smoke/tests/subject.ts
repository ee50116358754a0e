/** What smoke tests are planned from. */
import type { HealthState } from '../../health/state.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/objects.ts';
import type { RolloutState } from '../../rollout/state.ts';
import type { SmokeConfiguration } from '../configuration.ts';
import type { Database } from '../databases/databases.ts';
import type { Entrances } from './ingress-routes.ts';
import type { RestartRule } from './pods.ts';

/** The variables of each journey by its name; what is not there is undefined. */
export type JourneyVariables = ReadonlyMap<string, Readonly<Record<string, string | undefined>>>;

/** All that the tests of a cluster are planned from, as seen when the smoke phase begins. */
export interface SmokeSubject {
  readonly namespace: string;
  /** Its targets are the workloads, its pods prove which are of this release. */
  readonly rollout: RolloutState;
  /** Services and EndpointSlices. */
  readonly health: HealthState;
  readonly rendered: readonly KubernetesObject[];
  /** Keys of workloads that the release before had and this one no longer has. */
  readonly former: ReadonlySet<string>;
  readonly configuration: SmokeConfiguration;
  readonly databases: readonly Database[];
  readonly variables: JourneyVariables;
  readonly entrances: Entrances;
  /** PEM of what HTTPS entrances may be signed by beside the usual authorities. */
  readonly authorities?: string;
  readonly restarts: RestartRule;
}

/** A workload of this release and its pods, those of earlier revisions left out. */
export interface ServingWorkload {
  readonly reference: ObjectReference;
  /** As it is in the cluster, or as it should be if it is not there. */
  readonly workload: KubernetesObject;
  readonly isThere: boolean;
  readonly pods: readonly KubernetesObject[];
  readonly wanted: number;
}
