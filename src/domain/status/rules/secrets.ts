/** Certificates and Secrets that others make: cert-manager, External Secrets, Sealed Secrets, Vault, Infisical. */
import type { KindRule } from '../generic/kind-rule.ts';

const ready = {
  condition: 'Ready',
  is: { current: 'True', progressing: 'Unknown', failing: 'False' },
} as const;
const acmeState = {
  path: 'status.state',
  is: {
    current: 'valid',
    progressing: 'pending|processing|ready|unknown',
    failing: 'invalid|expired|errored',
  },
  missing: 'progressing',
  said: 'status.reason',
} as const;

export const secretRules: readonly KindRule[] = [
  {
    // A renewal is issued while the certificate serves: Issuing counts only until Ready is True.
    kinds: 'Certificate.cert-manager.io Certificate.certmanager.k8s.io',
    clauses: [
      { condition: 'Ready', is: { current: 'True' } },
      { condition: 'Issuing', is: { progressing: 'True' } },
      {
        condition: 'Ready',
        reasons: { progressing: 'InProgress|Pending|TemporaryCertificate' },
        is: { failing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'CertificateRequest.cert-manager.io',
    clauses: [
      { condition: 'Denied', is: { failed: 'True' } },
      { condition: 'InvalidRequest', is: { failed: 'True' } },
      {
        condition: 'Ready',
        reasons: { progressing: 'Pending', failed: 'Failed|Denied' },
        is: { current: 'True', progressing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  { kinds: 'Order.acme.cert-manager.io Challenge.acme.cert-manager.io', clauses: [acmeState] },
  { kinds: '*.cert-manager.io *.certmanager.k8s.io', clauses: [{ ...ready, missing: 'progressing' }] },
  {
    kinds: 'Bundle.trust.cert-manager.io',
    clauses: [{ condition: 'Synced', is: { current: 'True', failing: 'False' }, missing: 'progressing' }],
  },
  {
    kinds: 'CertificateRequestPolicy.policy.cert-manager.io',
    clauses: [{ ...ready, missing: 'progressing' }],
  },
  {
    kinds: 'ClusterExternalSecret.external-secrets.io ClusterPushSecret.external-secrets.io',
    clauses: [
      { condition: 'Ready', is: { current: 'True', failing: 'False' } },
      { condition: 'NotReady', is: { failing: 'True' } },
      { condition: 'PartiallyReady', is: { failing: 'True' } },
    ],
    reports: true,
  },
  { kinds: '*.external-secrets.io', reports: true, clauses: [ready] },
  {
    kinds: 'ExternalSecret.kubernetes-client.io',
    clauses: [
      {
        path: 'status.status',
        is: { current: 'SUCCESS', failing: 'ERROR*' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: 'SealedSecret.bitnami.com',
    clauses: [{ condition: 'Synced', is: { current: 'True', failing: 'False' }, missing: 'progressing' }],
  },
  {
    kinds:
      'VaultAuth.secrets.hashicorp.com VaultConnection.secrets.hashicorp.com VaultPKISecret.secrets.hashicorp.com HCPAuth.secrets.hashicorp.com',
    clauses: [
      {
        path: 'status.valid',
        is: { current: 'true', failing: 'false' },
        missing: 'progressing',
        said: 'status.error',
      },
    ],
  },
  {
    // Versions before 1.0 report no conditions, but the generation that they have synced.
    kinds:
      'VaultStaticSecret.secrets.hashicorp.com VaultDynamicSecret.secrets.hashicorp.com HCPVaultSecretsApp.secrets.hashicorp.com',
    clauses: [
      { condition: 'SecretSynced', is: { failing: 'False' } },
      ready,
      { path: 'status.lastGeneration', is: { progressing: '0' }, missing: 'progressing' },
    ],
  },
  {
    kinds:
      'InfisicalSecret.secrets.infisical.com InfisicalPushSecret.secrets.infisical.com InfisicalDynamicSecret.secrets.infisical.com',
    clauses: [
      { condition: 'secrets.infisical.com/LoadedInfisicalToken', is: { failing: 'False' } },
      { condition: 'secrets.infisical.com/ReadyToSyncSecrets', is: { current: 'True', failing: 'False' } },
    ],
    reports: true,
  },
  {
    kinds: 'DopplerSecret.secrets.doppler.com',
    clauses: [
      {
        condition: 'secrets.doppler.com/SecretSyncReady',
        is: { current: 'True', failing: 'False' },
        missing: 'progressing',
      },
    ],
  },
  { kinds: 'OnePasswordItem.onepassword.com', reports: true, clauses: [ready] },
  {
    kinds:
      'AWSPCAIssuer.awspca.cert-manager.io AWSPCAClusterIssuer.awspca.cert-manager.io StepIssuer.certmanager.step.sm StepClusterIssuer.certmanager.step.sm GoogleCASIssuer.cas-issuer.jetstack.io GoogleCASClusterIssuer.cas-issuer.jetstack.io',
    clauses: [{ ...ready, missing: 'progressing' }],
  },
  {
    kinds:
      'BitwardenSecret.k8s.bitwarden.com VaultSecret.ricoberger.de SecretSync.secret-sync.x-k8s.io Vault.vault.banzaicloud.com *.resources.teleport.dev',
    reports: true,
  },
  {
    kinds: 'Certificate.cert.gardener.cloud Issuer.cert.gardener.cloud',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error|Revoked' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  { kinds: '*.addons.projectcapsule.dev Tenant.capsule.clastix.io', reports: true, clauses: [ready] },
  {
    kinds: 'SopsSecret.isindir.github.com',
    clauses: [
      { path: 'status.message', is: { current: 'Healthy' }, otherwise: 'failing', missing: 'progressing' },
    ],
  },
];
