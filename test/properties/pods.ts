/** Pod templates that change from release to release: lists by key, atomic lists, defaulted and normalised values. */
import fc, { type Arbitrary } from 'fast-check';
import { type Course, course, courseOf, mapCourse, mapOf, optional, someOf } from './course.ts';

export type Json = Readonly<Record<string, unknown>>;

const env = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom('A', 'B', 'C', 'D', 'E'),
      fc.constantFrom<Json>(
        { value: '1' },
        { value: '2' },
        { value: '' },
        {},
        { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { valueFrom: { resourceFieldRef: { resource: 'requests.cpu' } } },
      ),
    )
    .map(([name, value]) => ({ name, ...value })),
  { selector: ({ name }) => name },
);

/** Port 53 twice: the protocol is part of the key, and is defaulted where it is not written. */
const ports = someOf<Json>(
  { containerPort: 53 },
  { containerPort: 53, protocol: 'UDP' },
  { containerPort: 80, protocol: 'TCP' },
  { containerPort: 81, name: 'more' },
);

const quantity = {
  cpu: fc.constantFrom('0.01', '10m', '0.5'),
  memory: fc.constantFrom('16Mi', '16777216', '0.5Gi'),
};

const volumes: readonly Json[] = [
  { name: 'one', emptyDir: {} },
  { name: 'one', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  { name: 'two', emptyDir: { sizeLimit: '0.5Gi' } },
  { name: 'two', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
];

/** Volumes with their mounts, which must agree. */
const storage = fc
  .uniqueArray(fc.constantFrom(...volumes), { selector: ({ name }) => name })
  .map((chosen) => ({
    volumes: chosen,
    volumeMounts: chosen.map(({ name }) => ({ name, mountPath: `/mnt/${name}` })),
  }));

interface ContainerChoices {
  readonly tag: number;
  readonly env: readonly Json[];
  readonly ports: readonly Json[];
  readonly args: readonly string[] | undefined;
  readonly requests: Json | undefined;
  readonly securityContext: Json | undefined;
  readonly readinessProbe: Json | undefined;
  readonly imagePullPolicy: string | undefined;
}

const containerChoices = courseOf<ContainerChoices>({
  tag: course(fc.integer({ min: 1, max: 3 })),
  env: course(env),
  ports: course(ports),
  args: course(optional(someOf('--one', '--two', '--three'))),
  requests: course(optional(fc.record(quantity, { requiredKeys: [] }))),
  securityContext: course(
    optional(
      fc.constantFrom<Json>(
        { capabilities: { drop: ['ALL'] } },
        { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
        { runAsUser: 1000 },
      ),
    ),
  ),
  readinessProbe: course(
    optional(
      fc.constantFrom<Json>(
        { httpGet: { path: '/', port: 80 } },
        { httpGet: { path: '/ready', port: 80, scheme: 'HTTP' }, periodSeconds: 3 },
        { tcpSocket: { port: 81 } },
      ),
    ),
  ),
  imagePullPolicy: course(optional(fc.constantFrom('Always', 'IfNotPresent'))),
});

function container(name: string, { tag, requests, ...choices }: ContainerChoices): Json {
  return {
    name,
    image: `registry.test/${name}:${tag}`,
    ...choices,
    ...(requests === undefined ? {} : { resources: { requests } }),
  };
}

interface PodChoices {
  readonly main: ContainerChoices;
  readonly side: ContainerChoices;
  /** Beside the main container: after it, before it, or as an init container. */
  readonly beside: 'nothing' | 'after' | 'first' | 'init';
  readonly storage: { readonly volumes: readonly Json[]; readonly volumeMounts: readonly Json[] };
  readonly labels: Json;
  readonly annotations: Json;
  readonly more: Json;
}

/** A template for pods with the label `app: <name>`, and what else `more` says of each release. */
export function podTemplates(name: string): Arbitrary<Course<Json>> {
  return courseOf<PodChoices>({
    main: containerChoices,
    side: containerChoices,
    beside: course(fc.constantFrom('nothing', 'nothing', 'after', 'first', 'init')),
    storage: course(storage),
    labels: course(mapOf(['tier', 'team'], fc.constantFrom('red', 'blue'))),
    annotations: course(mapOf(['note', 'example.com/why'], fc.constantFrom('', 'one', 'two: "three"'))),
    more: courseOf<Json>({
      terminationGracePeriodSeconds: course(optional(fc.constantFrom(0, 1))),
      tolerations: course(optional(someOf<Json>({ key: 'a', operator: 'Exists' }, { key: 'b', value: '1' }))),
      hostAliases: course(
        optional(
          someOf<Json>(
            { ip: '10.9.9.1', hostnames: ['one'] },
            { ip: '10.9.9.2', hostnames: ['two', 'three'] },
          ),
        ),
      ),
      imagePullSecrets: course(optional(someOf<Json>({ name: 'pull-one' }, { name: 'pull-two' }))),
      securityContext: course(optional(fc.constantFrom<Json>({ fsGroup: 1 }, { runAsNonRoot: false }))),
      dnsConfig: course(
        optional(
          fc.constantFrom<Json>({ options: [{ name: 'ndots', value: '2' }] }, { searches: ['a.b', 'c.d'] }),
        ),
      ),
      topologySpreadConstraints: course(
        optional(
          someOf<Json>({
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: { app: name } },
          }),
        ),
      ),
    }),
  }).map((choices) => mapCourse(choices, (choice) => podTemplate(name, choice)));
}

function podTemplate(name: string, choice: PodChoices): Json {
  const { volumes, volumeMounts } = choice.storage;
  const main = { ...container('main', choice.main), volumeMounts };
  const { readinessProbe: _probe, ...side } = container('side', choice.side);
  const containers = { nothing: [main], init: [main], after: [main, side], first: [side, main] }[
    choice.beside
  ];
  return {
    metadata: { labels: { ...choice.labels, app: name }, annotations: choice.annotations },
    spec: {
      ...choice.more,
      containers,
      ...(choice.beside === 'init' ? { initContainers: [side] } : {}),
      volumes,
    },
  };
}
