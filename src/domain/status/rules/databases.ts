/** Databases, queues and stores that an operator brings up. */
import type { KindRule } from '../generic/kind-rule.ts';

const perconaState = {
  path: 'status.state',
  is: { current: 'ready', progressing: 'initializing', paused: 'paused', failing: 'error' },
  otherwise: 'progressing',
  missing: 'progressing',
  said: 'status.message',
} as const;
const backupState = {
  path: 'status.state',
  is: { done: 'Succeeded|ready|Completed', failed: 'Failed|error|rejected' },
  otherwise: 'progressing',
  missing: 'progressing',
} as const;

export const databaseRules: readonly KindRule[] = [
  {
    kinds:
      'Backup.k8s.mariadb.com PhysicalBackup.k8s.mariadb.com Restore.k8s.mariadb.com SqlJob.k8s.mariadb.com Backup.mariadb.mmontes.io Restore.mariadb.mmontes.io SqlJob.mariadb.mmontes.io',
    clauses: [
      {
        condition: 'Complete',
        reasons: { failed: 'JobFailed|Failed' },
        is: { done: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.k8s.mariadb.com *.mariadb.mmontes.io',
    clauses: [{ condition: 'Ready', missing: 'progressing' }],
  },
  {
    kinds: 'InnoDBCluster.mysql.oracle.com',
    clauses: [
      {
        path: 'status.cluster.status',
        is: {
          current: 'ONLINE',
          failing:
            'OFFLINE|NO_QUORUM|SPLIT_BRAIN|INVALID|ONLINE_UNCERTAIN|OFFLINE_UNCERTAIN|NO_QUORUM_UNCERTAIN',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'postgresql.acid.zalan.do',
    clauses: [
      {
        path: 'status.PostgresClusterStatus',
        is: {
          current: 'Running',
          progressing: 'Creating|Updating',
          failing: 'CreateFailed|UpdateFailed|SyncFailed|Invalid',
        },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'Cluster.postgresql.cnpg.io Cluster.postgresql.k8s.enterprisedb.io',
    clauses: [
      { condition: 'cnpg.io/hibernation', is: { held: 'True' } },
      { path: 'metadata.annotations.cnpg~io/reconciliationLoop', is: { held: 'disabled' } },
      {
        path: 'status.phase',
        is: {
          current: 'Cluster in healthy state',
          paused: 'Waiting for user action|Switchover in progress',
          failing:
            'Failing over|Unable to create required cluster objects|Cluster upgrade delayed|Cluster cannot execute instance online upgrade due to missing architecture binary|Cluster has incomplete or invalid image catalog|Cluster is unrecoverable*|Not enough disk space|Cluster cannot proceed to reconciliation due to an unknown plugin being required|Cluster cannot proceed to reconciliation because of an error*',
        },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.phaseReason',
      },
    ],
  },
  {
    kinds: 'Backup.postgresql.cnpg.io Backup.postgresql.k8s.enterprisedb.io',
    clauses: [
      {
        path: 'status.phase',
        is: { done: 'completed', failed: 'failed|walArchivingFailing' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.error',
      },
    ],
  },
  {
    kinds: 'Database.postgresql.cnpg.io Publication.postgresql.cnpg.io Subscription.postgresql.cnpg.io',
    clauses: [
      {
        path: 'status.applied',
        is: { current: 'true', failing: 'false' },
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds:
      'PerconaXtraDBCluster.pxc.percona.com PerconaServerMongoDB.psmdb.percona.com PerconaServerMySQL.ps.percona.com PerconaPGCluster.pgv2.percona.com PerconaPGCluster.pg.percona.com',
    // A cluster of PXC that stops is degraded in its maintainers' eyes, the others are not.
    clauses: [
      {
        path: 'status.state',
        is: { failing: 'stopping' },
        only: { path: 'kind', values: 'PerconaXtraDBCluster' },
      },
      perconaState,
    ],
  },
  {
    kinds: '*.pxc.percona.com *.psmdb.percona.com *.ps.percona.com *.pgv2.percona.com',
    clauses: [backupState],
  },
  {
    kinds:
      '*.mongodb.com *.mongodbcommunity.mongodb.com *.atlas.mongodb.com *.postgres-operator.crunchydata.com *.pingcap.com *.scylla.scylladb.com *.cassandra.datastax.com *.k8ssandra.io CouchbaseCluster.couchbase.com *.hazelcast.com *.k8s.enterprise.redis *.app.redislabs.com *.redis.redis.opstreelabs.in *.apps.kubeblocks.io *.arangodb.com *.dragonflydb.io *.cluster.redpanda.com *.opensearch.opster.io',
    reports: true,
  },
  {
    // Yellow is all that one node can be: there is nowhere to put a copy.
    kinds: 'Elasticsearch.elasticsearch.k8s.elastic.co',
    clauses: [
      {
        path: 'status.phase',
        is: { failing: 'Invalid', progressing: 'ApplyingChanges|MigratingData|Stalled' },
        missing: 'progressing',
      },
      {
        path: 'status.health',
        is: { current: 'yellow' },
        only: { path: 'status.availableNodes', values: '1' },
      },
      {
        path: 'status.health',
        is: { current: 'green', progressing: 'yellow|unknown', failing: 'red' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.*.k8s.elastic.co',
    reports: true,
    clauses: [
      { path: 'status.health', is: { failing: 'red' } },
      { count: 'status.availableNodes', of: 'status.expectedNodes', short: 'progressing' },
      {
        path: 'status.health',
        is: { current: 'green', progressing: 'yellow', failing: 'red' },
        otherwise: 'progressing',
      },
    ],
  },
  {
    kinds: 'RabbitmqCluster.rabbitmq.com',
    clauses: [
      { condition: 'ReconcileSuccess', is: { failing: 'False' } },
      { condition: 'ClusterAvailable', is: { progressing: 'False|Unknown' }, missing: 'progressing' },
      {
        condition: 'AllReplicasReady',
        is: { progressing: 'False|Unknown', current: 'True' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.rabbitmq.com',
    clauses: [
      {
        condition: 'Ready',
        reasons: { failing: 'FailedCreateOrUpdate' },
        is: { current: 'True', progressing: 'False|Unknown' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'KafkaRebalance.kafka.strimzi.io',
    clauses: [
      { condition: 'NotReady', is: { failing: 'True' } },
      { condition: 'Ready', is: { current: 'True' } },
      { condition: 'Stopped', is: { current: 'True' } },
      { condition: 'ProposalReady', is: { paused: 'True' } },
      { condition: 'ReconciliationPaused', is: { held: 'True' } },
    ],
    otherwise: 'progressing',
  },
  {
    kinds: 'StrimziPodSet.core.strimzi.io',
    clauses: [{ count: 'status.readyPods', of: 'status.pods', short: 'progressing' }],
    reports: true,
  },
  {
    // Not ready while it is made says so by a reason; a warning is a condition too.
    kinds: '*.kafka.strimzi.io',
    reports: true,
    clauses: [
      { condition: 'ReconciliationPaused', is: { held: 'True' } },
      {
        condition: 'NotReady',
        reasons: { progressing: 'Creating|Pending|Updating' },
        is: { failing: 'True' },
      },
      { condition: 'Ready', is: { current: 'True', progressing: 'False|Unknown' } },
    ],
  },
  {
    kinds: 'Connector.platform.confluent.io',
    clauses: [
      { path: 'status.failedTasksCount', is: { current: '0' }, otherwise: 'failing' },
      {
        path: 'status.connectorState',
        is: { current: 'RUNNING', failing: 'FAILED', paused: 'PAUSED', progressing: 'UNASSIGNED' },
      },
      {
        path: 'status.state',
        is: { failing: 'ERROR|FAILED' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.conditions.0.message',
      },
    ],
  },
  {
    kinds: '*.platform.confluent.io',
    clauses: [
      {
        path: 'status.phase',
        is: { current: 'RUNNING', failing: 'FAILED|ERROR|DEGRADED' },
        otherwise: 'progressing',
      },
      {
        path: 'status.state',
        is: { failing: 'ERROR|FAILED', current: 'CREATED|SUCCEEDED|ACTIVE|RUNNING' },
        otherwise: 'progressing',
      },
    ],
    reports: true,
  },
  {
    kinds: 'KafkaCluster.kafka.banzaicloud.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'ClusterRunning', failing: '*Failed|*Error' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.kafka.banzaicloud.io *.clickhouse.altinity.com *.clickhouse-keeper.altinity.com',
    reports: true,
  },
  {
    kinds: 'SolrCloud.solr.apache.org',
    clauses: [
      { count: 'status.readyReplicas', of: 'spec.replicas', short: 'progressing' },
      { count: 'status.upToDateNodes', of: 'status.replicas', short: 'progressing' },
    ],
    reports: true,
  },
  {
    kinds: 'ZookeeperCluster.zookeeper.pravega.io',
    clauses: [
      { condition: 'Error', is: { failing: 'True' } },
      { count: 'status.readyReplicas', of: 'spec.replicas', short: 'progressing' },
      { count: 'status.readyReplicas', of: 'status.replicas', short: 'progressing' },
      {
        path: 'status.readyReplicas',
        is: { progressing: '0' },
        otherwise: 'current',
        missing: 'progressing',
      },
    ],
  },
];
