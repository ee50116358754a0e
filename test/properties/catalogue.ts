/** What a release may hold: one object per slot, of sixteen kinds, each with fields that come, change and go. */
import fc, { type Arbitrary } from 'fast-check';
import { type Course, course, courseOf, mapCourse, mapOf, optional, presence, someOf } from './course.ts';
import { type Json, podTemplates } from './pods.ts';

/** An object in the course of the releases; undefined where it is not in the overlay. */
export type ObjectCourse = Course<Json | undefined>;

const always = fc.constant<Course<boolean>>([true, true, true]);
const word = fc.constantFrom('', 'one', 'two\nlines\n', 'yes: "no"', '0');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const metadata = courseOf<Json>({
  labels: course(mapOf(['team', 'tier', 'example.com/zone'], fc.constantFrom('red', 'blue'))),
  annotations: course(mapOf(['note', 'example.com/why'], word)),
});

interface Choices {
  readonly present: boolean;
  readonly metadata: Json;
  readonly fields: Json;
}

function slot(
  apiVersion: string,
  kind: string,
  name: string,
  fields: Arbitrary<Course<Json>>,
  present: Arbitrary<Course<boolean>> = presence,
): Arbitrary<ObjectCourse> {
  return courseOf<Choices>({ present, metadata, fields }).map((choices) =>
    mapCourse(choices, (choice) =>
      choice.present
        ? { apiVersion, kind, metadata: { name, ...choice.metadata }, ...choice.fields }
        : undefined,
    ),
  );
}

/** Fields of a spec, each of which changes apart from the others. */
function spec(fields: Readonly<Record<string, Arbitrary<Course<unknown>>>>): Arbitrary<Course<Json>> {
  return courseOf<Json>(fields).map((choices) => mapCourse(choices, (choice) => ({ spec: choice })));
}

const never = fc.constant<Course<undefined>>([undefined, undefined, undefined]);
const fixed = <T>(value: T): Arbitrary<Course<T>> => fc.constant<Course<T>>([value, value, value]);
const selectorOf = (name: string) => fixed({ matchLabels: { app: name } });

const deployment = (name: string, present?: Arbitrary<Course<boolean>>): Arbitrary<ObjectCourse> =>
  slot(
    'apps/v1',
    'Deployment',
    name,
    spec({
      selector: selectorOf(name),
      template: podTemplates(name),
      replicas: course(optional(fc.integer({ min: 1, max: 3 }))),
      minReadySeconds: course(optional(fc.constantFrom(0, 1))),
      revisionHistoryLimit: course(optional(fc.constantFrom(2, 3))),
      progressDeadlineSeconds: course(optional(fc.constant(60))),
      strategy: course(
        optional(
          fc.constantFrom<Json>(
            { rollingUpdate: { maxSurge: 1 } },
            { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%', maxSurge: 2 } },
          ),
        ),
      ),
    }),
    present,
  );

const statefulSet = slot(
  'apps/v1',
  'StatefulSet',
  'db',
  spec({
    serviceName: fixed('db'),
    selector: selectorOf('db'),
    template: podTemplates('db'),
    replicas: course(optional(fc.integer({ min: 1, max: 2 }))),
    updateStrategy: course(optional(fc.constant<Json>({ rollingUpdate: { partition: 0 } }))),
    persistentVolumeClaimRetentionPolicy: course(
      optional(
        fc.constantFrom<Json>({ whenDeleted: 'Delete' }, { whenScaled: 'Delete', whenDeleted: 'Retain' }),
      ),
    ),
  }),
);

const daemonSet = slot(
  'apps/v1',
  'DaemonSet',
  'agent',
  spec({
    selector: selectorOf('agent'),
    template: podTemplates('agent'),
    updateStrategy: course(optional(fc.constant<Json>({ rollingUpdate: { maxUnavailable: '100%' } }))),
  }),
);

const servicePorts = fc
  .subarray(
    [
      { port: 80, protocol: undefined },
      { port: 81, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: undefined },
    ],
    { minLength: 1 },
  )
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map(({ port, protocol }) =>
        fc.record({
          port: fc.constant(port),
          protocol: fc.constant(protocol),
          name: fc
            .constantFrom('a', 'b')
            .map((prefix) => `${prefix}-${port}-${(protocol ?? 'tcp').toLowerCase()}`),
          targetPort: optional(fc.constantFrom(8080, 8081)),
          appProtocol: optional(fc.constantFrom('http', 'kubernetes.io/h2c')),
        }),
      ),
    ),
  );

const service = slot(
  'v1',
  'Service',
  'web',
  spec({
    selector: course(fc.constantFrom<Json>({ app: 'web' }, { app: 'side' })),
    type: course(optional(fc.constantFrom('ClusterIP', 'NodePort'))),
    ports: course(servicePorts),
    publishNotReadyAddresses: course(optional(fc.boolean())),
    internalTrafficPolicy: course(optional(fc.constantFrom('Cluster', 'Local'))),
  }),
);

const headless = slot(
  'v1',
  'Service',
  'db',
  spec({
    clusterIP: fixed('None'),
    selector: fixed({ app: 'db' }),
    ports: course(optional(servicePorts)),
  }),
);

/** The failing release may make it immutable; then nothing in it can change any more, and the one that follows has the same. */
const lockable = (fields: Arbitrary<Course<Json>>): Arbitrary<Course<Json>> =>
  fc.tuple(fields, fc.integer({ min: 0, max: 3 })).map(([values, number]): Course<Json> => {
    const locked = { ...values[1], immutable: true };
    return number === 0 ? [values[0], locked, locked] : values;
  });

const configMap = (name: string): Arbitrary<ObjectCourse> =>
  slot(
    'v1',
    'ConfigMap',
    name,
    lockable(
      courseOf<Json>({
        data: course(optional(mapOf(['a', 'b', 'c.txt', 'd'], word))),
        binaryData: course(optional(mapOf(['x', 'y'], word.map(base64)))),
      }),
    ),
  );

/** Always there: what a finalizer holds does not go when it is deleted. */
const held = courseOf<Choices>({
  present: always,
  metadata: courseOf<Json>({
    finalizers: course(optional(someOf('example.com/one', 'example.com/two'))),
    labels: course(mapOf(['team'], fc.constantFrom('red', 'blue'))),
  }),
  fields: courseOf<Json>({ data: course(mapOf(['a'], word)) }),
}).map((choices) =>
  mapCourse(choices, (choice): Json | undefined => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'held', ...choice.metadata },
    ...choice.fields,
  })),
);

const secret = slot(
  'v1',
  'Secret',
  'key',
  lockable(
    courseOf<Json>({
      type: fixed('Opaque'),
      data: course(optional(mapOf(['token', 'user'], word.map(base64)))),
      stringData: course(optional(mapOf(['token', 'plain'], word))),
    }),
  ),
);

const serviceAccount = slot(
  'v1',
  'ServiceAccount',
  'robot',
  courseOf<Json>({
    automountServiceAccountToken: course(optional(fc.boolean())),
    imagePullSecrets: course(optional(someOf<Json>({ name: 'pull-one' }, { name: 'pull-two' }))),
  }),
);

const rules = someOf<Json>(
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: ['plain'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
);
const role = slot('rbac.authorization.k8s.io/v1', 'Role', 'robot', courseOf<Json>({ rules: course(rules) }));

const roleBinding = slot(
  'rbac.authorization.k8s.io/v1',
  'RoleBinding',
  'robot',
  courseOf<Json>({
    roleRef: fixed({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }),
    subjects: course(
      someOf<Json>({ kind: 'ServiceAccount', name: 'robot' }, { kind: 'ServiceAccount', name: 'default' }),
    ),
  }),
);

const cpu = (averageUtilization: number): Json => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
/** Its bounds hold every number of replicas that is asked for, so that the autoscaler itself changes nothing. */
const autoscaler = slot(
  'autoscaling/v2',
  'HorizontalPodAutoscaler',
  'side',
  spec({
    scaleTargetRef: fixed({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'side' }),
    minReplicas: course(optional(fc.constant(1))),
    maxReplicas: course(fc.integer({ min: 8, max: 10 })),
    metrics: course(optional(fc.constantFrom([cpu(50)], [cpu(80)]))),
    behavior: course(optional(fc.constant<Json>({ scaleDown: { stabilizationWindowSeconds: 60 } }))),
  }),
);

const budget = slot(
  'policy/v1',
  'PodDisruptionBudget',
  'web',
  fc
    .tuple(
      course(fc.boolean()),
      course(fc.constantFrom<number | string>(1, '50%')),
      course(mapOf(['tier'], fc.constant('red'))),
    )
    .map(([least, amount, more]): Course<Json> => {
      const at = (release: 0 | 1 | 2): Json => ({
        spec: {
          selector: { matchLabels: { app: 'web', ...more[release] } },
          [least[release] ? 'minAvailable' : 'maxUnavailable']: amount[release],
        },
      });
      return [at(0), at(1), at(2)];
    }),
);

const backend = (port: number): Json => ({ service: { name: 'web', port: { number: port } } });
const ingress = slot(
  'networking.k8s.io/v1',
  'Ingress',
  'web',
  spec({
    ingressClassName: course(optional(fc.constantFrom('one', 'two'))),
    defaultBackend: fixed(backend(80)),
    tls: course(
      optional(someOf<Json>({ hosts: ['a.example'], secretName: 'tls-a' }, { hosts: ['b.example'] })),
    ),
    rules: course(
      optional(
        someOf<Json>(
          { host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend(80) }] } },
          { host: 'b.example', http: { paths: [{ path: '/b', pathType: 'Exact', backend: backend(81) }] } },
        ),
      ),
    ),
  }),
);

const networkPolicy = slot(
  'networking.k8s.io/v1',
  'NetworkPolicy',
  'web',
  spec({
    podSelector: course(fc.constantFrom<Json>({}, { matchLabels: { app: 'web' } })),
    policyTypes: course(optional(fc.constantFrom(['Ingress'], ['Ingress', 'Egress']))),
    ingress: course(optional(someOf<Json>({ ports: [{ port: 80 }] }, { from: [{ podSelector: {} }] }))),
  }),
);

const jobPod = (name: string) => ({
  metadata: { labels: { job: name } },
  spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.test/job:1' }] },
});
const cronJob = slot(
  'batch/v1',
  'CronJob',
  'tidy',
  spec({
    schedule: course(fc.constantFrom('0 0 1 1 *', '0 0 2 1 *')),
    timeZone: course(optional(fc.constant('Etc/UTC'))),
    suspend: course(optional(fc.boolean())),
    concurrencyPolicy: course(optional(fc.constantFrom('Forbid', 'Replace'))),
    successfulJobsHistoryLimit: course(optional(fc.constantFrom(0, 1))),
    jobTemplate: course(
      fc.constantFrom<Json>(
        { spec: { template: jobPod('tidy') } },
        { spec: { backoffLimit: 1, template: jobPod('tidy') } },
        { metadata: { labels: { team: 'red' } }, spec: { template: jobPod('tidier') } },
      ),
    ),
  }),
);
/** Its template can never change. */
const job = slot(
  'batch/v1',
  'Job',
  'once',
  spec({ template: fixed(jobPod('once')), backoffLimit: course(optional(fc.integer({ min: 1, max: 3 }))) }),
);

const claim = slot(
  'v1',
  'PersistentVolumeClaim',
  'data',
  spec({
    accessModes: fixed(['ReadWriteOnce']),
    storageClassName: fixed(''),
    volumeName: never,
    resources: fixed({ requests: { storage: '1Gi' } }),
  }),
);

export const webDeployment = deployment('web', always);
export const otherSlots: readonly Arbitrary<ObjectCourse>[] = [
  deployment('side'),
  statefulSet,
  daemonSet,
  service,
  headless,
  configMap('plain'),
  configMap('other'),
  held,
  secret,
  serviceAccount,
  role,
  roleBinding,
  autoscaler,
  budget,
  ingress,
  networkPolicy,
  cronJob,
  job,
  claim,
];
