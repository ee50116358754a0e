import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';

const app = 'wide';
const labels = { app };
const security = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = {
  name: 'api',
  image: 'registry.test/api:1',
  env: [
    { name: 'MODE', value: 'test' },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  ],
  envFrom: [{ configMapRef: { name: app } }],
  ports: [
    { name: 'http', containerPort: 8080 },
    { containerPort: 9090, protocol: 'UDP' },
  ],
  readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
  resources: { requests: { cpu: '0.1', memory: '0.5Gi' }, limits: { memory: '1024Mi' } },
  securityContext: security,
  volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
};
const podSpec = { containers: [container], volumes: [{ name: 'scratch', emptyDir: {} }] };
const template = { metadata: { labels }, spec: podSpec };
const once = {
  metadata: { labels: { app: 'once' } },
  spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'registry.test/once:1' }] },
};
const rbac = 'rbac.authorization.k8s.io/v1';
const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: app };
const service = (name: string, spec: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }], ...spec },
});

/** One object of every kind that overlays commonly have, with values that the server defaults, normalises or allocates. */
export const wideOverlay: readonly KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: app, annotations: { team: 'blue' } } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: app }, data: { a: '1', empty: '' } },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: app },
    type: 'Opaque',
    data: { token: 'c2VjcmV0LXRva2Vu' },
    stringData: { url: 'postgres://user:hunter22@db/one' },
  },
  {
    apiVersion: rbac,
    kind: 'Role',
    metadata: { name: app },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
  {
    apiVersion: rbac,
    kind: 'RoleBinding',
    metadata: { name: app },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: app },
    subjects: [{ kind: 'ServiceAccount', name: app }],
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: app },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
  },
  service(app, {}),
  service('headless', { clusterIP: 'None' }),
  service('node-port', { type: 'NodePort' }),
  service('balanced', { type: 'LoadBalancer', sessionAffinity: 'ClientIP' }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'elsewhere' },
    spec: { type: 'ExternalName', externalName: 'db.example.test' },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: app },
    spec: {
      serviceName: 'headless',
      selector: { matchLabels: labels },
      template,
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: app },
    spec: { selector: { matchLabels: labels }, template },
  },
  { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: app }, spec: { template: once } },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: app },
    spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template: once } } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: app },
    spec: {
      rules: [
        {
          host: 'wide.example.test',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: app, port: { number: 80 } } } },
            ],
          },
        },
      ],
    },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: app },
    spec: { podSelector: { matchLabels: labels }, ingress: [{ ports: [{ port: 8080 }] }] },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  },
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: app },
    spec: {
      scaleTargetRef: targetRef,
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
        },
      ],
    },
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.wide.example.test' },
    spec: {
      group: 'wide.example.test',
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { size: { type: 'integer', default: 3 }, color: { type: 'string' } },
                },
              },
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: 'wide.example.test/v1',
    kind: 'Gadget',
    metadata: { name: app },
    spec: { color: 'red' },
  },
];
