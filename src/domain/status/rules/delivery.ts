/** Kinds that deliver others: Argo, Flux, Flagger, Tekton, Numaplane, Keptn and the like. */
import type { KindRule } from '../generic/kind-rule.ts';

/** `Ready` sums up; work under way says so by its reason. */
const ready = {
  condition: 'Ready',
  is: { current: 'True', progressing: 'Unknown', failing: 'False' },
} as const;
const promoterReady = {
  condition: 'Ready',
  is: { failing: 'False', progressing: 'Unknown' },
  missing: 'progressing',
} as const;

export const deliveryRules: readonly KindRule[] = [
  {
    kinds: 'Workflow.argoproj.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Succeeded', failed: 'Failed|Error', progressing: 'Running|Pending' },
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'AnalysisRun.argoproj.io Experiment.argoproj.io',
    clauses: [
      {
        path: 'status.phase',
        is: {
          done: 'Successful',
          failed: 'Failed|Error',
          progressing: 'Running|Pending',
          paused: 'Inconclusive',
        },
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'CronWorkflow.argoproj.io',
    clauses: [
      { condition: 'SpecError', is: { failing: 'True' } },
      { condition: 'SubmissionError', is: { failing: 'True' } },
    ],
    otherwise: 'current',
  },
  {
    kinds: 'ApplicationSet.argoproj.io',
    clauses: [
      { condition: 'ErrorOccurred', is: { failing: 'True' } },
      { condition: 'RolloutProgressing', is: { progressing: 'True' } },
      { condition: 'ResourcesUpToDate', is: { current: 'True', failing: 'False' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'Application.argoproj.io',
    clauses: [
      {
        path: 'status.health.status',
        is: {
          current: 'Healthy',
          progressing: 'Progressing|Missing|Unknown',
          failing: 'Degraded',
          paused: 'Suspended',
        },
        missing: 'progressing',
        said: 'status.health.message',
      },
    ],
  },
  {
    kinds: 'EventBus.argoproj.io EventSource.argoproj.io Sensor.argoproj.io',
    reports: true,
    clauses: [
      {
        path: 'status.conditions.*.status',
        is: { failing: 'False', progressing: 'Unknown', current: 'True' },
        said: 'status.conditions.*.message',
      },
    ],
  },
  {
    kinds:
      'ArgoCD.argoproj.io ImageUpdater.argocd-image-updater.argoproj.io GitopsService.pipelines.openshift.io',
    reports: true,
  },
  // Since v1beta3 these two are only read, and have no status.
  {
    kinds: 'Alert.notification.toolkit.fluxcd.io Provider.notification.toolkit.fluxcd.io',
    clauses: [
      {
        path: 'status.conditions.0.type',
        is: {},
        missing: 'progressing',
        only: { path: 'apiVersion', values: '*/v1beta1|*/v1beta2' },
      },
      ready,
    ],
  },
  {
    kinds: 'HelmRepository.source.toolkit.fluxcd.io',
    reports: true,
    // A repository of type oci is only read.
    clauses: [{ path: 'spec.type', is: { current: 'oci' } }, ready],
  },
  {
    kinds: '*.*.toolkit.fluxcd.io *.infra.contrib.fluxcd.io *.fluxcd.controlplane.io',
    reports: true,
    clauses: [{ ...ready, reasons: { progressing: 'Progressing|ProgressingWithRetry|DependencyNotReady' } }],
  },
  {
    kinds: 'Promotion.kargo.akuity.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Succeeded', failed: 'Failed|Errored|Aborted' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  { kinds: 'Stage.kargo.akuity.io Warehouse.kargo.akuity.io', reports: true },
  {
    kinds: 'Canary.flagger.app',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Initialized|Succeeded', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'PipelineRun.tekton.dev TaskRun.tekton.dev CustomRun.tekton.dev',
    clauses: [
      {
        condition: 'Succeeded',
        is: { done: 'True', failed: 'False', progressing: 'Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      '*.operator.tekton.dev *.numaplane.numaproj.io KeptnApp.lifecycle.keptn.sh KeptnAppVersion.lifecycle.keptn.sh KeptnTask.lifecycle.keptn.sh KeptnEvaluation.lifecycle.keptn.sh KeptnWorkload.lifecycle.keptn.sh KeptnWorkloadVersion.lifecycle.keptn.sh KeptnWorkloadInstance.lifecycle.keptn.sh Stack.pulumi.com Workspace.auto.pulumi.com Update.auto.pulumi.com',
    reports: true,
  },
  {
    kinds: '*.numaflow.numaproj.io',
    reports: true,
    clauses: [
      {
        path: 'status.phase',
        is: { failing: 'Failed', paused: 'Paused', progressing: 'Pending|Pausing|Deleting|Unknown' },
        said: 'status.message',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'CommitStatus.promoter.argoproj.io',
    clauses: [promoterReady],
    otherwise: 'current',
  },
  {
    kinds: 'ArgoCDCommitStatus.promoter.argoproj.io',
    clauses: [promoterReady, { path: 'status.applicationsSelected.*.name', is: {}, missing: 'failing' }],
  },
  {
    kinds: 'ChangeTransferPolicy.promoter.argoproj.io',
    clauses: [
      promoterReady,
      { path: 'status.active.dry.sha', equals: 'status.proposed.dry.sha', differs: 'progressing' },
    ],
    otherwise: 'current',
  },
  {
    kinds: 'PromotionStrategy.promoter.argoproj.io',
    clauses: [
      promoterReady,
      { path: 'status.environments.*.branch', is: {}, missing: 'failing' },
      {
        path: 'status.environments.*.active.dry.sha',
        equals: 'status.environments.*.proposed.dry.sha',
        differs: 'progressing',
      },
    ],
    otherwise: 'current',
  },
  { kinds: '*.promoter.argoproj.io', clauses: [promoterReady] },
  {
    kinds: 'Rollout.rollouts.kruise.io',
    clauses: [
      {
        path: 'status.phase',
        is: { failing: 'Disabled|Terminating', progressing: 'Progressing', current: 'Healthy' },
        missing: 'progressing',
      },
    ],
  },
  { kinds: 'AtlasMigration.db.atlasgo.io AtlasSchema.db.atlasgo.io', reports: true },
  {
    kinds: 'TestRun.k6.io K6.k6.io',
    clauses: [
      {
        path: 'status.stage',
        is: { done: 'finished', failed: 'error' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
];
