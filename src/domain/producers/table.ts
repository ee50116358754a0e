/**
 * Which kinds make Secrets and ConfigMaps, from which of their fields. Facts of each project's own API reference; adding a kind
 * is adding a line. Fields that any custom resource may have (`writeConnectionSecretToRef`) stand in `ofAnyKind`.
 */

import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { fieldAt, textAt } from '../kubernetes/fields.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import {
  azureKeyVaultSecret,
  certificate,
  certifiedEntrance,
  clusterExternalSecret,
  externalSecret,
  fieldExport,
  infisicalSecret,
  sealedSecret,
  secretProviderClass,
  trustBundle,
  vaultSecret,
} from './external-secrets.ts';
import {
  allOf,
  configMap,
  isNamed,
  type Makes,
  ownSecret,
  type Product,
  secret,
  secretAt,
  secretAtOrOwn,
  secretsIn,
  secretsNamed,
} from './product.ts';

export const rules: Readonly<Record<string, Makes>> = {
  // Stores of secrets outside the cluster.
  'ExternalSecret.external-secrets.io': externalSecret,
  'ClusterExternalSecret.external-secrets.io': clusterExternalSecret,
  'ExternalSecret.kubernetes-client.io': ownSecret,
  'SealedSecret.bitnami.com': sealedSecret,
  'VaultStaticSecret.secrets.hashicorp.com': vaultSecret,
  'VaultDynamicSecret.secrets.hashicorp.com': vaultSecret,
  'VaultPKISecret.secrets.hashicorp.com': vaultSecret,
  'HCPVaultSecretsApp.secrets.hashicorp.com': vaultSecret,
  'VaultSecret.ricoberger.de': ownSecret,
  'VaultSecret.redhatcop.redhat.io': secretAtOrOwn('spec', 'output', 'name'),
  'SecretProviderClass.secrets-store.csi.x-k8s.io': secretProviderClass,
  'SecretSync.secret-sync.x-k8s.io': ownSecret,
  'InfisicalSecret.secrets.infisical.com': infisicalSecret,
  'InfisicalDynamicSecret.secrets.infisical.com': infisicalSecret,
  'OnePasswordItem.onepassword.com': ownSecret,
  'DopplerSecret.secrets.doppler.com': secretAt('spec', 'managedSecret', 'name'),
  'BitwardenSecret.k8s.bitwarden.com': secretAt('spec', 'secretName'),
  'SopsSecret.isindir.github.com': secretsIn(['spec', 'secretTemplates'], 'name'),
  'AzureKeyVaultSecret.spv.no': azureKeyVaultSecret,
  // Generators.
  'Password.secretgen.k14s.io': ownSecret,
  'Certificate.secretgen.k14s.io': ownSecret,
  'RSAKey.secretgen.k14s.io': ownSecret,
  'SSHKey.secretgen.k14s.io': ownSecret,
  'SecretImport.secretgen.carvel.dev': ownSecret,
  'SecretTemplate.secretgen.carvel.dev': ownSecret,
  'StringSecret.secretgenerator.mittwald.de': ownSecret,
  'BasicAuth.secretgenerator.mittwald.de': ownSecret,
  'SSHKeyPair.secretgenerator.mittwald.de': ownSecret,
  // Certificates.
  'Certificate.cert-manager.io': certificate,
  'Issuer.cert-manager.io': secretAt('spec', 'acme', 'privateKeySecretRef', 'name'),
  'Ingress.networking.k8s.io': certifiedEntrance,
  'Gateway.gateway.networking.k8s.io': certifiedEntrance,
  'Bundle.trust.cert-manager.io': trustBundle,
  'ClusterBundle.trust-manager.io': trustBundle,
  // Databases, brokers and what belongs to them: credentials named after the cluster.
  'Cluster.postgresql.cnpg.io': secretsNamed(
    'NAME-app',
    'NAME-superuser',
    'NAME-ca',
    'NAME-server',
    'NAME-replication',
  ),
  'postgresql.acid.zalan.do': secretsNamed('*.NAME.credentials.postgresql.acid.zalan.do'),
  'PostgresCluster.postgres-operator.crunchydata.com': secretsNamed('NAME-pguser-*', 'NAME-cluster-cert'),
  'PerconaPGCluster.pgv2.percona.com': allOf(
    secretsIn(['spec', 'users'], 'secretName'),
    secretsNamed('NAME-pguser-*', 'NAME-cluster-cert'),
  ),
  'PerconaXtraDBCluster.pxc.percona.com': allOf(
    secretAt('spec', 'secretsName'),
    secretsNamed('NAME-secrets', 'NAME-ssl', 'NAME-ssl-internal', 'internal-NAME'),
  ),
  'PerconaServerMongoDB.psmdb.percona.com': allOf(
    secretAt('spec', 'secrets', 'users'),
    secretsNamed('NAME-secrets', 'NAME-ssl', 'NAME-ssl-internal', 'internal-NAME-users'),
  ),
  'MongoDBCommunity.mongodbcommunity.mongodb.com': allOf(
    secretsIn(['spec', 'users'], 'connectionStringSecretName'),
    secretsNamed('NAME-*'),
  ),
  'MongoDB.mongodb.com': secretsNamed('NAME-*'),
  'MongoDBUser.mongodb.com': allOf(secretAt('spec', 'connectionStringSecretName'), secretsNamed('*-NAME-*')),
  'AtlasDatabaseUser.atlas.mongodb.com': (object) => secret(`*-${textAt(object, 'spec', 'username') ?? '*'}`),
  'MariaDB.k8s.mariadb.com': allOf(
    secretAt('spec', 'rootPasswordSecretKeyRef', 'name'),
    secretAt('spec', 'passwordSecretKeyRef', 'name'),
    secretsNamed('NAME-*', 'NAME'),
  ),
  'Connection.k8s.mariadb.com': secretAtOrOwn('spec', 'secretName'),
  'RedisEnterpriseDatabase.app.redislabs.com': secretsNamed('redb-NAME'),
  'RabbitmqCluster.rabbitmq.com': secretsNamed('NAME-default-user', 'NAME-erlang-cookie'),
  'User.rabbitmq.com': secretsNamed('NAME-user-credentials'),
  'Kafka.kafka.strimzi.io': secretsNamed('NAME-cluster-ca*', 'NAME-clients-ca*', 'NAME-kafka-*'),
  'KafkaUser.kafka.strimzi.io': secretsNamed('NAME', '*-NAME'),
  'KafkaAccess.access.strimzi.io': secretAtOrOwn('spec', 'secretName'),
  'Elasticsearch.elasticsearch.k8s.elastic.co': secretsNamed('NAME-es-*'),
  'Kibana.kibana.k8s.elastic.co': secretsNamed('NAME-kb-*'),
  'ApmServer.apm.k8s.elastic.co': secretsNamed('NAME-apm-*'),
  'EnterpriseSearch.enterprisesearch.k8s.elastic.co': secretsNamed('NAME-ent-*'),
  'Logstash.logstash.k8s.elastic.co': secretsNamed('NAME-ls-*'),
  'Grafana.grafana.integreatly.org': secretsNamed('NAME-admin-credentials'),
  'Keycloak.k8s.keycloak.org': secretsNamed('NAME-initial-admin'),
  'CephObjectStoreUser.ceph.rook.io': (object) =>
    secret(`rook-ceph-object-user-${textAt(object, 'spec', 'store') ?? '*'}-${object.metadata.name}`),
  'CephClient.ceph.rook.io': secretsNamed('rook-ceph-client-NAME'),
  // Buckets, bindings and clouds.
  'ObjectBucketClaim.objectbucket.io': ({ metadata }) => [
    ...secret(metadata.name),
    ...configMap(metadata.name),
  ],
  'BucketAccess.objectstorage.k8s.io': secretAt('spec', 'credentialsSecretName'),
  'ServiceBinding.services.cloud.sap.com': secretAtOrOwn('spec', 'secretName'),
  'ServiceBinding.servicecatalog.k8s.io': secretAtOrOwn('spec', 'secretName'),
  'FieldExport.services.k8s.aws': fieldExport,
  'IAMServiceAccountKey.iam.cnrm.cloud.google.com': ownSecret,
  'Workspace.app.terraform.io': secretsNamed('NAME-outputs'),
  'Terraform.infra.contrib.fluxcd.io': secretAt('spec', 'writeOutputsToSecret', 'name'),
};

/** They read Secrets or name them, and make none: that one of them names a Secret says nothing. */
const readers: ReadonlySet<string> = new Set([
  'PushSecret.external-secrets.io',
  'ClusterPushSecret.external-secrets.io',
  'TriggerAuthentication.keda.sh',
  'ClusterTriggerAuthentication.keda.sh',
  'ScaledObject.keda.sh',
  'ScaledJob.keda.sh',
  'ServiceMonitor.monitoring.coreos.com',
  'PodMonitor.monitoring.coreos.com',
  'PrometheusRule.monitoring.coreos.com',
  'Rollout.argoproj.io',
  'VirtualService.networking.istio.io',
  'DestinationRule.networking.istio.io',
  'Gateway.networking.istio.io',
  'HTTPRoute.gateway.networking.k8s.io',
  'GRPCRoute.gateway.networking.k8s.io',
  'IngressRoute.traefik.io',
  'Middleware.traefik.io',
  'VerticalPodAutoscaler.autoscaling.k8s.io',
  'InfisicalPushSecret.secrets.infisical.com',
]);

/** What producers and pods read from: stores, issuers, log-ins, classes. They have to be there first. */
const sources: ReadonlySet<string> = new Set([
  'SecretStore.external-secrets.io',
  'ClusterSecretStore.external-secrets.io',
  'Issuer.cert-manager.io',
  'ClusterIssuer.cert-manager.io',
  'VaultAuth.secrets.hashicorp.com',
  'VaultAuthGlobal.secrets.hashicorp.com',
  'VaultConnection.secrets.hashicorp.com',
  'HCPAuth.secrets.hashicorp.com',
  'SecretProviderClass.secrets-store.csi.x-k8s.io',
]);

/** The driver makes them when a pod mounts the class, cert-manager when the Ingress is there: both come after the workloads. */
const late: ReadonlySet<string> = new Set([
  'SecretProviderClass.secrets-store.csi.x-k8s.io',
  'Ingress.networking.k8s.io',
  'Gateway.gateway.networking.k8s.io',
]);

/** Whether producers or pods read from objects of this kind (a SecretStore, an Issuer): it has to be there before them. */
export function isSource(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return sources.has(groupKindOf(object)) || groupKindOf(object).endsWith('.generators.external-secrets.io');
}

/** Whether an object of this kind makes Secrets or ConfigMaps before any workload runs. */
export function isProducerKind(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  const kind = groupKindOf(object);
  return Object.hasOwn(rules, kind) && !late.has(kind);
}

/** It names Secrets that it does not make. */
export function isReader(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return readers.has(groupKindOf(object)) || isSource(object);
}

/** Nothing of it is there before a workload is. */
export function isLate(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return late.has(groupKindOf(object));
}

/** By the rule of its kind and by the fields that mean the same on any kind; empty where neither says anything. */
export function productsByKind(object: KubernetesObject): readonly Product[] {
  const rule = Object.hasOwn(rules, groupKindOf(object)) ? rules[groupKindOf(object)] : undefined;
  const own = rule === undefined ? [] : rule(object);
  return isCustomResource(object) ? [...own, ...ofAnyKind(object)] : own;
}

/** The custom kinds of which a live object may make what the overlay lacks. */
export const liveKinds: readonly string[] = Object.keys(rules).filter(
  (kind) => kind !== 'Ingress.networking.k8s.io',
);

/** Whether some object of this kind could make one of this name: most name it in a field, others make it from their own. */
export function mayMake(
  groupKind: string,
  { kind, name }: { readonly kind: string; readonly name: string },
): boolean {
  const [ownKind = '', ...group] = groupKind.split('.');
  const any = { apiVersion: `${group.join('.')}/v1`, kind: ownKind, metadata: { name: '*' } };
  const products = rules[groupKind]?.(any) ?? [];
  return products.length === 0 || products.some((one) => one.kind === kind && isNamed(one, name));
}

/** Crossplane's connection details, and the outputs of the Azure Service Operator. */
function ofAnyKind(object: KubernetesObject): readonly Product[] {
  const outputs = (field: string) => {
    const map = fieldAt(object, 'spec', 'operatorSpec', field);
    return isObject(map) ? Object.values(map).flatMap((one) => textAt(one, 'name') ?? []) : [];
  };
  return [
    ...secret(textAt(object, 'spec', 'writeConnectionSecretToRef', 'name')),
    ...secret(textAt(object, 'spec', 'publishConnectionDetailsTo', 'name')),
    ...outputs('secrets').flatMap((name) => secret(name)),
    ...outputs('configMaps').flatMap((name) => configMap(name)),
  ];
}
