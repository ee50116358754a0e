/** More databases, queues and stores: those whose operators share a way to say how they are. */
import type { KindRule } from '../generic/kind-rule.ts';

export const storeRules: readonly KindRule[] = [
  {
    // Critical can be reached, and not all of it is up.
    kinds: '*.kubedb.com',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'Ready', held: 'Halted', failing: 'Critical|NotReady|Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.ops.kubedb.com',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Successful', failed: 'Failed|Denied', held: 'Skipped', paused: 'WaitingForApproval' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds:
      'BackupSession.stash.appscode.com RestoreSession.stash.appscode.com BackupSession.core.kubestash.com RestoreSession.core.kubestash.com',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'Succeeded', failed: 'Failed|Skipped|Invalid', failing: 'Unknown' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'CassandraDatacenter.cassandra.datastax.com',
    clauses: [
      { condition: 'Valid', is: { failing: 'False' } },
      { condition: 'Stopped', is: { held: 'True' } },
      {
        path: 'status.cassandraOperatorProgress',
        is: { progressing: 'Updating' },
        missing: 'progressing',
      },
      { condition: 'Ready', is: { current: 'True', progressing: 'False|Unknown' }, missing: 'progressing' },
    ],
  },
  {
    // Whether it has to be restarted for its newest parameters is for a person to see to.
    kinds: 'SGCluster.stackgres.io SGShardedCluster.stackgres.io SGDistributedLogs.stackgres.io',
    clauses: [
      { condition: 'Failed', is: { failing: 'True' } },
      { condition: 'Bootstrapped', is: { current: 'True', progressing: 'False|Unknown' } },
    ],
    reports: true,
  },
  {
    kinds: 'SGBackup.stackgres.io',
    clauses: [
      {
        path: 'status.process.status',
        is: { done: 'Completed', failed: 'Failed' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.process.failure',
      },
    ],
  },
  {
    kinds: 'SGDbOps.stackgres.io',
    clauses: [
      { condition: 'Failed', is: { failed: 'True' } },
      { condition: 'Completed', is: { done: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds: 'ReplicationSource.volsync.backube ReplicationDestination.volsync.backube',
    // Between two rounds it waits; a round that goes on is its work.
    clauses: [
      {
        condition: 'Synchronizing',
        reasons: { failing: 'Error', current: 'WaitingForSchedule|WaitingForManual' },
        is: { progressing: 'True', current: 'False' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Volume.longhorn.io',
    clauses: [
      { path: 'status.robustness', is: { failing: 'degraded|faulted', current: 'healthy' } },
      {
        path: 'status.state',
        is: { held: 'detached' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Backup.longhorn.io SystemBackup.longhorn.io SystemRestore.longhorn.io',
    clauses: [
      {
        path: 'status.state',
        is: { done: 'Completed|Ready', failed: 'Error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.error',
      },
    ],
  },
  {
    kinds: 'BackupTarget.longhorn.io',
    clauses: [
      { path: 'status.available', is: { current: 'true', failing: 'false' }, missing: 'progressing' },
    ],
  },
  {
    // A set without ready pods does not write a 0.
    kinds: 'PostgresCluster.postgres-operator.crunchydata.com',
    clauses: [
      {
        path: 'status.instances.*.readyReplicas',
        equals: 'status.instances.*.replicas',
        differs: 'progressing',
      },
    ],
  },
  {
    kinds:
      'NooBaa.noobaa.io BackingStore.noobaa.io BucketClass.noobaa.io NamespaceStore.noobaa.io StorageCluster.core.libopenstorage.org StorageNode.core.libopenstorage.org DiskPool.openebs.io ZFSVolume.zfs.openebs.io LVMVolume.local.openebs.io BucketClaim.objectstorage.k8s.io BucketAccess.objectstorage.k8s.io',
    reports: true,
  },
  {
    kinds:
      'MysqlCluster.mysql.presslabs.org MySQLCluster.moco.cybozu.com AerospikeCluster.asdb.aerospike.com Stream.jetstream.nats.io Consumer.jetstream.nats.io KeyValue.jetstream.nats.io NatsCluster.nats.io *.resource.streamnative.io PulsarBroker.pulsar.streamnative.io Milvus.milvus.io EMQX.apps.emqx.io StarRocksCluster.starrocks.com OBCluster.oceanbase.oceanbase.com CrdbCluster.crdb.cockroachlabs.com ArangoDeployment.database.arangodb.com VitessCluster.planetscale.com Valkey.hyperspike.io EtcdCluster.operator.etcd.io Etcd.druid.gardener.cloud SpiceDBCluster.authzed.com Postgres.db.movetokube.com PostgresUser.db.movetokube.com KafkaAccess.access.strimzi.io TemporalWorkerDeployment.temporal.io',
    reports: true,
  },
  {
    kinds:
      '*.airflow.stackable.tech *.druid.stackable.tech *.hbase.stackable.tech *.hdfs.stackable.tech *.hive.stackable.tech *.kafka.stackable.tech *.nifi.stackable.tech *.opa.stackable.tech *.superset.stackable.tech *.trino.stackable.tech',
    clauses: [
      { condition: 'Stopped', is: { held: 'True' } },
      { condition: 'ReconciliationPaused', is: { held: 'True' } },
    ],
    reports: true,
  },
];
