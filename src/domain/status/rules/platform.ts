/** What a platform offers its users: operators, metrics, dashboards, accounts. */
import type { KindRule } from '../generic/kind-rule.ts';

const ready = {
  condition: 'Ready',
  is: { current: 'True', progressing: 'Unknown', failing: 'False' },
} as const;
const humioState = {
  path: 'status.state',
  is: { current: 'Exists|Running', failing: 'ConfigError|NotFound' },
  otherwise: 'progressing',
  missing: 'progressing',
  said: 'status.message',
} as const;

export const platformRules: readonly KindRule[] = [
  {
    kinds: 'APIService.apiregistration.k8s.io',
    clauses: [
      { condition: 'Available', is: { current: 'True' }, otherwise: 'progressing', missing: 'progressing' },
    ],
  },
  {
    kinds: 'Subscription.operators.coreos.com',
    clauses: [
      { condition: 'InstallPlanFailed', is: { failing: 'True' } },
      { condition: 'ResolutionFailed', is: { failing: 'True' } },
      { condition: 'CatalogSourcesUnhealthy', is: { failing: 'True' } },
      {
        condition: 'InstallPlanPending',
        reasons: { paused: 'RequiresApproval' },
        is: { progressing: 'True' },
      },
      {
        path: 'status.state',
        is: { current: 'AtLatestKnown', failing: 'UpgradeFailed|UpgradeAvailable' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ClusterServiceVersion.operators.coreos.com',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Succeeded', failing: 'Failed|Unknown' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'InstallPlan.operators.coreos.com',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Complete', failed: 'Failed', paused: 'RequiresApproval' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'CatalogSource.operators.coreos.com',
    clauses: [
      {
        path: 'status.connectionState.lastObservedState',
        is: { current: 'READY', failing: 'TRANSIENT_FAILURE|SHUTDOWN' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Build.build.openshift.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Complete', failed: 'Failed|Error|Cancelled' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds:
      'ClusterOperator.config.openshift.io IngressController.operator.openshift.io MachineConfigPool.machineconfiguration.openshift.io',
    reports: true,
  },
  {
    kinds:
      'Prometheus.monitoring.coreos.com PrometheusAgent.monitoring.coreos.com Alertmanager.monitoring.coreos.com ThanosRuler.monitoring.coreos.com',
    clauses: [
      { condition: 'Reconciled', is: { failing: 'False' } },
      {
        condition: 'Available',
        is: { current: 'True', failing: 'False', progressing: 'Degraded|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Grafana.grafana.integreatly.org',
    clauses: [
      {
        path: 'status.stageStatus',
        is: { failing: 'failed', progressing: 'in progress' },
        said: 'status.lastMessage',
      },
      { path: 'status.stage', is: { current: 'complete' }, otherwise: 'progressing', missing: 'progressing' },
    ],
  },
  {
    kinds:
      'GrafanaDashboard.grafana.integreatly.org GrafanaDatasource.grafana.integreatly.org GrafanaFolder.grafana.integreatly.org',
    clauses: [{ path: 'status.NoMatchingInstances', is: { failing: 'true' } }],
    reports: true,
  },
  {
    kinds:
      '*.grafana.integreatly.org *.opentelemetry.io *.jaegertracing.io *.kiali.io Flow.logging.banzaicloud.io ClusterFlow.logging.banzaicloud.io Output.logging.banzaicloud.io ClusterOutput.logging.banzaicloud.io LokiStack.loki.grafana.com TempoStack.tempo.grafana.com TempoMonolithic.tempo.grafana.com',
    reports: true,
  },
  { kinds: 'Instrumentation.opentelemetry.io GrafanaServiceAccount.grafana.integreatly.org' },
  {
    kinds: '*.operator.victoriametrics.com',
    clauses: [
      {
        path: 'status.updateStatus',
        is: { current: 'operational', held: 'paused', failing: 'failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.reason',
      },
    ],
  },
  {
    kinds: 'DatadogMetric.datadoghq.com',
    clauses: [
      { condition: 'Error', is: { failing: 'True' } },
      { condition: 'Valid', is: { failing: 'False' } },
    ],
    reports: true,
  },
  { kinds: '*.datadoghq.com *.coralogix.com', reports: true },
  { kinds: '*.core.humio.com', clauses: [humioState] },
  {
    kinds: '*.capabilities.3scale.net *.apps.3scale.net',
    reports: true,
    clauses: [{ condition: 'Ready', is: { current: 'True' } }],
  },
  {
    kinds: 'Keycloak.k8s.keycloak.org',
    clauses: [
      { condition: 'HasErrors', is: { failing: 'True' } },
      { condition: 'RollingUpdate', is: { progressing: 'True' } },
      { condition: 'Ready', is: { current: 'True', progressing: 'False|Unknown' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'KeycloakRealmImport.k8s.keycloak.org',
    clauses: [
      { condition: 'HasErrors', is: { failing: 'True' } },
      { condition: 'Done', is: { done: 'True', progressing: 'False|Unknown' }, missing: 'progressing' },
    ],
  },
  {
    // The operator before Quarkus goes on reconciling while all is well.
    kinds: '*.keycloak.org',
    clauses: [
      { path: 'status.phase', is: { failing: 'failing' }, said: 'status.message' },
      { path: 'status.ready', is: { current: 'true', progressing: 'false' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'ResourceBinding.work.karmada.io ClusterResourceBinding.work.karmada.io',
    clauses: [
      {
        condition: 'Scheduled',
        reasons: { failing: 'NoClusterFit|SchedulerError|Unschedulable' },
        is: { progressing: 'False|Unknown' },
        missing: 'progressing',
      },
      { path: 'status.aggregatedStatus.*.applied', is: { failing: 'false' } },
      { path: 'status.aggregatedStatus.*.health', is: { failing: 'Unhealthy', progressing: 'Unknown' } },
      {
        condition: 'FullyApplied',
        reasons: { failing: 'FullyAppliedFailed' },
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'VerticalPodAutoscaler.autoscaling.k8s.io',
    clauses: [
      { condition: 'ConfigUnsupported', is: { failing: 'True' } },
      { condition: 'NoPodsMatched', is: { failing: 'True' } },
      {
        condition: 'RecommendationProvided',
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ResourceGraphDefinition.kro.run',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Active', failing: 'Inactive' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'SubnamespaceAnchor.hnc.x-k8s.io',
    clauses: [
      {
        path: 'status.status',
        is: { current: 'Ok', failing: 'Conflict|Forbidden' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Schedule.astra.netapp.io ExecHook.astra.netapp.io',
    clauses: [{ path: 'spec.enabled', is: { current: 'true', held: 'false' }, missing: 'progressing' }],
  },
  {
    kinds: 'Application.astra.netapp.io AppVault.astra.netapp.io',
    clauses: [
      { path: 'status.state', is: { current: 'Available', failing: 'Error|Failed' } },
      { ...ready, missing: 'progressing' },
    ],
  },
  {
    kinds: '*.astra.netapp.io',
    clauses: [
      {
        path: 'status.state',
        is: { done: 'Completed', failed: 'Failed|Error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.error',
      },
    ],
  },
  {
    kinds: 'TridentOrchestrator.trident.netapp.io',
    clauses: [
      {
        path: 'status.status',
        is: { current: 'Installed', failing: 'Failed|Error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'TridentBackendConfig.trident.netapp.io',
    clauses: [
      { path: 'status.lastOperationStatus', is: { failing: 'Failed' }, said: 'status.message' },
      {
        path: 'status.phase',
        is: { current: 'Bound', failing: 'Failed|Lost' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  { kinds: '*.work.karmada.io *.enterprise.splunk.com *.kro.run', reports: true },
  {
    kinds:
      'KeycloakRealm.v1.edp.epam.com KeycloakClient.v1.edp.epam.com KeycloakClientScope.v1.edp.epam.com KeycloakRealmGroup.v1.edp.epam.com KeycloakRealmUser.v1.edp.epam.com KeycloakRealmRole.v1.edp.epam.com KeycloakRealmComponent.v1.edp.epam.com KeycloakAuthFlow.v1.edp.epam.com',
    clauses: [{ path: 'status.value', is: { current: 'OK' }, otherwise: 'failing', missing: 'progressing' }],
  },
];
