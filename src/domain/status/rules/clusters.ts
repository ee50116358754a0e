/** Clusters and what they are made of: OpenShift, Open Cluster Management, Rancher, Sveltos, Config Sync, hardware. */
import type { KindRule } from '../generic/kind-rule.ts';

export const clusterRules: readonly KindRule[] = [
  {
    kinds:
      'ClusterVersion.config.openshift.io Console.operator.openshift.io DNS.operator.openshift.io Network.operator.openshift.io Etcd.operator.openshift.io KubeAPIServer.operator.openshift.io Storage.operator.openshift.io OLM.operator.openshift.io MachineConfig.operator.openshift.io KubeletConfig.machineconfiguration.openshift.io ContainerRuntimeConfig.machineconfiguration.openshift.io MachineSet.machine.openshift.io ControlPlaneMachineSet.machine.openshift.io ClusterLogForwarder.observability.openshift.io ClusterLogForwarder.logging.openshift.io ClusterLogging.logging.openshift.io NodeFeatureDiscovery.nfd.openshift.io PerformanceProfile.performance.openshift.io DataProtectionApplication.oadp.openshift.io StorageCluster.ocs.openshift.io StorageSystem.odf.openshift.io LocalVolume.local.storage.openshift.io LVMCluster.lvm.topolvm.io HyperConverged.hco.kubevirt.io SSP.ssp.kubevirt.io QuayRegistry.quay.redhat.com',
    reports: true,
  },
  {
    kinds: 'Machine.machine.openshift.io',
    clauses: [
      { path: 'status.errorMessage', is: {}, otherwise: 'failing' },
      {
        path: 'status.phase',
        is: { current: 'Running', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'SriovNetworkNodeState.sriovnetwork.openshift.io',
    clauses: [
      {
        path: 'status.syncStatus',
        is: { current: 'Succeeded', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.lastSyncError',
      },
    ],
  },
  {
    kinds: 'MultiClusterHub.operator.open-cluster-management.io MultiClusterEngine.multicluster.openshift.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Running|Available', failing: 'Error|*Failed|Degraded', paused: 'Paused' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'ManagedCluster.cluster.open-cluster-management.io',
    clauses: [
      { condition: 'ManagedClusterImportSucceeded', is: { progressing: 'False|Unknown' } },
      { condition: 'HubAcceptedManagedCluster', is: { paused: 'False' }, missing: 'progressing' },
      { condition: 'ManagedClusterJoined', is: { progressing: 'False|Unknown' }, missing: 'progressing' },
      {
        condition: 'ManagedClusterConditionAvailable',
        is: { current: 'True', failing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'ManagedClusterAddOn.addon.open-cluster-management.io ManifestWork.work.open-cluster-management.io Placement.cluster.open-cluster-management.io ManagedClusterSet.cluster.open-cluster-management.io Klusterlet.operator.open-cluster-management.io ClusterManager.operator.open-cluster-management.io MultiClusterObservability.observability.open-cluster-management.io',
    reports: true,
  },
  {
    // How far the bundle has come to the clusters that it is for.
    kinds: 'GitRepo.fleet.cattle.io Bundle.fleet.cattle.io HelmOp.fleet.cattle.io',
    clauses: [
      { condition: 'Accepted', is: { failing: 'False' } },
      { count: 'status.summary.ready', of: 'status.summary.desiredReady', short: 'progressing' },
    ],
    reports: true,
  },
  {
    kinds: 'Subscription.apps.open-cluster-management.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Propagated|Subscribed', failing: 'Failed|PropagationFailed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'HelmChart.helm.cattle.io',
    clauses: [{ condition: 'Failed', is: { failing: 'True' } }],
    reports: true,
  },
  {
    kinds:
      'Plan.upgrade.cattle.io App.catalog.cattle.io ClusterRepo.catalog.cattle.io Cluster.provisioning.cattle.io Cluster.management.cattle.io Cluster.cluster.karmada.io TenantControlPlane.kamaji.clastix.io Cluster.clusterregistry.k8s.io VirtualCluster.storage.loft.sh',
    reports: true,
  },
  {
    kinds: 'ClusterSummary.config.projectsveltos.io',
    clauses: [
      {
        path: 'status.featureSummaries.*.status',
        is: { current: 'Provisioned|Removed', failing: 'Failed|FailedNonRetriable' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.featureSummaries.*.failureMessage',
      },
    ],
  },
  { kinds: 'SveltosCluster.lib.projectsveltos.io', reports: true },
  {
    kinds: 'RootSync.configsync.gke.io RepoSync.configsync.gke.io',
    clauses: [
      { path: 'status.rendering.errors.*.errorMessage', is: {}, otherwise: 'failing' },
      { path: 'status.source.errors.*.errorMessage', is: {}, otherwise: 'failing' },
      { path: 'status.sync.errors.*.errorMessage', is: {}, otherwise: 'failing' },
      { condition: 'Syncing', is: { progressing: 'True' } },
    ],
    reports: true,
  },
  {
    // Any state but these is one on the way.
    kinds: 'BareMetalHost.metal3.io',
    clauses: [
      {
        path: 'status.operationalStatus',
        is: { failing: 'error', progressing: 'delayed' },
        said: 'status.errorMessage',
      },
      { path: 'metadata.annotations.baremetalhost~metal3~io/paused', is: { held: '*' } },
      {
        path: 'status.provisioning.state',
        is: {
          current: 'available|ready|provisioned|externally provisioned|unmanaged',
          failing: '*error',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Workflow.tinkerbell.org',
    clauses: [
      {
        path: 'status.state',
        is: { done: '*SUCCESS', failed: '*FAILED|*TIMEOUT' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // What a node cannot be given is ignored by its operator.
    kinds: 'ClusterPolicy.nvidia.com NVIDIADriver.nvidia.com NicClusterPolicy.mellanox.com',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'ready', held: 'ignored|ignore|disabled', failing: 'error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.reason',
      },
    ],
  },
  {
    kinds: 'NodeMaintenance.nodemaintenance.medik8s.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Succeeded', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.lastError',
      },
    ],
  },
  {
    kinds:
      'Installation.operator.tigera.io TigeraStatus.operator.tigera.io APIServer.operator.tigera.io Subnet.kubeovn.io Vpc.kubeovn.io LinstorCluster.piraeus.io LinstorSatellite.piraeus.io UserDefinedNetwork.k8s.ovn.org ClusterUserDefinedNetwork.k8s.ovn.org',
    reports: true,
  },
];
