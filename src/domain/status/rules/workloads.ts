/** Programs and machines that run: Kruise, KEDA, Knative, Spark, Flink, Ray, KubeVirt. */
import type { KindRule } from '../generic/kind-rule.ts';

const ready = {
  condition: 'Ready',
  is: { current: 'True', progressing: 'Unknown', failing: 'False' },
} as const;

export const workloadRules: readonly KindRule[] = [
  {
    kinds: 'SpotDeployment.spot.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Healthy', failing: 'Degraded', paused: 'Paused' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'StatefulSet.apps.kruise.io',
    clauses: [
      { path: 'spec.updateStrategy.paused', is: { paused: 'true' } },
      { path: 'spec.updateStrategy.rollingUpdate.paused', is: { paused: 'true' } },
      { count: 'status.updatedReadyReplicas', of: 'status.replicas', short: 'progressing' },
      { count: 'status.updatedAvailableReplicas', of: 'status.replicas', short: 'progressing' },
      { path: 'status.observedGeneration', is: { current: '*' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'DaemonSet.apps.kruise.io',
    clauses: [
      { path: 'spec.updateStrategy.rollingUpdate.paused', is: { paused: 'true' } },
      { count: 'status.updatedNumberScheduled', of: 'status.desiredNumberScheduled', short: 'progressing' },
      { count: 'status.numberAvailable', of: 'status.desiredNumberScheduled', short: 'progressing' },
    ],
    reports: true,
  },
  {
    kinds: 'BroadcastJob.apps.kruise.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'completed', failed: 'failed', paused: 'paused' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // Runs at its time: no release waits for it (see awaited.ts).
    kinds: 'AdvancedCronJob.apps.kruise.io',
    clauses: [
      { path: 'status.active.*.name', is: {}, otherwise: 'progressing' },
      { path: 'status.lastScheduleTime', is: { current: '*' }, missing: 'progressing' },
    ],
  },
  { kinds: '*.apps.kruise.io *.policy.kruise.io', reports: true },
  {
    kinds: 'GameServerSet.game.kruise.io',
    clauses: [
      { path: 'spec.updateStrategy.rollingUpdate.paused', is: { paused: 'true' } },
      { count: 'status.updatedReadyReplicas', of: 'spec.replicas', short: 'progressing' },
      { count: 'status.readyReplicas', of: 'spec.replicas', short: 'progressing' },
    ],
    reports: true,
  },
  {
    kinds: 'GameServer.game.kruise.io',
    clauses: [
      { path: 'status.podStatus.conditions.*.status', is: { failing: 'False' } },
      { path: 'status.conditions.*.status', is: { failing: 'False' } },
      {
        path: 'status.currentState',
        is: { current: 'Ready' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'GameServer.agones.dev',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready|Allocated|Reserved', failing: 'Error|Unhealthy' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // Servers that are played on are no longer among the ready ones.
    kinds: 'Fleet.agones.dev GameServerSet.agones.dev',
    clauses: [
      { count: 'status.replicas', of: 'spec.replicas', short: 'progressing' },
      {
        count: 'status.readyReplicas',
        of: 'spec.replicas',
        short: 'progressing',
        only: { path: 'status.allocatedReplicas', values: '0' },
      },
    ],
    otherwise: 'current',
  },
  { kinds: 'HTTPScaledObject.http.keda.sh', reports: true },
  { kinds: 'TriggerAuthentication.keda.sh ClusterTriggerAuthentication.keda.sh' },
  {
    // Active says that there is load, Fallback is still at work.
    kinds: 'ScaledObject.keda.sh ScaledJob.keda.sh',
    clauses: [
      { condition: 'Paused', is: { held: 'True' } },
      {
        condition: 'Ready',
        reasons: { failing: 'PartialTriggerError|TriggerError' },
        is: { current: 'True', failing: 'False', progressing: 'Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.operator.knative.dev',
    clauses: [
      {
        condition: 'Ready',
        is: { current: 'True', progressing: 'False|Unknown' },
        otherwise: 'failing',
        missing: 'progressing',
      },
    ],
  },
  { kinds: 'ClusterDomainClaim.networking.internal.knative.dev Image.caching.internal.knative.dev' },
  { kinds: '*.*.knative.dev', clauses: [{ ...ready, missing: 'progressing' }] },
  {
    kinds: 'VirtualMachine.kubevirt.io',
    clauses: [
      { condition: 'Failure', is: { failing: 'True' } },
      { condition: 'Paused', is: { paused: 'True' } },
      {
        path: 'status.printableStatus',
        is: {
          current: 'Running',
          held: 'Stopped',
          paused: 'Paused',
          failing:
            'CrashLoopBackOff|ErrorUnschedulable|ErrImagePull|ImagePullBackOff|ErrorPvcNotFound|DataVolumeError|Unknown',
        },
        otherwise: 'progressing',
      },
      { condition: 'Ready', is: { current: 'True', progressing: 'False|Unknown' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'VirtualMachineInstance.kubevirt.io',
    clauses: [
      { condition: 'Paused', is: { paused: 'True' } },
      {
        path: 'status.phase',
        is: { current: 'Running', done: 'Succeeded', failing: 'Failed|Unknown' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // A volume that waits for its first consumer waits for the release, and not the other way round.
    kinds: 'DataVolume.cdi.kubevirt.io',
    clauses: [
      {
        path: 'status.phase',
        is: {
          done: 'Succeeded',
          held: 'WaitForFirstConsumer|PendingPopulation',
          paused: 'Paused',
          failing: 'Failed|Unknown',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      '*.kubevirt.io CDI.cdi.kubevirt.io *.snapshot.kubevirt.io *.export.kubevirt.io *.clone.kubevirt.io *.pool.kubevirt.io',
    reports: true,
  },
  {
    kinds: 'DeploymentConfig.apps.openshift.io',
    clauses: [
      {
        condition: 'Progressing',
        reasons: { failing: 'ProgressDeadlineExceeded' },
        is: { failing: 'False' },
      },
      { count: 'status.updatedReplicas', of: 'spec.replicas', short: 'progressing' },
      { count: 'status.updatedReplicas', of: 'status.replicas', short: 'progressing' },
      { count: 'status.availableReplicas', of: 'status.updatedReplicas', short: 'progressing' },
      {
        condition: 'Available',
        is: { progressing: 'False|Unknown', current: 'True' },
        missing: 'progressing',
      },
    ],
  },
];
