/** What may be done and by whom: Kyverno, Gatekeeper, Kubewarden, Open Cluster Management, Kuadrant, Ory. */
import type { KindRule } from '../generic/kind-rule.ts';

export const policyRules: readonly KindRule[] = [
  { kinds: '*.kyverno.io *.policies.kyverno.io', reports: true },
  {
    kinds:
      'PolicyException.kyverno.io PolicyException.policies.kyverno.io UpdateRequest.kyverno.io GlobalContextEntry.kyverno.io CleanupPolicy.kyverno.io ClusterCleanupPolicy.kyverno.io',
  },
  {
    kinds: 'ConstraintTemplate.templates.gatekeeper.sh',
    clauses: [
      { path: 'status.byPod.*.errors.*.message', is: {}, otherwise: 'failing' },
      { path: 'status.created', is: { current: 'true', progressing: 'false' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'Policy.policy.open-cluster-management.io',
    clauses: [
      {
        path: 'status.compliant',
        is: { current: 'Compliant', failing: 'NonCompliant', progressing: 'Pending' },
      },
      { path: 'status.placement.*.placementBinding', is: { current: '*' }, missing: 'progressing' },
    ],
  },
  {
    kinds: 'OperatorPolicy.policy.open-cluster-management.io',
    clauses: [{ condition: 'Compliant', is: { current: 'True', failing: 'False' }, missing: 'progressing' }],
  },
  {
    kinds: 'ConfigurationPolicy.policy.open-cluster-management.io',
    clauses: [
      { path: 'status.lastEvaluatedGeneration', equals: 'metadata.generation', differs: 'progressing' },
      {
        path: 'status.compliant',
        is: { current: 'Compliant', failing: 'NonCompliant' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.policy.open-cluster-management.io',
    clauses: [
      {
        path: 'status.compliant',
        is: { current: 'Compliant', failing: 'NonCompliant' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    // A constraint that is violated is at its work; one that cannot be enforced is not.
    kinds: '*.constraints.gatekeeper.sh *.mutations.gatekeeper.sh *.expansion.gatekeeper.sh',
    reports: true,
    clauses: [{ path: 'status.byPod.*.errors.*.message', is: {}, otherwise: 'failing' }],
  },
  {
    kinds:
      'ClusterAdmissionPolicy.policies.kubewarden.io AdmissionPolicy.policies.kubewarden.io ClusterAdmissionPolicyGroup.policies.kubewarden.io AdmissionPolicyGroup.policies.kubewarden.io',
    clauses: [
      {
        path: 'status.policyStatus',
        is: { current: 'active', failing: 'unschedulable' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  { kinds: 'PolicyServer.policies.kubewarden.io', reports: true },
  {
    kinds:
      'AuthPolicy.kuadrant.io RateLimitPolicy.kuadrant.io TokenRateLimitPolicy.kuadrant.io DNSPolicy.kuadrant.io TLSPolicy.kuadrant.io Kuadrant.kuadrant.io Limitador.limitador.kuadrant.io AuthConfig.authorino.kuadrant.io Authorino.operator.authorino.kuadrant.io DNSRecord.kuadrant.io',
    reports: true,
  },
  {
    kinds: 'Rule.oathkeeper.ory.sh',
    clauses: [
      {
        path: 'status.validation.valid',
        is: { current: 'true', failing: 'false' },
        missing: 'progressing',
        said: 'status.validation.validationError',
      },
    ],
  },
  {
    kinds: 'OAuth2Client.hydra.ory.sh',
    clauses: [{ path: 'status.reconciliationError.statusCode', is: {}, otherwise: 'failing' }],
    reports: true,
  },
];
