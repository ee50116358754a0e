/** Programs that an operator brings up for its users: application servers, portals, agents, builds; and tests of them. */
import type { KindRule } from '../generic/kind-rule.ts';

export const applicationRules: readonly KindRule[] = [
  {
    // Its workflow runs before the application does.
    kinds: 'Application.core.oam.dev',
    clauses: [
      {
        path: 'status.status',
        is: {
          current: 'running',
          paused: 'workflowSuspending',
          failing: 'workflowFailed|workflowTerminated|unhealthy',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'WorkflowRun.core.oam.dev',
    clauses: [
      {
        path: 'status.status',
        is: { done: 'succeeded', failed: 'failed|terminated', paused: 'suspending' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'App.kappctrl.k14s.io PackageInstall.packaging.carvel.dev PackageRepository.packaging.carvel.dev',
    clauses: [
      { condition: 'ReconcileFailed', is: { failing: 'True' } },
      { condition: 'Reconciling', is: { progressing: 'True' } },
      { condition: 'ReconcileSucceeded', is: { current: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds: 'Build.kpack.io BuildRun.shipwright.io',
    clauses: [
      {
        condition: 'Succeeded',
        is: { done: 'True', failed: 'False', progressing: 'Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Build.shipwright.io',
    clauses: [
      {
        path: 'status.registered',
        is: { current: 'True', failing: 'False' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds:
      'Image.kpack.io Builder.kpack.io ClusterBuilder.kpack.io ClusterStack.kpack.io ClusterStore.kpack.io Workload.carto.run Deliverable.carto.run',
    clauses: [
      {
        condition: 'Ready',
        is: { current: 'True', progressing: 'Unknown', failing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ServiceInstance.servicecatalog.k8s.io ServiceBinding.servicecatalog.k8s.io',
    clauses: [{ condition: 'Failed', is: { failing: 'True' } }],
    reports: true,
  },
  {
    kinds:
      'ServiceBinding.servicebinding.io ServiceBinding.binding.operators.coreos.com OpenLibertyApplication.apps.openliberty.io WebSphereLibertyApplication.liberty.websphere.ibm.com RuntimeComponent.rc.app.stacks ActiveMQArtemis.broker.amq.io WildFlyServer.wildfly.org Backstage.rhdh.redhat.com GitLab.apps.gitlab.com Runner.apps.gitlab.com AWX.awx.ansible.com ClusterExtension.olm.operatorframework.io ClusterCatalog.olm.operatorframework.io SpinnakerService.spinnaker.io RolloutManager.argoproj.io KluctlDeployment.gitops.kluctl.io Promise.platform.kratix.io DynaKube.dynatrace.com EdgeConnect.dynatrace.com AmazonCloudWatchAgent.cloudwatch.aws.amazon.com Workspace.app.terraform.io Project.app.terraform.io AgentPool.app.terraform.io Module.app.terraform.io HarborCluster.goharbor.io DataScienceCluster.datasciencecluster.opendatahub.io DSCInitialization.dscinitialization.opendatahub.io FeatureStore.feast.dev Agent.kagent.dev NIMService.apps.nvidia.com NIMCache.apps.nvidia.com NIMPipeline.apps.nvidia.com DynamoGraphDeployment.nvidia.com Workspace.kaito.sh Plan.forklift.konveyor.io Provider.forklift.konveyor.io NetworkMap.forklift.konveyor.io StorageMap.forklift.konveyor.io QueueManager.mq.ibm.com EventListener.triggers.tekton.dev SeldonDeployment.machinelearning.seldon.io Model.mlops.seldon.io Pipeline.mlops.seldon.io Server.mlops.seldon.io TemporalCluster.temporal.io TemporalNamespace.temporal.io Project.kargo.akuity.io Kamelet.camel.apache.org Pipe.camel.apache.org KameletBinding.camel.apache.org',
    reports: true,
  },
  {
    // Not yet one cluster until its members see each other.
    kinds: 'Infinispan.infinispan.org',
    clauses: [
      { condition: 'Stopping', is: { progressing: 'True' } },
      { condition: 'GracefulShutdown', is: { held: 'True' } },
      { condition: 'Upgrade', is: { progressing: 'True' } },
      {
        condition: 'WellFormed',
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'DevWorkspace.workspace.devfile.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Running', held: 'Stopped', failing: 'Failed|Failing|Error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  { kinds: 'Cache.infinispan.org Batch.infinispan.org', reports: true },
  {
    kinds: 'CheCluster.org.eclipse.che',
    clauses: [
      {
        path: 'status.chePhase',
        is: { current: 'Active', progressing: 'Inactive|RollingUpdate' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    // Serves only when its own program runs, whatever has been built.
    kinds: 'Function.serverless.kyma-project.io',
    clauses: [
      { condition: 'ConfigurationReady', is: { progressing: 'Unknown', failing: 'False' } },
      { condition: 'BuildReady', is: { progressing: 'Unknown', failing: 'False' } },
      {
        condition: 'Running',
        is: { current: 'True', progressing: 'Unknown', failing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'APIRule.gateway.kyma-project.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error|Warning' },
        otherwise: 'progressing',
        said: 'status.description',
      },
      {
        path: 'status.APIRuleStatus.code',
        is: { current: 'OK', failing: 'ERROR' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.APIRuleStatus.desc',
      },
    ],
  },
  {
    kinds: '*.operator.kyma-project.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error|Warning' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'PodChaos.chaos-mesh.org NetworkChaos.chaos-mesh.org IOChaos.chaos-mesh.org StressChaos.chaos-mesh.org TimeChaos.chaos-mesh.org DNSChaos.chaos-mesh.org HTTPChaos.chaos-mesh.org JVMChaos.chaos-mesh.org KernelChaos.chaos-mesh.org',
    clauses: [
      { condition: 'Paused', is: { held: 'True' } },
      { condition: 'AllRecovered', is: { done: 'True' } },
      { condition: 'AllInjected', is: { current: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    // Scaled to zero, it waits for its next call.
    kinds: 'NuclioFunction.nuclio.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'ready|scaledToZero', failing: 'error|unhealthy', held: 'imported' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'Jenkins.jenkins.io',
    clauses: [
      { path: 'status.userConfigurationCompletedTime', is: { current: '*' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'VirtualMachineImage.harvesterhci.io',
    clauses: [
      { condition: 'RetryLimitExceeded', is: { failing: 'True' } },
      { condition: 'Imported', is: { current: 'True' }, otherwise: 'progressing', missing: 'progressing' },
    ],
  },
  {
    kinds:
      'PrefectServer.prefect.io PrefectWorkPool.prefect.io PrefectDeployment.prefect.io AzureAppConfigurationProvider.azconfig.io',
    reports: true,
  },
  {
    kinds: 'ChaosEngine.litmuschaos.io',
    clauses: [
      { path: 'status.experiments.*.verdict', is: { failed: 'Fail|Error' } },
      {
        path: 'status.engineStatus',
        is: { done: 'completed', held: 'stopped' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ActionSet.cr.kanister.io',
    clauses: [
      {
        path: 'status.state',
        is: { done: 'complete', failed: 'failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.error.message',
      },
    ],
  },
  {
    kinds: 'Policy.config.kio.kasten.io Profile.config.kio.kasten.io',
    clauses: [
      {
        path: 'status.validation',
        is: { current: 'Success', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.error.*',
      },
    ],
  },
];
