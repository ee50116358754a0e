/** Gateways, routes and meshes. */
import type { KindRule } from '../generic/kind-rule.ts';

/** Gloo writes a number where it knows one namespace only: 0 pending, 1 accepted, 2 rejected, 3 warning. */
const glooWords = { current: 'Accepted|1', paused: 'Pending|0', failing: 'Rejected|2|Warning|3' } as const;

export const networkingRules: readonly KindRule[] = [
  { kinds: 'ReferenceGrant.gateway.networking.k8s.io GatewayParameters.gateway.gloo.solo.io' },
  {
    kinds:
      '*.gateway.networking.k8s.io *.gateway.networking.x-k8s.io ClientTrafficPolicy.gateway.envoyproxy.io BackendTrafficPolicy.gateway.envoyproxy.io SecurityPolicy.gateway.envoyproxy.io EnvoyExtensionPolicy.gateway.envoyproxy.io EnvoyPatchPolicy.gateway.envoyproxy.io Backend.gateway.envoyproxy.io',
    reports: true,
  },
  {
    kinds: '*.*.solo.io',
    clauses: [
      {
        path: 'status.statuses.*.state',
        is: glooWords,
        otherwise: 'progressing',
        said: 'status.statuses.*.reason',
      },
      {
        path: 'status.state',
        is: glooWords,
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.reason',
      },
    ],
  },
  {
    kinds: 'HTTPProxy.projectcontour.io',
    clauses: [
      {
        path: 'status.currentStatus',
        is: { current: 'valid', failing: 'invalid|orphaned' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.description',
      },
    ],
  },
  { kinds: 'ExtensionService.projectcontour.io Contour.operator.projectcontour.io', reports: true },
  {
    kinds: 'Host.getambassador.io Host.x.getambassador.io',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.errorReason',
      },
    ],
  },
  {
    kinds: 'IstioOperator.install.istio.io',
    clauses: [
      {
        path: 'status.status',
        is: { current: 'HEALTHY', failing: 'ERROR|ACTION_REQUIRED' },
        otherwise: 'progressing',
        missing: 'progressing',
      },
    ],
  },
  {
    kinds: '*.sailoperator.io',
    reports: true,
    clauses: [{ path: 'status.state', is: { current: 'Healthy' }, otherwise: 'progressing' }],
  },
  { kinds: 'GatewayClassConfig.consul.hashicorp.com MeshService.consul.hashicorp.com' },
  {
    kinds: '*.consul.hashicorp.com',
    clauses: [{ condition: 'Synced', is: { current: 'True', failing: 'False' } }],
    reports: true,
  },
  {
    kinds: 'Route.route.openshift.io',
    clauses: [
      {
        path: 'status.ingress.*.conditions.*.status',
        is: { failing: 'False', progressing: 'Unknown', current: 'True' },
        missing: 'progressing',
        said: 'status.ingress.*.conditions.*.message',
      },
    ],
  },
  {
    kinds: 'DNSSDServiceInstance.proclaim.dogmatiq.io',
    clauses: [
      { condition: 'Adopted', is: { failing: 'False' } },
      {
        condition: 'Advertised',
        reasons: { failing: 'AdvertiseError|UnadvertiseError' },
        is: { progressing: 'False|Unknown' },
      },
      {
        condition: 'Discoverable',
        is: { progressing: 'False|Unknown', current: 'True' },
        missing: 'progressing',
      },
    ],
  },
  {
    // Istio writes no status unless it is asked to; what its analysis finds stands there then.
    kinds: '*.networking.istio.io *.security.istio.io *.telemetry.istio.io *.extensions.istio.io',
    clauses: [{ path: 'status.validationMessages.*.level', is: { failing: 'ERROR' } }],
  },
  {
    kinds:
      'VirtualServer.k8s.nginx.org VirtualServerRoute.k8s.nginx.org TransportServer.k8s.nginx.org Policy.k8s.nginx.org',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Valid', failing: 'Invalid|Warning' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds: 'DNSEntry.dns.gardener.cloud DNSProvider.dns.gardener.cloud',
    clauses: [
      {
        path: 'status.state',
        is: { current: 'Ready', failing: 'Error|Invalid|Stale' },
        otherwise: 'progressing',
        missing: 'progressing',
        said: 'status.message',
      },
    ],
  },
  {
    kinds:
      'Connector.tailscale.com ProxyClass.tailscale.com ProxyGroup.tailscale.com DNSConfig.tailscale.com Recorder.tailscale.com Site.skupper.io Listener.skupper.io Connector.skupper.io Link.skupper.io TargetGroupBinding.elbv2.k8s.aws ControlPlane.gateway-operator.konghq.com DataPlane.gateway-operator.konghq.com TrafficPolicy.gateway.kgateway.dev HTTPListenerPolicy.gateway.kgateway.dev Backend.gateway.kgateway.dev GatewayExtension.gateway.kgateway.dev ClientSettingsPolicy.gateway.nginx.org ObservabilityPolicy.gateway.nginx.org UpstreamSettingsPolicy.gateway.nginx.org GCPBackendPolicy.networking.gke.io GCPGatewayPolicy.networking.gke.io HealthCheckPolicy.networking.gke.io',
    reports: true,
  },
  {
    kinds:
      'NodeNetworkConfigurationPolicy.nmstate.io NetworkAddonsConfig.networkaddonsoperator.network.kubevirt.io',
    reports: true,
  },
];
