/** Computes whether the rollout is still up, and every Service sends to its pods. Pure. */
import type { Failure } from '../failure/failure.ts';
import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { groupKindOf, type KubernetesObject, keyOf, referenceOf, titleOf } from '../kubernetes/objects.ts';
import type { Limits, RolloutState } from '../rollout/state.ts';
import { unsettled, verdict } from '../verdict/verdict.ts';
import { endpointsByService } from './endpoints.ts';
import { membersOf } from './pod-membership.ts';
import { judgeService, type ServiceReport, type ServiceVerdict } from './service.ts';
import type { HealthState } from './state.ts';

/** The parts of a release that health needs. */
export interface HealthSubject {
  readonly namespace: string;
  /** The overlay's objects as they were sent. */
  readonly rendered: readonly KubernetesObject[];
  /** Keys of workloads that the previous record lists and the overlay no longer has. */
  readonly former: ReadonlySet<string>;
}

interface HealthLimits {
  /** The rollout's limits, without its timeout, since it has passed. */
  readonly rollout: Limits;
  /** The deadline after which an unhealthy state is a failure, milliseconds since the epoch. */
  readonly deadline: number;
}

/** What all Services and workloads mean at one moment; times are milliseconds since the epoch. */
export type HealthVerdict =
  | {
      readonly state: 'pending';
      readonly services: readonly ServiceReport[];
      /** When time alone may change the answer. */
      readonly nextAt: number;
      /** One entry per thing that is not sound yet, for the log. */
      readonly waitingFor: readonly string[];
    }
  | { readonly state: 'passed'; readonly services: readonly ServiceReport[] }
  | {
      readonly state: 'failed';
      readonly failures: readonly Failure[];
      readonly services: readonly ServiceReport[];
    };

/**
 * Fails at once for permanent problems (a crash loop, a selector that no template could match, a named port that no
 * container has), waits for transient ones until the deadline, and passes when every Service is healthy and the
 * rollout is still in the state in which it passed: a workload that crashed since must settle again.
 */
export function healthVerdict(
  rollout: RolloutState,
  health: HealthState,
  subject: HealthSubject,
  now: number,
  limits: HealthLimits,
): HealthVerdict {
  const judged = judgeServices(rollout, health, subject);
  const services = judged.map(({ report }) => report);
  const workloads = verdict(rollout, now, limits.rollout, Number.POSITIVE_INFINITY);
  const troubles = workloads.state === 'failed' ? workloads.failures.map(afterwards) : [];
  const broken = judged.filter(({ report }) => report.state === 'failed');
  const failures = [...troubles, ...failuresOf(broken)];
  if (failures.length > 0) return { state: 'failed', failures, services };

  const waiting = judged.filter(({ report }) => report.state === 'waiting');
  if (waiting.length === 0 && workloads.state === 'passed') return { state: 'passed', services };
  if (now >= limits.deadline) {
    const late = [...failuresOf(waiting), ...unsettled(rollout, now, limits.rollout).map(timedOut)];
    return late.length === 0 ? { state: 'passed', services } : { state: 'failed', failures: late, services };
  }
  return {
    state: 'pending',
    services,
    nextAt: Math.min(limits.deadline, workloads.state === 'pending' ? workloads.nextAt : limits.deadline),
    waitingFor: [
      ...(workloads.state === 'pending' ? workloads.waitingFor : []),
      ...waiting.map(({ report }) => `${titleOf(report.reference)}: ${report.message}`),
    ],
  };
}

function judgeServices(
  rollout: RolloutState,
  health: HealthState,
  { namespace, rendered, former }: HealthSubject,
): readonly ServiceVerdict[] {
  const services = rendered.filter(
    (object) => groupKindOf(object) === 'Service' && object.metadata.namespace === namespace,
  );
  if (services.length === 0) return [];
  const members = membersOf(rollout, former, rendered);
  const endpoints = endpointsByService(health, namespace);
  // Kubernetes' built-in controllers create pods from templates that we can read.
  const unknownMakers = rendered.some(isCustomResource);
  return services.map((service) =>
    judgeService(health.get(keyOf(referenceOf(service))) ?? service, {
      members,
      endpoints: endpoints.get(service.metadata.name) ?? [],
      unknownMakers,
    }),
  );
}

function failuresOf(judged: readonly ServiceVerdict[]): readonly Failure[] {
  return judged.flatMap(({ failure }) => failure ?? []);
}

const crashes: ReadonlySet<Failure['reason']> = new Set([
  'crash-loop',
  'out-of-memory',
  'liveness-probe-failing',
  'startup-probe-failing',
  'init-container-failed',
  'container-cannot-run',
]);

/** A failure of the rollout after it had passed. */
function afterwards(failure: Failure): Failure {
  return {
    ...failure,
    reason: crashes.has(failure.reason) ? 'restarted-after-ready' : 'health-timeout',
    message: `After the rollout had passed: ${failure.message}`,
  };
}

function timedOut({ waitingFor, why }: ReturnType<typeof unsettled>[number]): Failure {
  const message = `After the rollout had passed, and until the health budget was over: ${waitingFor}.`;
  if (why !== undefined) return { ...why, reason: 'health-timeout', message: `${message} ${why.message}` };
  return {
    reason: 'health-timeout',
    message,
    remedy:
      'Find out what its pods wait for; raise health-retries or health-interval if they only need longer.',
    objects: [],
    chain: [],
    logs: [],
  };
}
