/** Which tests there are: from what the cluster has of this release, and from orion.yaml. Pure: who is there is decided here once. */
import { endpointsByService } from '../../health/endpoints.ts';
import { membersOf } from '../../health/pod-membership.ts';
import { judgeService } from '../../health/service.ts';
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../../kubernetes/objects.ts';
import type { RolloutState } from '../../rollout/state.ts';
import { wantedPods, workloadViewOf } from '../../rollout/workload-view.ts';
import { phaseOf } from '../../status/built-in/pod.ts';
import { isServingKind } from '../../workloads/workloads.ts';
import type { Judgement } from '../judgement.ts';
import { databaseTests } from './database-tests.ts';
import { endpointTests } from './endpoint-tests.ts';
import { journeyTests } from './journey-tests.ts';
import { judgePods } from './pods.ts';
import { serviceCall } from './service-calls.ts';
import type { ServingWorkload, SmokeSubject } from './subject.ts';
import type { DecidedTest, SmokeTest } from './test.ts';

function servingWorkloads(rollout: RolloutState): readonly ServingWorkload[] {
  return rollout.targets
    .filter(({ reference }) => isServingKind(reference))
    .map((target) => {
      const view = workloadViewOf(rollout, target);
      return {
        reference: target.reference,
        workload: view.live?.object ?? target.desired,
        isThere: view.live !== undefined,
        // One that has ended answers nothing any more: the kubelet ends pods of a node that shuts down as succeeded.
        pods: view.pods.map(({ object }) => object).filter((pod) => phaseOf(pod) !== 'Succeeded'),
        wanted: wantedPods(view),
      };
    });
}

/** Every test of a release in a cluster, in the order in which a person reads them: infrastructure first. */
export function planTests(subject: SmokeSubject): readonly SmokeTest[] {
  const workloads = servingWorkloads(subject.rollout);
  return [
    ...databaseTests(subject.databases, { ...subject, workloads }),
    ...workloads.map((workload) => podsTest(workload, subject)),
    ...workloads.flatMap((workload) => endpointTests(workload, subject)),
    ...serviceTests(subject, workloads),
    ...journeyTests(subject, workloads),
  ];
}

function podsTest(serving: ServingWorkload, subject: SmokeSubject): SmokeTest {
  const { kind, name } = serving.reference;
  return {
    id: `${name}/pods`,
    subject: name,
    kind: 'pods',
    title: `${kind} ${name}`,
    address: `${kind.toLowerCase()}/${name}`,
    objects: [serving.reference],
    what: 'decided',
    judgement: serving.isThere ? judgePods(serving, subject.restarts) : notDeployed(`${kind} ${name}`),
  };
}

function notDeployed(title: string): Judgement {
  return {
    outcome: 'failed',
    reason: 'pods-not-ready',
    message: `${title} is not in the cluster.`,
    remedy: 'Deploy the overlay, or correct the namespace and the overlay that are tested.',
  };
}

/**
 * Whether each Service sends to pods of this release and to no others, by the cluster's own word in its EndpointSlices; where it does,
 * a call of the Service as a whole.
 */
function serviceTests(subject: SmokeSubject, workloads: readonly ServingWorkload[]): readonly SmokeTest[] {
  const { namespace, rollout, health, former, rendered } = subject;
  const members = membersOf(rollout, former, rendered);
  const endpoints = endpointsByService(health, namespace);
  return rendered
    .filter((object) => groupKindOf(object) === 'Service')
    .flatMap((desired): readonly SmokeTest[] => {
      const { name } = desired.metadata;
      const service = health.get(keyOf(referenceOf(desired)));
      const verdict =
        service === undefined
          ? { judgement: serviceMissing(name) }
          : judged(service, { members, endpoints: endpoints.get(name) ?? [], unknownMakers: false });
      const decided: DecidedTest = {
        id: `${name}/service/endpoints`,
        subject: name,
        kind: 'service',
        title: `Service ${name}`,
        address: `${name}.${namespace}`,
        objects: [referenceOf(desired)],
        what: 'decided',
        ...verdict,
      };
      const sound = service !== undefined && decided.judgement.outcome === 'passed';
      const call = sound ? serviceCall(service, workloads, subject) : undefined;
      return call === undefined ? [decided] : [decided, call];
    });
}

function serviceMissing(name: string): Judgement {
  return {
    outcome: 'failed',
    reason: 'endpoints-missing',
    message: `Service ${name} is not in the cluster.`,
    remedy: 'Deploy the overlay, or correct the namespace and the overlay that are tested.',
  };
}

function judged(
  service: KubernetesObject,
  facts: Parameters<typeof judgeService>[1],
): Pick<SmokeTest, 'field'> & { readonly judgement: Judgement } {
  const { report, failure } = judgeService(service, facts);
  if (failure !== undefined) {
    const { reason, message, remedy, field } = failure;
    return {
      ...(field === undefined ? {} : { field }),
      judgement: { outcome: 'failed', reason, message, remedy },
    };
  }
  const message = `Service ${service.metadata.name}: ${report.message}.`;
  return { judgement: { outcome: report.state === 'skipped' ? 'skipped' : 'passed', message } };
}
