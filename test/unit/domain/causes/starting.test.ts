/** Pods that never come to run their program, and what of that ends a release. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  applied,
  deployment,
  event,
  namespace,
  pod,
  replicaSet,
  running,
  target,
  template,
  termination,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { type Ending, outcome, tell } from '../../../support/rollout/story.ts';

const wish = deployment({ updated: 1 });
const set = replicaSet(wish, 'new');
const done = deployment({ updated: 1, available: 1 });
const creating = (more = {}) =>
  pod(set, { phase: 'Pending', containers: [waiting('ContainerCreating')], ...more });

function said(ending: Ending): string {
  return ending.verdict.state === 'failed' ? (ending.verdict.failures[0]?.message ?? '') : '';
}

describe('before the first container', () => {
  const sandbox = event(
    creating(),
    'FailedCreatePodSandBox',
    'Failed to create pod sandbox: no runtime for "absent" is configured',
    2,
  );

  test('a sandbox that cannot be made: broken after its budget, by the event', () => {
    const ending = tell([target(wish)], applied(2, wish, set, creating(), sandbox));
    expect([outcome(ending), ending.at]).toEqual(['container-cannot-run', 32]);
    expect(said(ending)).toContain('no runtime for "absent"');
  });

  test('events of one trouble that each have a text of their own share one budget', () => {
    const again = [2, 9, 17, 26, 31].map((at) =>
      event(creating(), 'FailedCreatePodSandBox', `Failed to create pod sandbox ${'x'.repeat(at)}`, at),
    );
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, creating()), ...again.flatMap((one, at) => applied(2 + 7 * at, one))],
    );
    expect([outcome(ending), ending.at]).toEqual(['container-cannot-run', 32]);
  });

  test('a sandbox that is killed for memory: at once', () => {
    const text = 'failed to start sandbox "a0": container init was OOM-killed (memory limit too low?)';
    const killed = event(creating(), 'FailedCreatePodSandBox', text, 2);
    const ending = tell([target(wish)], applied(2, wish, set, creating(), killed));
    expect([outcome(ending), ending.at]).toEqual(['out-of-memory', 2]);
  });

  test('a mount that failed once, and then a pull of two minutes: sound', () => {
    const failed = event(creating(), 'FailedMount', 'MountVolume.SetUp failed for volume "x": timed out', 1);
    const pulling = event(creating(), 'Pulling', 'Pulling image "api"', 4, { type: 'Normal' });
    const up = pod(set, { ready: 124, containers: [running(124)] });
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, creating(), failed), ...applied(4, pulling), ...applied(124, up, done)],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 134]);
  });

  test('without a pull it is broken after the budget for volumes', () => {
    const failed = event(creating(), 'FailedMount', 'MountVolume.SetUp failed for volume "x": timed out', 1);
    const ending = tell([target(wish)], applied(1, wish, set, creating(), failed));
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 31]);
  });
});

describe('a volume that is attached to another node', () => {
  const multi = (rest: string) =>
    event(creating(), 'FailedAttachVolume', `Multi-Attach error for volume "pvc-1" Volume is ${rest}`, 2);

  test('where nobody uses it any more it is being detached: sound, however long the cloud takes', () => {
    const detaching = multi("already exclusively attached to one node and can't be attached to another");
    const up = pod(set, { ready: 124, containers: [running(124)] });
    const ending = tell(
      [target(wish)],
      [
        ...applied(2, wish, set, creating(), detaching),
        ...applied(
          110,
          event(
            creating(),
            'FailedMount',
            'Unable to attach or mount volumes: timed out waiting for the condition',
            110,
          ),
        ),
        ...applied(124, up, done),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 134]);
  });

  test('that a pod uses there: broken after the budget for volumes', () => {
    const ending = tell(
      [target(wish)],
      applied(2, wish, set, creating(), multi('already used by pod(s) old-1')),
    );
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 32]);
  });
});

describe('nobody schedules it', () => {
  const gates = { spec: { schedulingGates: [{ name: 'example.org/hold' }] } };
  const gated = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'gated' };

  test('a gate that stays closed: broken after the budget for scheduling, by its name', () => {
    const ending = tell(
      [target(wish)],
      applied(1, wish, set, pod(set, { phase: 'Pending', conditions: [gated], ...gates })),
    );
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 31]);
    expect(said(ending)).toContain('example.org/hold');
  });

  test.each([
    ['batch-scheduler', ['unschedulable', 31]],
    ['default-scheduler', ['rollout-timeout', 300]],
  ])('no word from %s', (schedulerName, expected) => {
    const unseen = pod(set, { phase: 'Pending', conditions: [], spec: { schedulerName } });
    const ending = tell([target(wish)], applied(1, wish, set, unseen));
    expect([outcome(ending), ending.at]).toEqual(expected);
    expect(said(ending)).toContain(schedulerName);
  });
});

test('a scheduler of its own that has named the node which it makes: it may take its time', () => {
  const unseen = pod(set, { phase: 'Pending', conditions: [], spec: { schedulerName: 'fargate-scheduler' } });
  const named = { ...unseen, status: { ...(unseen['status'] as object), nominatedNodeName: 'fargate-1' } };
  expect(outcome(tell([target(wish)], applied(1, wish, set, named)))).toBe('rollout-timeout');
});

describe('a resource claim that nobody makes: the scheduler waits for it without a word', () => {
  const claiming = (claim: Record<string, string>) =>
    pod(set, {
      phase: 'Pending',
      conditions: [],
      spec: { resourceClaims: [{ name: 'accelerator', ...claim }] },
    });

  test('from a template: the event of its controller says why', () => {
    const text = 'PodResourceClaim accelerator: resource claim template "gpu": not found';
    const unseen = claiming({ resourceClaimTemplateName: 'gpu' });
    const ending = tell(
      [target(wish)],
      applied(1, wish, set, unseen, event(unseen, 'FailedResourceClaimCreation', text, 1)),
    );
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 31]);
    expect(said(ending)).toContain('resource claim template "gpu": not found');
  });

  test('by its name: nobody says whether it is there, so the timeout ends it, with a guess', () => {
    const ending = tell([target(wish)], applied(1, wish, set, claiming({ resourceClaimName: 'gpu' })));
    expect(outcome(ending)).toBe('rollout-timeout');
    expect(said(ending)).toContain('perhaps its resource claim accelerator does not exist');
  });

  test('one that has been made is no obstacle: the scheduler is late', () => {
    const unseen = claiming({ resourceClaimTemplateName: 'gpu' });
    const made = [{ name: 'accelerator', resourceClaimName: 'api-accelerator-x' }];
    const status = { ...(unseen['status'] as object), resourceClaimStatuses: made };
    const ending = tell([target(wish)], applied(1, wish, set, { ...unseen, status }));
    expect(outcome(ending)).toBe('rollout-timeout');
    expect(said(ending)).toContain('default-scheduler');
  });
});

const pendingClaim: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data-0', namespace, uid: 'claim-data-0' },
};

const claimingPod = pod(set, {
  phase: 'Pending',
  conditions: [],
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-0' } }] },
});

const waitsForConsumer = event(pendingClaim, 'WaitForFirstConsumer', 'waiting for first consumer', 1, {
  type: 'Normal',
});

const provisionerText =
  "Waiting for a volume to be created either by the external provisioner 'example.org/disk' or manually";

const externalProvisioning = event(pendingClaim, 'ExternalProvisioning', provisionerText, 2, {
  type: 'Normal',
});

const claimEnding = (...seen: KubernetesObject[]) => tell([target(wish)], applied(2, wish, set, ...seen));

describe('a claim whose volume is being made: the scheduler waits for it without a word', () => {
  test('nobody is at it: broken after the budget for volumes, in the words of the event; whichever is seen first', () => {
    for (const order of [
      [claimingPod, waitsForConsumer, externalProvisioning],
      [externalProvisioning, waitsForConsumer, claimingPod],
    ]) {
      const ending = claimEnding(...order);
      expect([outcome(ending), ending.at]).toEqual(['volume-pending', 32]);
      expect(said(ending)).toContain(
        "claim data-0 is not bound: Waiting for a volume to be created either by the external provisioner 'example.org/disk'",
      );
    }
  });

  test('a provisioner is at it: it may take its time', () => {
    const working = event(pendingClaim, 'Provisioning', 'External provisioner is provisioning volume', 2, {
      type: 'Normal',
    });
    const ending = claimEnding(claimingPod, externalProvisioning, working);
    expect(outcome(ending)).toBe('rollout-timeout');
    expect(said(ending)).toContain('claim data-0 is not bound');
  });

  test('of a class that binds at once the scheduler has a word: the same', () => {
    const unbound = pod(set, {
      phase: 'Pending',
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
        },
      ],
      spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-0' } }] },
    });
    const working = event(pendingClaim, 'Provisioning', 'External provisioner is provisioning volume', 2, {
      type: 'Normal',
    });
    expect(outcome(claimEnding(unbound, externalProvisioning, working))).toBe('rollout-timeout');
    const nobody = claimEnding(unbound, externalProvisioning);
    expect([outcome(nobody), nobody.at]).toEqual(['volume-pending', 32]);
  });
});

describe('a claim whose volume is being made: tries that fail, other claims, late events', () => {
  test('its tries fail, each in words of its own: broken after the budget, from the first of them', () => {
    const working = event(pendingClaim, 'Provisioning', 'External provisioner is provisioning volume', 2, {
      type: 'Normal',
    });
    const failure = (at: number) =>
      event(
        pendingClaim,
        'ProvisioningFailed',
        `failed to provision: quota exceeded, request ${'x'.repeat(at)}`,
        at,
      );
    const ending = tell(
      [target(wish)],
      [
        ...applied(2, wish, set, claimingPod, externalProvisioning, working),
        ...[4, 14, 24].flatMap((at) => applied(at, failure(at))),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 34]);
    expect(said(ending)).toContain('quota exceeded');
  });

  test('a volume that has been made is no obstacle, and the other claim of the pod is named', () => {
    const made = event(pendingClaim, 'ProvisioningSucceeded', 'Successfully provisioned volume', 3, {
      type: 'Normal',
    });
    expect(outcome(claimEnding(claimingPod, externalProvisioning, made))).toBe('rollout-timeout');
    const second = {
      ...pendingClaim,
      metadata: { ...pendingClaim.metadata, name: 'api-cache', uid: 'claim-cache' },
    };
    const both = pod(set, {
      phase: 'Pending',
      conditions: [],
      name: 'api',
      spec: {
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'data-0' } },
          { name: 'cache', ephemeral: { volumeClaimTemplate: {} } },
        ],
      },
    });
    const failed = event(second, 'ProvisioningFailed', 'no such pool', 3);
    const ending = claimEnding(both, externalProvisioning, made, failed);
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 32]);
    expect(said(ending)).toContain('claim api-cache is not bound: no such pool');
  });

  test('an event that comes later than everything else counts too', () => {
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, claimingPod, waitsForConsumer), ...applied(9, externalProvisioning)],
    );
    expect([outcome(ending), ending.at]).toEqual(['volume-pending', 39]);
  });

  test('a claim of another pod says nothing of this one', () => {
    const other = event(
      { ...pendingClaim, metadata: { ...pendingClaim.metadata, name: 'data-1', uid: 'claim-data-1' } },
      'ExternalProvisioning',
      provisionerText,
      2,
      { type: 'Normal' },
    );
    const ending = tell([target(wish)], applied(2, wish, set, claimingPod, other));
    expect(outcome(ending)).toBe('rollout-timeout');
  });
});

test('a node that the pod names itself, and that is not there', () => {
  const lost = pod(set, { phase: 'Pending', conditions: [], spec: { nodeName: 'node-7' } });
  const ending = tell([target(wish)], applied(1, wish, set, lost));
  expect([outcome(ending), ending.at]).toEqual(['unschedulable', 31]);
  expect(said(ending)).toContain('node-7');
});

describe('containers that the runtime cannot make', () => {
  const stuck = (reason: string, message: string) =>
    tell(
      [target(wish)],
      applied(2, wish, set, pod(set, { phase: 'Pending', containers: [waiting(reason, message)] })),
    );

  test.each([
    [
      'CreateContainerError',
      'failed to generate container "4f" spec: failed to generate spec: no command specified',
      ['container-cannot-run', 2],
    ],
    [
      'RunContainerError',
      'OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/a" to rootfs at "/etc/x": not a directory: unknown',
      ['container-cannot-run', 2],
    ],
    [
      'RunContainerError',
      'unable to start container process: container init was OOM-killed (memory limit too low?): unknown',
      ['out-of-memory', 2],
    ],
    ['CreateContainerError', 'context deadline exceeded', ['container-cannot-run', 32]],
    [
      'CreateContainerError',
      'failed to reserve container name "api_0": name "api_0" is reserved for "4f"',
      ['container-cannot-run', 32],
    ],
  ])('%s: %s', (reason, message, expected) => {
    const ending = stuck(reason, message);
    expect([outcome(ending), ending.at]).toEqual(expected);
    expect(said(ending)).toContain(message.slice(0, 40));
  });

  test('a StartError that the node may outlive counts like any other end, with its words', () => {
    const words = 'runc did not terminate successfully: resource temporarily unavailable';
    const end = (at: number, restarts: number) =>
      pod(set, {
        containers: [
          {
            name: 'api',
            ready: false,
            restartCount: restarts,
            state: { terminated: termination(at, 128, 'StartError', words) },
          },
        ],
      });
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, end(1, 0)), ...applied(2, end(2, 1)), ...applied(13, end(13, 2))],
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 13]);
    expect(said(ending)).toContain(words);
  });
});

const probed = (spec: object) => deployment({ updated: 1, template: template('2', { spec: { ...spec } }) });

describe('containers that run and get no further: probes, init containers, readiness', () => {
  test('a startup probe that cannot be asked kills nothing: broken after its window, by the answer', () => {
    const own = probed({ startupProbe: { httpGet: { port: 'admin' }, periodSeconds: 1 } });
    const its = replicaSet(own, 'new');
    const unstarted = pod(its, { containers: [running(2, 0, { ready: false, started: false })] });
    const errored = event(
      unstarted,
      'Unhealthy',
      'Startup probe errored and resulted in unknown state: couldn’t find port: admin',
      3,
      { container: 'api' },
    );
    const ending = tell([target(own)], applied(2, own, its, unstarted, errored));
    expect([outcome(ending), ending.at]).toEqual(['startup-probe-failing', 63]);
    expect(said(ending)).toContain('admin');
  });

  test('an init container that waits for ever explains the timeout', () => {
    const initContainers = [{ name: 'wait-for-search', image: 'sh' }];
    const waits = pod(set, {
      phase: 'Pending',
      spec: { initContainers },
      initContainers: [
        { name: 'wait-for-search', restartCount: 0, state: { running: { startedAt: time(2) } } },
      ],
      containers: [waiting('PodInitializing')],
    });
    const ending = tell([target(wish)], applied(2, wish, set, waits));
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
    expect(said(ending)).toContain('wait-for-search');
  });

  test('readiness that comes and goes: broken after the allowance of its probe, however often it was ready', () => {
    const readinessProbe = { exec: { command: ['x'] }, periodSeconds: 1, failureThreshold: 1 };
    const own = probed({ readinessProbe });
    const its = replicaSet(own, 'new');
    const flapping = Array.from({ length: 40 }, (_, index) => {
      const [at, ready] = [2 + 4 * index, index % 2 === 0];
      return applied(at, pod(its, { ready: ready ? at : false, containers: [running(1, 0, { ready })] }), {
        ...own,
        status: { ...(own['status'] as object), availableReplicas: ready ? 1 : 0 },
      });
    }).flat();
    const ending = tell([target(own)], [...applied(1, own, its), ...flapping]);
    expect(outcome(ending)).toBe('readiness-probe-failing');
    // The first lapse is at 6 s, and 61 s are its allowance.
    expect(ending.at).toBeGreaterThanOrEqual(67);
    expect(ending.at).toBeLessThan(72);
    expect(said(ending)).toContain('not ready again');
  });

  test('readiness that comes and goes in two pods by turns: one of them is always ready', () => {
    const readinessProbe = { exec: { command: ['x'] }, periodSeconds: 1, failureThreshold: 1 };
    const own = deployment({
      replicas: 2,
      updated: 2,
      template: template('2', { spec: { readinessProbe } }),
    });
    const its = replicaSet(own, 'new', { replicas: 2 });
    const one = { ...own, status: { ...(own['status'] as object), availableReplicas: 1 } };
    const flapping = Array.from({ length: 40 }, (_, index) => {
      const at = 2 + 4 * index;
      const pods = ['a', 'b'].map((name, place) => {
        const ready = index % 2 === place;
        return pod(its, { name, ready: ready ? at : false, containers: [running(1, 0, { ready })] });
      });
      return applied(at, ...pods, one);
    }).flat();
    const ending = tell([target(own)], [...applied(1, own, its), ...flapping]);
    expect(outcome(ending)).toBe('readiness-probe-failing');
    expect(ending.at).toBeLessThan(72);
  });
});

describe('containers that run and get no further: restart policies and hooks of their own', () => {
  test('a container with a restartPolicy of its own that stays ended: at once', () => {
    const own = probed({ restartPolicy: 'Never' });
    const its = replicaSet(own, 'new');
    const left = pod(its, {
      containers: [{ name: 'api', ready: false, restartCount: 0, state: { terminated: termination(2, 3) } }],
    });
    const ending = tell([target(own)], applied(2, own, its, left));
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 2]);
  });

  test('a postStart hook that fails is named', () => {
    const end = (at: number, restarts: number) =>
      pod(set, {
        containers: [
          { name: 'api', ready: false, restartCount: restarts, state: { terminated: termination(at, 137) } },
        ],
      });
    const hook = event(end(1, 0), 'FailedPostStartHook', 'PostStartHook failed', 1, { container: 'api' });
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, end(1, 0), hook), ...applied(2, end(2, 1)), ...applied(13, end(13, 2))],
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 13]);
    expect(said(ending)).toContain('postStart');
  });
});

test('a registry that answered 503 and then 404: at the event, though the status still tells of the 503', () => {
  const busy = 'Back-off pulling image "x": ErrImagePull: unexpected status: 503 Service Unavailable';
  const missing = 'Failed to pull image "registry.test/shop/api:2": code = NotFound desc = not found';
  const held = pod(set, { phase: 'Pending', containers: [waiting('ImagePullBackOff', busy)] });
  const failed = event(held, 'Failed', missing, 15, { container: 'api' });
  const ending = tell([target(wish)], [...applied(2, wish, set, held), ...applied(15, failed)]);
  expect([outcome(ending), ending.at]).toEqual(['image-not-found', 15]);
});

test('the budget of a registry counts from its first event, not from the status that follows a second later', () => {
  const text = 'Failed to pull image "registry.test/shop/api:2": unexpected status: 503 Service Unavailable';
  const failed = event(creating(), 'Failed', text, 2, { container: 'api' });
  const held = pod(set, { phase: 'Pending', containers: [waiting('ErrImagePull', text)] });
  const ending = tell([target(wish)], [...applied(2, wish, set, creating(), failed), ...applied(4, held)]);
  expect([outcome(ending), ending.at]).toEqual(['image-pull-failing', 62]);
});
