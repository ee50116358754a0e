/** Stores, volumes and backups. */
import type { KindRule } from '../generic/kind-rule.ts';

export const storageRules: readonly KindRule[] = [
  {
    kinds: 'Cluster.cassandra.rook.io',
    clauses: [
      { path: 'status.racks.*.members', equals: 'status.racks.*.readyMembers', differs: 'progressing' },
    ],
    otherwise: 'current',
  },
  {
    kinds: 'ObjectBucketClaim.objectbucket.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Bound', failing: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'CephCluster.ceph.rook.io',
    clauses: [
      { path: 'status.ceph.health', is: { failing: 'HEALTH_ERR' } },
      {
        path: 'status.phase',
        is: { current: 'Ready|Connected', failing: 'Failure' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: '*.ceph.rook.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Ready|Connected', failing: '*Failure|*Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Tenant.minio.min.io',
    clauses: [
      {
        path: 'status.currentState',
        is: {
          current: 'Initialized',
          failing:
            'Statefulset not controlled by operator|Another MinIO Tenant already exists in the namespace|Tenant credentials are not set properly|Different versions across MinIO Pools|Pool Decommissioning Not Allowed',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'VolumeSnapshot.snapshot.storage.k8s.io VolumeSnapshotContent.snapshot.storage.k8s.io VolumeGroupSnapshot.groupsnapshot.storage.k8s.io VolumeGroupSnapshotContent.groupsnapshot.storage.k8s.io',
    clauses: [
      { path: 'status.error.message', is: {}, otherwise: 'failing' },
      { path: 'status.readyToUse', is: { current: 'true', progressing: 'false' }, missing: 'progressing' },
    ],
  },
  { kinds: 'PrometheusServiceLevel.sloth.slok.dev', reports: true },
  {
    kinds:
      'Backup.velero.io Restore.velero.io DataUpload.velero.io DataDownload.velero.io PodVolumeBackup.velero.io PodVolumeRestore.velero.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Completed', failed: 'Failed|PartiallyFailed|FailedValidation|Canceled' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.failureReason',
      },
    ],
  },
  {
    kinds: 'BackupStorageLocation.velero.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Available', failing: 'Unavailable' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'Backup.k8up.io Restore.k8up.io Archive.k8up.io Check.k8up.io Prune.k8up.io',
    clauses: [
      {
        condition: 'Completed',
        reasons: { failed: 'Failed', done: 'Succeeded' },
        is: { done: 'True' },
        missing: 'progressing',
      },
    ],
    otherwise: 'progressing',
  },
];
