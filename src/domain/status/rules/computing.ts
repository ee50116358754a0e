/** Models, streams and jobs: KServe, Flink, Spark, Ray, Kubeflow, Volcano. */
import type { KindRule } from '../generic/kind-rule.ts';

const sparkFailures = 'Failed|*Failure|*TimedOut|DriverEvicted';
const released = {
  path: 'status.currentState.currentStateSummary',
  values: 'ResourceReleased|TerminatedWithoutReleaseResources',
} as const;

export const computingRules: readonly KindRule[] = [
  {
    kinds: 'InferenceService.serving.kserve.io',
    clauses: [
      { condition: 'Stopped', is: { held: 'True' } },
      {
        path: 'status.modelStatus.transitionStatus',
        is: { failing: 'BlockedByFailedLoad|InvalidSpec', progressing: 'InProgress' },
      },
      {
        condition: 'Ready',
        reasons: { progressing: 'RevisionMissing' },
        is: { current: 'True', progressing: 'Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'InferenceGraph.serving.kserve.io TrainedModel.serving.kserve.io LLMInferenceService.serving.kserve.io',
    reports: true,
  },
  {
    kinds: 'Function.openfaas.com',
    reports: true,
    clauses: [{ condition: 'Healthy', is: { paused: 'False' } }],
  },
  {
    kinds: 'SpinApp.core.spinkube.dev Integration.camel.apache.org IntegrationPlatform.camel.apache.org',
    reports: true,
  },
  {
    kinds: 'FlinkDeployment.flink.apache.org',
    clauses: [
      { path: 'status.error', is: {}, otherwise: 'failing' },
      { path: 'status.reconciliationStatus.error', is: {}, otherwise: 'failing' },
      {
        path: 'status.jobStatus.state',
        is: {
          held: 'SUSPENDED|FINISHED',
          failing: 'FAILED|FAILING',
          progressing: 'RECONCILING|INITIALIZING|CREATED|RESTARTING|CANCELLING|CANCELED',
        },
      },
      {
        path: 'status.jobManagerDeploymentStatus',
        is: { current: 'READY', failing: 'ERROR' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'SparkApplication.sparkoperator.k8s.io',
    clauses: [
      {
        path: 'status.applicationState.state',
        is: {
          done: 'COMPLETED',
          failed: 'FAILED',
          failing: 'SUBMISSION_FAILED|FAILING|INVALIDATING',
          paused: 'SUSPENDED',
          current: 'RUNNING',
        },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.applicationState.errorMessage',
      },
    ],
  },
  {
    kinds: 'RayJob.ray.io',
    clauses: [
      {
        path: 'status.jobStatus',
        is: { done: 'SUCCEEDED', failed: 'FAILED|STOPPED' },
        said: 'status.message',
      },
      {
        path: 'status.jobDeploymentStatus',
        is: { done: 'Complete', failed: 'Failed', held: 'Suspended' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'RayCluster.ray.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'ready', failing: 'failed|unhealthy', held: 'suspended' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.reason',
      },
    ],
  },
  {
    kinds: 'RayService.ray.io',
    clauses: [
      { condition: 'Ready', is: { current: 'True' } },
      {
        path: 'status.serviceStatus',
        is: { current: 'Running', failing: '*Failed*|FailedToUpdate*|Unhealthy' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // Conditions as a history of what it has gone through: the end goes first.
    kinds:
      'PyTorchJob.kubeflow.org TFJob.kubeflow.org MPIJob.kubeflow.org XGBoostJob.kubeflow.org PaddleJob.kubeflow.org JAXJob.kubeflow.org Experiment.kubeflow.org Trial.kubeflow.org',
    clauses: [
      { condition: 'Failed', is: { failed: 'True' } },
      { condition: 'Succeeded', is: { done: 'True' } },
      { condition: 'Suspended', is: { held: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds:
      'Notebook.kubeflow.org *.leaderworkerset.x-k8s.io Queue.scheduling.volcano.sh PodGroup.scheduling.volcano.sh SparkConnect.sparkoperator.k8s.io',
    reports: true,
  },
  {
    kinds: 'ClusterQueue.kueue.x-k8s.io LocalQueue.kueue.x-k8s.io AdmissionCheck.kueue.x-k8s.io',
    clauses: [
      {
        condition: 'Active',
        is: { current: 'True', progressing: 'Unknown', failing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'JobSet.jobset.x-k8s.io',
    clauses: [
      { path: 'status.terminalState', is: { done: 'Completed', failed: 'Failed' } },
      { condition: 'Failed', is: { failed: 'True' } },
      { condition: 'Completed', is: { done: 'True' } },
      { condition: 'Suspended', is: { held: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds: 'TrainJob.trainer.kubeflow.org',
    clauses: [
      { condition: 'Failed', is: { failed: 'True' } },
      { condition: 'Complete', is: { done: 'True' } },
      { condition: 'Suspended', is: { held: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds: 'FlinkSessionJob.flink.apache.org',
    clauses: [
      { path: 'status.error', is: {}, otherwise: 'failing' },
      {
        path: 'status.jobStatus.state',
        is: { current: 'RUNNING', done: 'FINISHED', held: 'SUSPENDED', failing: 'FAILED|FAILING' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // Apache's own operator. Its last state is the same however it ended: what came before tells.
    kinds: 'SparkApplication.spark.apache.org SparkCluster.spark.apache.org',
    clauses: [
      {
        path: 'status.stateTransitionHistory.*.currentStateSummary',
        is: { done: 'Succeeded' },
        only: released,
      },
      {
        path: 'status.stateTransitionHistory.*.currentStateSummary',
        is: { failing: sparkFailures },
        only: released,
      },
      {
        path: 'status.currentState.currentStateSummary',
        is: { current: 'RunningHealthy', done: 'Succeeded', failing: sparkFailures },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.currentState.message',
      },
    ],
  },
  {
    kinds: 'DaskJob.kubernetes.dask.org',
    clauses: [
      {
        path: 'status.jobStatus',
        is: { done: 'Successful', failed: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'DaskCluster.kubernetes.dask.org',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Running', failing: 'Error|Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'JobFlow.flow.volcano.sh',
    clauses: [
      {
        path: 'status.state.phase',
        is: { done: 'Succeed', failed: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Job.batch.volcano.sh',
    clauses: [
      {
        path: 'status.state.phase',
        is: { done: 'Completed', failed: 'Failed|Terminated|Aborted' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.state.message',
      },
    ],
  },
];
