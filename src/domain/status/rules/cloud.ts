/** Clusters, nodes and what a cloud holds: Crossplane, ACK, Config Connector, Cluster API, Karpenter. */
import type { KindRule } from '../generic/kind-rule.ts';

const ready = {
  condition: 'Ready',
  is: { current: 'True', progressing: 'Unknown', failing: 'False' },
} as const;
const paused = { path: 'metadata.annotations.cluster~x-k8s~io/paused', is: { held: '*' } } as const;

export const cloudRules: readonly KindRule[] = [
  {
    // Configuration that others read.
    kinds:
      '*.apiextensions.crossplane.io Composition.apiextensions.crossplane.io Usage.protection.crossplane.io ClusterUsage.protection.crossplane.io DeploymentRuntimeConfig.pkg.crossplane.io ControllerConfig.pkg.crossplane.io ImageConfig.pkg.crossplane.io Lock.pkg.crossplane.io StoreConfig.secrets.crossplane.io',
  },
  {
    kinds: 'CompositeResourceDefinition.apiextensions.crossplane.io',
    clauses: [
      { condition: 'Established', is: { progressing: 'False|Unknown' }, missing: 'progressing' },
      { condition: 'Offered', is: { progressing: 'Unknown' } },
    ],
    otherwise: 'current',
  },
  {
    kinds: 'Provider.pkg.crossplane.io Configuration.pkg.crossplane.io Function.pkg.crossplane.io',
    clauses: [
      { condition: 'Installed', is: { failing: 'False', progressing: 'Unknown' }, missing: 'progressing' },
      {
        condition: 'Healthy',
        is: { failing: 'False', progressing: 'Unknown', current: 'True' },
        missing: 'progressing',
      },
    ],
  },
  {
    // Managed resources. What only configures a provider has no status, or counts its users in it.
    kinds: '*.*.crossplane.io *.*.upbound.io *.*.m.crossplane.io *.*.m.upbound.io',
    clauses: [
      { path: 'kind', is: { current: '*ProviderConfig|*ProviderConfigUsage|StoreConfig|EnvironmentConfig' } },
      { condition: 'LastAsyncOperation', is: { failing: 'False' } },
      { condition: 'Synced', reasons: { held: 'ReconcilePaused' }, is: { failing: 'False' } },
      {
        condition: 'Ready',
        reasons: { progressing: 'Creating|Deleting' },
        is: { current: 'True', failing: 'False', progressing: 'Unknown' },
      },
      { condition: 'Healthy', is: { failing: 'False' } },
    ],
    reports: true,
  },
  {
    // Terminal: the resource cannot become what the spec wants until the spec changes.
    kinds: '*.*.services.k8s.aws',
    clauses: [
      { condition: 'ACK.Terminal', is: { failed: 'True' } },
      { condition: 'ACK.Recoverable', is: { failing: 'True' } },
      {
        condition: 'ACK.ResourceSynced',
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ConfigConnector.core.cnrm.cloud.google.com ConfigConnectorContext.core.cnrm.cloud.google.com',
    clauses: [
      {
        path: 'status.healthy',
        is: { current: 'true', failing: 'false' },
        missing: 'progressing',
        said: 'status.errors.0',
      },
    ],
  },
  {
    kinds: '*.*.cnrm.cloud.google.com',
    clauses: [
      {
        condition: 'Ready',
        reasons: {
          paused: 'DependencyNotReady',
          failing:
            'DependencyNotFound|DependencyInvalid|UpdateFailed|DeleteFailed|ManagementConflict|PreActuationTransformFailed|PostActuationTransformFailed',
        },
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Cluster.cluster.x-k8s.io',
    clauses: [
      paused,
      { path: 'status.phase', is: { failing: 'Failed' }, said: 'status.failureMessage' },
      { path: 'status.conditions.*.severity', is: { failing: 'Error' }, said: 'status.conditions.0.message' },
      { condition: 'Ready', is: { progressing: 'False|Unknown' } },
      { condition: 'Available', is: { progressing: 'False|Unknown' } },
      {
        path: 'status.phase',
        is: { current: 'Provisioned' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'Machine.cluster.x-k8s.io MachineDeployment.cluster.x-k8s.io MachinePool.cluster.x-k8s.io MachineSet.cluster.x-k8s.io',
    clauses: [
      paused,
      { path: 'status.failureMessage', is: {}, otherwise: 'failing' },
      {
        path: 'status.phase',
        is: {
          failing: 'Failed|Unknown',
          progressing: 'Pending|Provisioning|Provisioned|ScalingUp|ScalingDown|Scaling|Deleting',
        },
      },
    ],
    reports: true,
  },
  {
    kinds: 'MachineHealthCheck.cluster.x-k8s.io',
    clauses: [
      { condition: 'RemediationAllowed', is: { failing: 'False' } },
      { count: 'status.currentHealthy', of: 'status.expectedMachines', short: 'progressing' },
    ],
    reports: true,
  },
  {
    kinds: 'ClusterResourceSet.addons.cluster.x-k8s.io',
    clauses: [
      {
        condition: 'ResourcesApplied',
        reasons: {
          progressing: 'RemoteClusterClientFailed|ClusterNotAvailable',
          failing: 'ApplyFailed|RetrievingResourceFailed|WrongSecretType',
        },
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    // Templates and identities are only read.
    kinds: '*.*.cluster.x-k8s.io *.cluster.x-k8s.io',
    reports: true,
    clauses: [{ path: 'kind', is: { current: '*Template|*Identity|*ClusterClass' } }, paused],
  },
  {
    kinds: 'NodeClaim.karpenter.sh',
    reports: true,
  },
  {
    kinds: '*.karpenter.sh *.karpenter.k8s.aws *.karpenter.azure.com',
    reports: true,
    clauses: [ready],
  },
  {
    kinds: 'Iamrole.iammanager.keikoproj.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error|PolicyNotAllowed|RolesMaxLimitReached|RoleNameNotAvailable' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.errorDescription',
      },
    ],
  },
  {
    kinds: 'Shoot.core.gardener.cloud',
    clauses: [
      { path: 'status.conditions.0.type', is: {}, missing: 'failing' },
      {
        path: 'status.lastOperation.state',
        is: { progressing: 'Processing|Pending', failing: 'Error|Failed|Aborted' },
        said: 'status.lastOperation.description',
      },
      {
        path: 'status.conditions.*.status',
        is: { failing: 'False', progressing: 'Progressing|Unknown', current: 'True' },
      },
    ],
  },
  {
    kinds:
      '*.services.cloud.sap.com ClusterDeployment.hive.openshift.io HostedCluster.hypershift.openshift.io NodePool.hypershift.openshift.io *.*.azure.com',
    reports: true,
  },
  {
    kinds: '*.apigee.cloud.google.com',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'running|active', failing: 'error|failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ManagedCertificate.networking.gke.io',
    clauses: [
      {
        path: 'status.certificateStatus',
        is: { current: 'Active', failing: 'Failed*|RenewalFailed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
];
