/** One case of the property: what is there before, the release that fails, how it fails, and who cleans up. Plain JSON. */
import fc, { type Arbitrary } from 'fast-check';
import { type ObjectCourse, otherSlots, webDeployment } from './catalogue.ts';
import { type Course, course, mapOf, optional } from './course.ts';
import type { Json } from './pods.ts';

/** Who made an object that the first release does not bring. */
export type Origin = 'kubectl' | 'someone';

/** A change by another field manager after the first release. */
export interface ForeignEdit {
  readonly kind: string;
  readonly name: string;
  readonly manager: string;
  readonly how: 'apply' | 'update';
  readonly patch: Json;
}

/** The write at which something happens, counted from 0 among those that a release makes. */
export interface Strike {
  /** As a share of the writes that the release needs; above 1 it comes during undo. */
  readonly position: number;
  /** Before the API server sees the write, or once it has done it. */
  readonly at: 'request' | 'answer';
}

export type Ending =
  /** The API server refuses one write. */
  | { readonly type: 'refused'; readonly status: 403 | 422; readonly strike: Strike }
  /** A workload that cannot come up. */
  | { readonly type: 'rollout'; readonly failing: 'job' | 'deployment' }
  /** The process is killed in the middle of a write; then post, the next deploy, or post that is killed too before it. */
  | { readonly type: 'killed'; readonly strike: Strike; readonly next: 'post' | 'post, deploy' | 'deploy' }
  /** It is left as it is, and the next deploy fails too. */
  | { readonly type: 'left'; readonly strike: Strike };

export interface Scenario {
  readonly objects: readonly ObjectCourse[];
  /** By the place in `objects`; for those that are not in the first release only. */
  readonly origins: readonly (Origin | undefined)[];
  readonly configMaps: Course<Json>;
  readonly secrets: Course<Json>;
  readonly edits: readonly ForeignEdit[];
  /** The manager `someone` may lose its fields. */
  readonly adoptsOthers: boolean;
  readonly ending: Ending;
  /** Answers of writes get lost on the way, now and then. */
  readonly flaky: boolean;
  /** What kubectl applied before has a list with a key twice, where it has pods. */
  readonly twice: boolean;
  /** A new autoscaler scales its target as soon as it is there. */
  readonly scales: boolean;
  /** A custom resource whose kind may get a second version, to which it moves. */
  readonly queue: Course<Queue> | undefined;
}

export interface Queue {
  readonly version: 'v1' | 'v2';
  readonly spec: Json;
}

const edit = (
  kind: string,
  name: string,
  how: ForeignEdit['how'],
  patch: Json,
  manager = 'someone',
): ForeignEdit => ({
  kind,
  name,
  manager,
  how,
  patch,
});

const templateOf = (template: Json): Json => ({ spec: { template } });

/** Fields that Orion never had, fields that it has too, and fields that it has no more. */
const edits: readonly ForeignEdit[] = [
  edit('ConfigMap', 'plain', 'update', { data: { foreign: '1' } }),
  edit('ConfigMap', 'plain', 'update', { data: { a: 'theirs' } }),
  edit('ConfigMap', 'plain', 'apply', { data: { shared: 'by someone' } }),
  edit('ConfigMap', 'other', 'update', { data: { b: null } }),
  edit('ConfigMap', 'other', 'update', { metadata: { labels: { team: 'green' } } }),
  edit('Secret', 'key', 'update', { data: { token: 'cm90YXRlZA==' } }),
  edit('ServiceAccount', 'robot', 'update', { metadata: { annotations: { 'cloud.example/role': 'robot' } } }),
  edit('Deployment', 'web', 'update', { metadata: { annotations: { 'someone.example/seen': 'yes' } } }),
  edit(
    'Deployment',
    'web',
    'update',
    templateOf({
      metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' } },
    }),
    'kubectl-rollout',
  ),
  edit(
    'Deployment',
    'web',
    'apply',
    templateOf({ spec: { containers: [{ name: 'main', env: [{ name: 'INJECTED', value: '1' }] }] } }),
    'injector',
  ),
  edit(
    'Deployment',
    'web',
    'apply',
    templateOf({ spec: { containers: [{ name: 'main', env: [{ name: 'A', value: '1' }] }] } }),
  ),
  edit('Deployment', 'side', 'update', { spec: { replicas: 4 } }, 'kubectl-scale'),
  edit('Deployment', 'side', 'update', { spec: { minReadySeconds: 2 } }),
  edit('Service', 'web', 'update', { metadata: { labels: { mesh: 'on' } } }),
  edit('Service', 'web', 'update', { spec: { selector: { app: 'web', extra: 'yes' } } }),
  edit('Role', 'robot', 'update', { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }] }),
  edit('Ingress', 'web', 'update', { metadata: { annotations: { 'ingress.example/class': 'fast' } } }),
  edit('PodDisruptionBudget', 'web', 'apply', { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } }),
];

const strike = (longest: number): Arbitrary<Strike> =>
  fc.record({
    position: fc.double({ min: 0, max: longest, noNaN: true }),
    at: fc.constantFrom('request', 'answer'),
  });

const ending: Arbitrary<Ending> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('refused' as const),
      status: fc.constantFrom<403 | 422>(403, 422),
      strike: strike(0.99),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('rollout' as const),
      failing: fc.constantFrom<'job' | 'deployment'>('job', 'deployment'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('killed' as const),
      strike: strike(2),
      // The third waits for a minute of silence of the Lease that post held.
      next: fc.constantFrom<'post' | 'post, deploy' | 'deploy'>(
        'post',
        'post',
        'deploy',
        'deploy',
        'post, deploy',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('left' as const), strike: strike(0.99) }) },
);

const generated = course(mapOf(['LEVEL', 'MODE', 'LONG'], fc.constantFrom('a', 'b', 'value with spaces')));

const queue = fc
  .tuple(
    course(mapOf(['size', 'depth'], fc.integer({ min: 1, max: 3 }))),
    fc.constantFrom<Course<'v1' | 'v2'>>(['v1', 'v2', 'v2'], ['v1', 'v1', 'v2'], ['v1', 'v2', 'v1']),
  )
  .map(([specs, versions]): Course<Queue> => {
    const at = (release: 0 | 1 | 2): Queue => ({ version: versions[release], spec: specs[release] });
    return [at(0), at(1), at(2)];
  });

export const scenarios: Arbitrary<Scenario> = fc.record({
  objects: fc
    .tuple(
      webDeployment,
      fc
        .shuffledSubarray([...otherSlots], { minLength: 5, maxLength: 12 })
        .chain((slots) => fc.tuple(...slots)),
    )
    .map(([web, others]): readonly ObjectCourse[] => [web, ...others]),
  origins: fc.array(optional(fc.constantFrom<Origin>('kubectl', 'kubectl', 'someone')), {
    minLength: 13,
    maxLength: 13,
  }),
  configMaps: generated,
  secrets: generated,
  edits: fc.shuffledSubarray([...edits], { maxLength: 6 }),
  adoptsOthers: fc.boolean().chain((often) => (often ? fc.constant(true) : fc.boolean())),
  ending,
  flaky: fc.integer({ min: 0, max: 4 }).map((number) => number === 0),
  twice: fc.boolean(),
  scales: fc.boolean(),
  queue: fc.integer({ min: 0, max: 3 }).chain((number) => (number === 0 ? queue : fc.constant(undefined))),
});

/** The same scenarios for the same seed. */
export function scenariosOf(seed: number, count: number): readonly Scenario[] {
  return fc.sample(scenarios, { seed, numRuns: count });
}
