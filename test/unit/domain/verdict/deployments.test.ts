import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  applied,
  deleted,
  deployment,
  ended,
  event,
  listed,
  pod,
  replicaFailure,
  replicaSet,
  running,
  target,
  template,
  termination,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

const wanted = deployment({ observed: 0 });
const seen = deployment();
const newest = replicaSet(seen, 'new');
const oldest = replicaSet(seen, 'old', { template: template('1') });
const done = deployment({ updated: 1, available: 1 });

/** The first seconds of each story: the controller sees the Deployment and makes a ReplicaSet. */
const begun = [...applied(0.1, wanted), ...applied(0.2, newest, seen)];

const oneTarget = [target(wanted)];
const story = (...changes: ReturnType<typeof applied>[]) => tell(oneTarget, [...begun, ...changes.flat()]);

function failureOf(ending: ReturnType<typeof tell>) {
  if (ending.verdict.state !== 'failed') throw new Error('passed');
  const failure = ending.verdict.failures[0];
  if (failure === undefined) throw new Error('no failure');
  return failure;
}

describe('sound releases: installs and updates', () => {
  test('a first install passes when its pod has been up for settle', () => {
    const ending = story(applied(1, pod(newest, { ready: 1, containers: [running(1)] }), done));
    expect([outcome(ending), ending.at]).toEqual(['passed', 11]);
  });

  test('a rolling update passes, whatever its old pods have done', () => {
    const before = deployment({ template: template('1'), updated: 1, available: 1 });
    const update = deployment({ generation: 2, observed: 1, updated: 1, available: 1 });
    const crashing = pod(oldest, { name: 'old', containers: [ended(-30, 9)] });
    const fresh = pod(newest, { name: 'new', ready: 3, containers: [running(2)] });
    const ending = tell(
      [target(update)],
      [
        ...listed(-2, 'Deployment.apps', before),
        ...listed(-2, 'ReplicaSet.apps', oldest),
        ...listed(-2, 'Pod', crashing),
        ...applied(0.1, update),
        ...applied(0.2, newest, deployment({ generation: 2, total: 2, updated: 1 })),
        ...applied(3, fresh, deployment({ generation: 2, total: 1, updated: 1, available: 1 })),
        ...applied(4, pod(oldest, { name: 'old', containers: [ended(4, 10)], deletion: 34 })),
        ...deleted(5, crashing),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
    expect(ending.verdict.workloads[0]).toMatchObject({
      state: 'current',
      restarts: 0,
      images: [{ container: 'api', image: 'registry.test/shop/api:2', before: 'registry.test/shop/api:1' }],
    });
  });

  test('minReadySeconds counts towards settle', () => {
    const ending = story(
      applied(2, pod(newest, { ready: 2, containers: [running(1)] }), deployment({ updated: 1 })),
      applied(12, done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 12]);
  });

  test('no replicas, nothing to wait for', () => {
    const none = deployment({ replicas: 0 });
    const ending = tell([target(none)], applied(0.3, none));
    expect([outcome(ending), ending.at]).toEqual(['passed', 0.3]);
  });
});

describe('sound releases: late starts', () => {
  test('its first two starts fail, then it runs', () => {
    const ending = story(
      applied(1, pod(newest, { containers: [ended(1, 0)] })),
      applied(
        2,
        pod(newest, { containers: [ended(2, 1, 3, 'Error', { lastState: { terminated: termination(1) } })] }),
      ),
      applied(
        13,
        pod(newest, {
          ready: 13,
          containers: [running(13, 2, { lastState: { terminated: termination(2) } })],
        }),
        done,
      ),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 23]);
    expect(ending.verdict.workloads[0]?.restarts).toBe(2);
  });

  test('the registry answers 503 for 15 s, then serves', () => {
    const text =
      'failed to pull and unpack image "registry.test/shop/api:2": failed to resolve reference: unexpected status from HEAD request to https://registry.test/v2/shop/api/manifests/2: 503 Service Unavailable';
    const ending = story(
      applied(1, pod(newest, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] })),
      applied(2, pod(newest, { phase: 'Pending', containers: [waiting('ImagePullBackOff', text)] })),
      applied(30, pod(newest, { ready: 30, containers: [running(30)] }), done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 40]);
  });

  test('a slow start that its startup probe allows', () => {
    const slow = template('2', {
      spec: { startupProbe: { failureThreshold: 60, periodSeconds: 1 }, readinessProbe: {} },
    });
    const wish = deployment({ template: slow });
    const set = replicaSet(wish, 'new');
    const unstarted = running(1, 0, { started: false, ready: false });
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...applied(1, pod(set, { containers: [unstarted] })),
        ...applied(
          10,
          event(pod(set), 'Unhealthy', 'Startup probe failed: connection refused', 10, { container: 'api' }),
        ),
        ...applied(
          45,
          pod(set, { ready: 45, containers: [running(1)] }),
          deployment({ template: slow, updated: 1, available: 1 }),
        ),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 55]);
  });
});

describe('sound releases: progress deadlines of before', () => {
  test('a ProgressDeadlineExceeded that stood before does not count', () => {
    const stale = [
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        lastUpdateTime: time(-900),
      },
    ];
    const broken = deployment({ template: template('1'), conditions: stale });
    const update = deployment({ generation: 2, conditions: stale });
    const ending = tell(
      [target(update)],
      [
        ...listed(-2, 'Deployment.apps', broken),
        ...applied(0.1, update, newest),
        ...applied(
          5,
          pod(newest, { ready: 5, containers: [running(5)] }),
          deployment({ generation: 2, updated: 1, available: 1 }),
        ),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 15]);
  });

  test('nor does one that fell a moment ago, of a deadline that cannot be over yet: a rollback finds that of its release', () => {
    const fresh = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime: time(-1) },
    ];
    const spec = { progressDeadlineSeconds: 60 };
    const wish = deployment({ generation: 3, spec });
    const seen = deployment({ generation: 3, conditions: fresh, spec });
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, newest),
        ...applied(0.5, seen),
        ...applied(
          5,
          pod(newest, { ready: 5, containers: [running(5)] }),
          deployment({ generation: 3, updated: 1, available: 1, spec }),
        ),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 15]);
  });
});

describe('sound releases: nodes, evictions and quotas', () => {
  test('a node joins before the scheduling budget is used up', () => {
    const unscheduled = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available: 1 Insufficient cpu.',
        lastTransitionTime: time(1),
      },
    ];
    const ending = story(
      applied(1, pod(newest, { phase: 'Pending', conditions: unscheduled })),
      applied(14, pod(newest, { ready: 14, containers: [running(13)] }), done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 24]);
  });

  test('an evicted pod is replaced', () => {
    const ending = story(
      applied(1, pod(newest, { name: 'one', ready: 1, containers: [running(1)] }), done),
      applied(
        5,
        pod(newest, { name: 'one', phase: 'Failed', reason: 'Evicted', containers: [ended(5, 0, 137)] }),
        deployment({ updated: 1 }),
      ),
      applied(7, pod(newest, { name: 'two', ready: 7, containers: [running(7)] }), done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 17]);
  });

  test('a refusal by the quota that a later try heals', () => {
    const refused = [replicaFailure('pods "api-new-x" is forbidden: exceeded quota: compute', 1)];
    const update = deployment({ generation: 2, replicas: 4, updated: 0, total: 4 });
    const old = ['a', 'b', 'c', 'd'].map((name) =>
      pod(oldest, { name, ready: -99, containers: [running(-99)] }),
    );
    const fresh = ['e', 'f', 'g', 'h'].map((name) =>
      pod(newest, { name, ready: 20, containers: [running(20)] }),
    );
    const ending = tell(
      [target(update)],
      [
        ...listed(-2, 'ReplicaSet.apps', oldest),
        ...listed(-2, 'Pod', ...old),
        ...applied(0.1, update, newest),
        ...applied(1, replicaSet(seen, 'new', { conditions: refused })),
        ...applied(1.5, pod(oldest, { name: 'a', deletion: 31 })),
        ...deleted(3, ...old),
        ...applied(
          20,
          newest,
          ...fresh,
          deployment({ generation: 2, replicas: 4, updated: 4, available: 4 }),
        ),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 30]);
  });

  test.each([
    [
      'a race for the status of the quota',
      'Operation cannot be fulfilled on resourcequotas "few": the object has been modified; please apply your changes to the latest version and try again',
    ],
    ['the API server lost its store', 'rpc error: code = Unavailable desc = error reading from server: EOF'],
    [
      'the recorder put many such into one event',
      '(combined from similar events): Error creating: etcdserver: request timed out',
    ],
    [
      'the controller lost the API server',
      'Post "https://127.0.0.1:6443/api/v1/namespaces/shop/pods": dial tcp 127.0.0.1:6443: connect: connection refused',
    ],
  ])('%s, after which the controller was cut off for a while', (_what, message) => {
    const refused = [replicaFailure(message, 1)];
    const ending = story(
      applied(1, replicaSet(seen, 'new', { conditions: refused })),
      applied(50, newest, pod(newest, { ready: 50, containers: [running(50)] }), done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 60]);
  });
});

describe('broken releases: crashes', () => {
  test('exits 3 at once: the third end is the verdict', () => {
    const ending = story(
      applied(1, pod(newest, { ready: 1, containers: [running(1)] }), done),
      applied(1.5, pod(newest, { containers: [ended(1, 0)] })),
      applied(
        2.5,
        pod(newest, { containers: [ended(2, 1, 3, 'Error', { lastState: { terminated: termination(1) } })] }),
      ),
      applied(13, pod(newest, { ready: 13, containers: [running(13, 2)] }), done),
      applied(
        13.5,
        pod(newest, {
          containers: [ended(13, 2, 3, 'Error', { lastState: { terminated: termination(2) } })],
        }),
      ),
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 13.5]);
    expect(failureOf(ending)).toMatchObject({
      message: 'Container api of Deployment api exited with code 3, 3 times in the same way.',
      chain: ['Deployment api', 'ReplicaSet api-new', 'Pod api-new-x', 'container api'],
      evidenceAt: time(13),
      container: { pod: 'api-new-x', container: 'api', terminated: true },
    });
  });

  test('runs 6 s, exits, and looks done each time: never green', () => {
    const ends = (restarts: number, at: number) =>
      pod(newest, {
        containers: [
          ended(
            at,
            restarts,
            1,
            'Error',
            restarts === 0 ? {} : { lastState: { terminated: termination(at - 9, 1) } },
          ),
        ],
      });
    const up = (restarts: number, at: number) =>
      pod(newest, { ready: at, containers: [running(at, restarts)] });
    const ending = story(
      applied(1, up(0, 1), done),
      applied(7, ends(0, 7)),
      applied(8, up(1, 8)),
      applied(14, ends(1, 14)),
      applied(25, up(2, 25)),
      applied(31, ends(2, 31)),
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 31]);
  });

  test('ends differently each time: more than max-restarts', () => {
    const end = (restarts: number, exitCode: number) =>
      pod(newest, { containers: [ended(restarts * 10 + 1, restarts, exitCode)] });
    const ending = story(
      applied(1, end(0, 1)),
      applied(11, end(1, 2)),
      applied(21, end(2, 3)),
      applied(31, end(3, 4)),
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 31]);
  });

  test('an init container fails', () => {
    const end = (restarts: number, at: number) =>
      pod(newest, {
        phase: 'Pending',
        spec: { initContainers: [{ name: 'migrate', image: 'migrate:1' }] },
        initContainers: [ended(at, restarts, 1, 'Error', { name: 'migrate' })],
        containers: [waiting('PodInitializing')],
      });
    const ending = story(applied(1, end(0, 1)), applied(2, end(1, 2)), applied(13, end(2, 13)));
    expect([outcome(ending), ending.at]).toEqual(['init-container-failed', 13]);
    expect(failureOf(ending).chain.at(-1)).toBe('init container migrate');
  });
});

describe('broken releases: images that do not exist', () => {
  test('the image does not exist: the first pull error is the verdict', () => {
    const text =
      'rpc error: code = NotFound desc = failed to pull and unpack image "registry.test/shop/api:2": registry.test/shop/api:2: not found';
    const ending = story(
      applied(1, pod(newest, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] })),
    );
    expect([outcome(ending), ending.at]).toEqual(['image-not-found', 1]);
    expect(failureOf(ending)).toMatchObject({
      field: ['spec', 'template', 'spec', 'containers', 0, 'image'],
    });
    expect(failureOf(ending).container).toBeUndefined();
  });

  test('the image is there, for another platform', () => {
    const text =
      'rpc error: code = NotFound desc = failed to pull and unpack image "registry.test/shop/api:2": no match for platform in manifest: not found';
    const ending = story(
      applied(1, pod(newest, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] })),
    );
    expect([outcome(ending), ending.at]).toEqual(['image-not-found', 1]);
    expect(failureOf(ending).message).toContain('was not built for the platform of the node');
  });

  test('the image of a volume does not exist: it is named, not the one of the container', () => {
    const text =
      'failed to pull and unpack image "registry.test/shop/models:1": registry.test/shop/models:1: not found';
    const held = pod(newest, {
      phase: 'Pending',
      containers: [waiting('ContainerCreating')],
      spec: { volumes: [{ name: 'models', image: { reference: 'registry.test/shop/models:1' } }] },
    });
    const told = event(held, 'Failed', `Failed to pull image "registry.test/shop/models:1": ${text}`, 2);
    const ending = story(applied(1, held), applied(2, told));
    expect([outcome(ending), ending.at]).toEqual(['image-not-found', 2]);
    expect(failureOf(ending).message).toContain(
      'image registry.test/shop/models:1 of its volume models does not exist',
    );
  });

  test('the image of a volume is the beginning of the container’s own, which does not exist', () => {
    const text =
      'failed to pull and unpack image "registry.test/shop/api:2": registry.test/shop/api:2: not found';
    const held = pod(newest, {
      phase: 'Pending',
      containers: [waiting('ErrImagePull', text)],
      spec: { volumes: [{ name: 'base', image: { reference: 'registry.test/shop/api' } }] },
    });
    const message = failureOf(story(applied(1, held))).message;
    expect(message).toContain('image registry.test/shop/api:2 does not exist');
  });
});

describe('broken releases: registries, and events that outlast the status', () => {
  test('an older kubelet loses the text after the back-off: the event has it', () => {
    const held = pod(newest, {
      phase: 'Pending',
      containers: [waiting('ImagePullBackOff', 'Back-off pulling image "registry.test/shop/api:2"')],
    });
    const told = event(
      held,
      'Failed',
      'Failed to pull image "registry.test/shop/api:2": manifest unknown',
      2,
      { container: 'api' },
    );
    const ending = story(applied(1, held), applied(2, told));
    expect([outcome(ending), ending.at]).toEqual(['image-not-found', 2]);
    expect(failureOf(ending)).toMatchObject({ event: { reason: 'Failed', count: 1 }, evidenceAt: time(2) });
  });

  test('the registry asks for credentials', () => {
    const text =
      'failed to pull: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope';
    const ending = story(
      applied(1, pod(newest, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] })),
    );
    expect([outcome(ending), ending.at]).toEqual(['image-unauthorized', 1]);
  });

  test('the registry stays down: at the end of the budget', () => {
    const text = 'dial tcp: lookup registry.test on 10.96.0.10:53: no such host';
    const state = (seconds: number, reason: string) =>
      applied(seconds, pod(newest, { phase: 'Pending', containers: [waiting(reason, text)] }));
    const ending = story(state(1, 'ErrImagePull'), state(2, 'ImagePullBackOff'), state(15, 'ErrImagePull'));
    expect([outcome(ending), ending.at]).toEqual(['image-pull-failing', 61]);
  });
});

describe('broken releases: probes and memory', () => {
  test('a readiness probe on the wrong port: long before the timeout', () => {
    const probed = template('2', {
      spec: { readinessProbe: { httpGet: { path: '/ready', port: 9 }, periodSeconds: 5 } },
    });
    const wish = deployment({ template: probed, updated: 1 });
    const set = replicaSet(wish, 'new');
    const unready = pod(set, { containers: [running(1, 0, { ready: false })] });
    const answer =
      'Readiness probe failed: Get "http://10.0.0.9:9/ready": dial tcp: connect: connection refused';
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...applied(1, unready),
        ...applied(6, event(unready, 'Unhealthy', answer, 6, { container: 'api' })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['readiness-probe-failing', 62]);
    expect(failureOf(ending).message).toContain('on :9/ready');
    expect(failureOf(ending).message).toContain('connection refused');
    expect(failureOf(ending).field).toEqual(['spec', 'template', 'spec', 'containers', 0, 'readinessProbe']);
  });

  test('killed by its liveness probe again and again', () => {
    const end = (restarts: number, at: number) => pod(newest, { containers: [ended(at, restarts, 137)] });
    const answer = event(
      pod(newest),
      'Unhealthy',
      'Liveness probe failed: HTTP probe failed with statuscode: 500',
      4,
      { container: 'api' },
    );
    const kill = event(pod(newest), 'Killing', 'Container api failed liveness probe, will be restarted', 5, {
      container: 'api',
      type: 'Normal',
    });
    const ending = story(
      applied(5, answer, kill, end(0, 5)),
      applied(10, end(1, 10)),
      applied(30, end(2, 30)),
    );
    expect([outcome(ending), ending.at]).toEqual(['liveness-probe-failing', 30]);
    expect(failureOf(ending).event?.message).toContain('statuscode: 500');
  });

  test('OOMKilled: names the limit', () => {
    const small = template('2', { spec: { resources: { limits: { memory: '8Mi' } } } });
    const wish = deployment({ template: small });
    const set = replicaSet(wish, 'new');
    const end = (restarts: number, at: number) =>
      pod(set, { containers: [ended(at, restarts, 137, 'OOMKilled')] });
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...applied(1, end(0, 1)),
        ...applied(2, end(1, 2)),
        ...applied(14, end(2, 14)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['out-of-memory', 14]);
    expect(failureOf(ending).message).toContain('limit of 8Mi');
  });
});

describe('broken releases: containers that cannot be made', () => {
  test.each([
    ['configmap "absent" not found', 'ConfigMap absent does not exist'],
    ["couldn't find key password in Secret shop/db", 'Secret db has no key password'],
  ])('configuration that is not there: %s', (message, cause) => {
    const ending = story(
      applied(
        1,
        pod(newest, { phase: 'Pending', containers: [waiting('CreateContainerConfigError', message)] }),
      ),
    );
    expect([outcome(ending), ending.at]).toEqual(['container-config-error', 1]);
    expect(failureOf(ending).message).toContain(cause);
  });

  test('a kubelet that has not read the ConfigMap yet is no cause', () => {
    const late = 'failed to sync configmap cache: timed out waiting for the condition';
    const ending = story(
      applied(
        1,
        pod(newest, { phase: 'Pending', containers: [waiting('CreateContainerConfigError', late)] }),
      ),
      applied(3, pod(newest, { ready: 3, containers: [running(3)] }), done),
    );
    expect(outcome(ending)).toBe('passed');
  });

  test('a command that is not in the image', () => {
    const text =
      'failed to create containerd task: runc create failed: unable to start container process: error during container init: exec: "/nope": stat /nope: no such file or directory';
    const ending = story(
      applied(
        1,
        pod(newest, {
          containers: [
            waiting('RunContainerError', text, {
              lastState: { terminated: termination(1, 128, 'StartError', text) },
            }),
          ],
        }),
      ),
    );
    expect([outcome(ending), ending.at]).toEqual(['container-cannot-run', 1]);
  });
});

describe('broken releases: pods that are refused', () => {
  test('a quota that the release itself makes wider: refused at first, broken only where it lasts', () => {
    const text = 'pods "api-new-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=7';
    const refused = replicaSet(seen, 'new', { conditions: [replicaFailure(text, 1)] });
    const ending = tell([target(seen)], applied(1, seen, refused), { ...limits, widensQuota: true });
    expect([outcome(ending), ending.at]).toEqual(['quota-exceeded', 31]);
  });

  test.each([
    [
      'pods "api-new-x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=0, limited: pods=0',
      'quota-exceeded',
    ],
    [
      'pods "api-new-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      'pod-creation-forbidden',
    ],
    [
      "pods \"api-new-x\" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'shop' denied request: no owner label",
      'pod-creation-forbidden',
    ],
    [
      // As API server 1.36.3 words it, in the condition; its event has "Error creating: " in front.
      "policy 'owners' with binding 'shop' denied request: expression 'Object{metadata: Object.metadata{labels: {'owner': object.metadata.labels['team']}}}' resulted in error: no such key: team",
      'pod-creation-forbidden',
    ],
  ])('pods that are refused: %s', (message, reason) => {
    const refused = [replicaFailure(message, 1)];
    const ending = story(applied(1, replicaSet(seen, 'new', { conditions: refused })));
    expect([outcome(ending), ending.at]).toEqual([reason, 1]);
  });

  test('pods that are refused for another reason than at first: the condition keeps the words of the first try', () => {
    const away = 'rpc error: code = Unavailable desc = error reading from server: EOF';
    const quota =
      'Error creating: pods "api-new-x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2';
    const refused = [replicaFailure(away, 1)];
    const set = replicaSet(seen, 'new', { conditions: refused });
    const ending = story(
      applied(1, set, event(set, 'FailedCreate', `Error creating: ${away}`, 1)),
      applied(40, event(set, 'FailedCreate', quota, 40)),
    );
    expect([outcome(ending), ending.at]).toEqual(['quota-exceeded', 40]);
    expect(failureOf(ending).message).toContain('exceeded quota: few');
  });

  test('the ReplicaSet itself could not be made, since the store was away', () => {
    const conditions = [
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ReplicaSetCreateError',
        message: 'Failed to create new replica set "api-new": etcdserver: request timed out',
      },
    ];
    const late = { ...wanted, status: { observedGeneration: 1, conditions } };
    const ending = tell(oneTarget, [
      ...applied(1, late),
      ...applied(45, seen, newest, pod(newest, { ready: 45, containers: [running(45)] }), done),
    ]);
    expect([outcome(ending), ending.at]).toEqual(['passed', 55]);
  });
});

describe('broken releases: refusals of different tries', () => {
  test('another refusal than at first has its allowance from its own first try', () => {
    const webhook =
      'Error creating: Internal error occurred: failed calling webhook "policy.test": Post "https://policy.shop.svc:443/": dial tcp: connect: connection refused';
    const refused = [replicaFailure('etcdserver: request timed out', 1)];
    const set = replicaSet(seen, 'new', { conditions: refused });
    const ending = story(applied(1, set), applied(45, event(set, 'FailedCreate', webhook, 45)));
    expect([outcome(ending), ending.at]).toEqual(['pod-creation-forbidden', 75]);
  });

  test.each([
    "pods \"api-new-x\" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'shop' denied request: failed to configure binding: no params found",
    "policy 'owners' with binding 'shop' denied request: failed to configure binding: no params found",
  ])('a policy that cannot be asked yet has its allowance: %s', (unconfigured) => {
    const refused = [replicaFailure(unconfigured, 1)];
    const ending = story(applied(1, replicaSet(seen, 'new', { conditions: refused })));
    expect([outcome(ending), ending.at]).toEqual(['pod-creation-forbidden', 31]);
  });

  test('a refusal of before that has healed does not explain the one that stands', () => {
    const quota = 'Error creating: pods "api-new-x" is forbidden: exceeded quota: few';
    const forbidden =
      'pods "api-new-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false';
    const refused = [replicaFailure(forbidden, 5)];
    const ending = story(
      applied(1, event(newest, 'FailedCreate', quota, 1)),
      applied(5, replicaSet(seen, 'new', { conditions: refused })),
    );
    expect([outcome(ending), ending.at]).toEqual(['pod-creation-forbidden', 5]);
    expect(failureOf(ending).message).toContain('PodSecurity');
  });
});

describe('broken releases: unschedulable pods', () => {
  test('unschedulable: at the end of the budget, with what is missing', () => {
    const message = '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available.';
    const conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message,
        lastTransitionTime: time(1),
      },
    ];
    const ending = story(applied(1, pod(newest, { phase: 'Pending', conditions })));
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 31]);
    expect(failureOf(ending).message).toContain('1 Insufficient cpu');
  });

  describe('unschedulable where somebody makes nodes', () => {
    const patient = { ...limits, timeout: 600_000, nodeMaker: 'Karpenter' };
    const unschedulable = {
      ...{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', lastTransitionTime: time(1) },
      message: '0/1 nodes are available: 1 Insufficient cpu.',
    };
    const waits = pod(newest, { phase: 'Pending', conditions: [unschedulable] });

    test('a node that comes after a minute: sound', () => {
      const up = pod(newest, { ready: 75, containers: [running(75)] });
      const ending = tell(
        [target(seen)],
        [...applied(1, seen, newest, waits), ...applied(75, up, done)],
        patient,
      );
      expect([outcome(ending), ending.at]).toEqual(['passed', 85]);
    });

    test('none comes: broken after five minutes, and it says who made none', () => {
      const ending = tell([target(seen)], applied(1, seen, newest, waits), patient);
      expect([outcome(ending), ending.at]).toEqual(['unschedulable', 301]);
      expect(failureOf(ending).message).toContain('and Karpenter has not provisioned one');
    });

    test('it says that it will make none: broken after the usual time', () => {
      const declined = event(waits, 'NotTriggerScaleUp', "pod didn't trigger scale-up", 3);
      const ending = tell([target(seen)], applied(1, seen, newest, waits, declined), patient);
      expect([outcome(ending), ending.at]).toEqual(['unschedulable', 31]);
    });
  });
});

describe('broken releases: one pod of several', () => {
  test('one of three pods at fault: the rollout cannot be done without it', () => {
    const wish = deployment({ replicas: 3, updated: 3, available: 2 });
    const set = replicaSet(wish, 'new', { replicas: 3 });
    const good = ['a', 'b'].map((name) => pod(set, { name, ready: 1, containers: [running(1)] }));
    const bad = pod(set, {
      name: 'c',
      phase: 'Pending',
      containers: [waiting('CreateContainerConfigError', 'secret "db" not found')],
    });
    expect(outcome(tell([target(wish)], applied(1, wish, set, ...good, bad)))).toBe('container-config-error');
  });

  test('one pod too many is at fault: it is about to be removed', () => {
    const wish = deployment({ replicas: 2, updated: 2, available: 2, total: 3 });
    const set = replicaSet(wish, 'new', { replicas: 2 });
    const good = ['a', 'b'].map((name) => pod(set, { name, ready: 1, containers: [running(1)] }));
    const bad = pod(set, {
      name: 'c',
      phase: 'Pending',
      containers: [waiting('CreateContainerConfigError', 'secret "db" not found')],
    });
    const ending = tell(
      [target(wish)],
      [
        ...applied(1, wish, set, ...good, bad),
        ...deleted(2, bad),
        ...applied(2, deployment({ replicas: 2, updated: 2, available: 2 })),
      ],
    );
    expect(outcome(ending)).toBe('passed');
  });
});

describe('broken releases: time runs out', () => {
  test('time runs out: says what was missing, with the best explanation', () => {
    const text = 'dial tcp: lookup registry.test: no such host';
    const late = tell(
      oneTarget,
      [
        ...begun,
        ...applied(1, pod(newest, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] })),
      ],
      {
        ...limits,
        timeout: 30_000,
      },
    );
    expect([outcome(late), late.at]).toEqual(['rollout-timeout', 30]);
    expect(failureOf(late).message).toBe(
      'Deployment api was not done when 30 s were over: 0 of 1 pods updated. Container api of Deployment api cannot start: the node does not reach registry.test to pull image registry.test/shop/api:2 (dial tcp: lookup registry.test: no such host).',
    );
  });

  test('time runs out and nothing explains it: says which pods are not up', () => {
    const late = tell(
      oneTarget,
      [...begun, ...applied(1, pod(newest, { name: 'api-1', phase: 'Pending' }))],
      {
        ...limits,
        timeout: 30_000,
      },
    );
    expect(failureOf(late).message).toBe(
      'Deployment api was not done when 30 s were over: 0 of 1 pods updated. Pod api-1 waits to start.',
    );
  });

  test('a progress deadline of this release is explained by the trouble behind it', () => {
    const over = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastUpdateTime: time(20) },
    ];
    const probed = template('2', { spec: { readinessProbe: { tcpSocket: { port: 1 } } } });
    const wish = deployment({ template: probed, spec: { progressDeadlineSeconds: 20 } });
    const set = replicaSet(wish, 'new');
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...applied(1, pod(set, { containers: [running(1, 0, { ready: false })] })),
        ...applied(20, { ...wish, status: { ...(wish['status'] as object), conditions: over } }),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['readiness-probe-failing', 20]);
    expect(failureOf(ending).message).toContain('made no progress for 20 s');
  });
});

describe('several workloads', () => {
  const two = (name: string): { wish: KubernetesObject; set: KubernetesObject } => {
    const wish = deployment({ name, updated: 1 });
    return { wish, set: replicaSet(wish, 'new') };
  };

  test('a cause they share is told once', () => {
    const [one, other] = [two('auth'), two('user')];
    const message = 'secret "db" not found';
    const stuck = (set: KubernetesObject) =>
      pod(set, { phase: 'Pending', containers: [waiting('CreateContainerConfigError', message)] });
    const ending = tell(
      [target(one.wish), target(other.wish)],
      // The pods come by one list: seen one after the other, the first alone would be the verdict.
      [
        ...applied(0.1, one.wish, one.set, other.wish, other.set),
        ...listed(1, 'Pod', stuck(one.set), stuck(other.set)),
      ],
    );
    expect(outcome(ending)).toBe('container-config-error');
    expect(failureOf(ending).objects.map((object) => object.name)).toEqual(['auth', 'user']);
  });

  test('a pod whose readiness waits for another workload is given its time once that one serves', () => {
    const probed = template('2', { spec: { readinessProbe: { periodSeconds: 1 } } });
    const app = deployment({ name: 'app', template: probed, updated: 1 });
    const appSet = replicaSet(app, 'new');
    const base = two('database');
    const done = (wish: KubernetesObject) => ({
      ...wish,
      status: { ...(wish['status'] as object), availableReplicas: 1 },
    });
    const ending = tell(
      [target(app), target(base.wish)],
      [
        ...applied(0.1, app, appSet, base.wish, base.set),
        ...applied(1, pod(appSet, { containers: [running(1, 0, { ready: false })] })),
        ...applied(1, pod(base.set, { phase: 'Pending', containers: [waiting('ContainerCreating')] })),
        ...applied(100, pod(base.set, { ready: 100, containers: [running(100)] }), done(base.wish)),
        ...applied(140, pod(appSet, { ready: 140, containers: [running(1)] }), done(app)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 150]);
  });

  test('an unchanged workload is reported and does not judge', () => {
    const changed = two('auth');
    const broken = two('user');
    const ready = {
      ...changed.wish,
      status: { ...(changed.wish['status'] as object), availableReplicas: 1 },
    };
    const ending = tell(
      [target(changed.wish), target(broken.wish, false)],
      [
        ...listed(-1, 'Pod', pod(broken.set, { containers: [ended(-9, 7)] })),
        ...applied(0.1, changed.wish, changed.set, broken.wish, broken.set),
        ...applied(1, pod(changed.set, { ready: 1, containers: [running(1)] }), ready),
      ],
    );
    expect(outcome(ending)).toBe('passed');
    expect(ending.verdict.workloads.map((one) => one.state)).toEqual(['current', 'progressing']);
  });
});
