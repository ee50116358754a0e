/** Ends that the pod asks for itself: restartPolicyRules (KEP 5307), RestartAllContainers (KEP 5532), a resize in place (KEP 1287). */
import { describe, expect, test } from 'vitest';
import {
  applied,
  type ContainerFields,
  deployment,
  ended,
  pod,
  replicaSet,
  running,
  target,
  template,
  termination,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

const rule = (operator: 'In' | 'NotIn', values: readonly number[], action = 'Restart') => ({
  action,
  exitCodes: { operator, values },
});
const ruled = (rules: readonly unknown[], restartPolicy = 'Never') => ({
  spec: { restartPolicy, restartPolicyRules: rules },
});

function shop(...containers: readonly ContainerFields[]) {
  const wish = deployment({ updated: 1, template: template('2', ...containers) });
  const done = deployment({ updated: 1, available: 1, template: template('2', ...containers) });
  return { wish, done, set: replicaSet(wish, 'new') };
}

/** Ends with these codes, one after the other, ten seconds apart, from second 1 on. */
function ends(set: ReturnType<typeof replicaSet>, codes: readonly number[]) {
  return codes.flatMap((code, run) =>
    applied(1 + run * 10, pod(set, { containers: [ended(1 + run * 10, run, code)] })),
  );
}

describe('an exit that a rule asks to restart', () => {
  test.each([
    ['by its code', [rule('In', [42])]],
    ['by every code but some', [rule('NotIn', [1, 2])]],
    ['by the second of its rules', [rule('In', [7]), rule('In', [41, 42])]],
    ['with all other containers', [rule('In', [42], 'RestartAllContainers')]],
  ])('%s: five times is no crash, once it serves', (_, rules) => {
    const { wish, done, set } = shop(ruled(rules));
    const up = pod(set, { ready: 55, containers: [running(55, 5)] });
    const ending = tell(
      [target(wish)],
      [...applied(0.1, wish, set), ...ends(set, [42, 42, 42, 42, 42]), ...applied(55, up, done)],
    );
    expect([outcome(ending), ending.at, ending.verdict.workloads[0]?.restarts]).toEqual(['passed', 65, 5]);
  });

  test('for ever: never green, and time that runs out says why', () => {
    const { wish, done, set } = shop(ruled([rule('In', [42])], 'Always'));
    // Without a probe each start is ready for a moment.
    const changes = Array.from({ length: 36 }, (_, run) => [
      ...applied(
        1 + run * 9,
        pod(set, {
          ready: 1 + run * 9,
          containers: [
            running(
              1 + run * 9,
              run,
              run === 0 ? {} : { lastState: { terminated: termination(run * 9 - 5, 42) } },
            ),
          ],
        }),
        done,
      ),
      ...applied(4 + run * 9, pod(set, { containers: [ended(4 + run * 9, run, 42)] }), wish),
    ]).flat();
    const ending = tell([target(wish)], [...applied(0.1, wish, set), ...changes]);
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
    const [failure] = ending.verdict.state === 'failed' ? ending.verdict.failures : [];
    expect(failure?.message).toContain('its restartPolicyRules have restarted it');
    expect(failure?.message).toContain('exit code 42');
  });

  test.each([
    ['a code that no rule lists', [rule('In', [42])]],
    ['a code that a rule excepts', [rule('NotIn', [3])]],
    ['an action that is not known', [rule('In', [3], 'Hibernate')]],
  ])('%s is a crash', (_, rules) => {
    const { wish, set } = shop(ruled(rules, 'Always'));
    const ending = tell([target(wish)], [...applied(0.1, wish, set), ...ends(set, [3, 3, 3])]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 21]);
  });

  test('between crashes does not hide them', () => {
    const { wish, set } = shop(ruled([rule('In', [42])], 'Always'));
    const ending = tell([target(wish)], [...applied(0.1, wish, set), ...ends(set, [3, 42, 3, 42, 42, 3])]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 51]);
  });

  test('that its policy leaves ended keeps the pod from ever being ready: at once', () => {
    const { wish, set } = shop(ruled([rule('In', [42])], 'Never'), { name: 'other' });
    const statuses = [ended(1, 0, 3), running(1, 0, { name: 'other' })];
    const ending = tell(
      [target(wish)],
      [...applied(0.1, wish, set), ...applied(1, pod(set, { containers: statuses }))],
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 1]);
  });

  test('of a Job’s pod that is never restarted as a whole: the Job is waited for', () => {
    const job = (status: Readonly<Record<string, unknown>>) => ({
      ...deployment(),
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { template: template('1') },
      status,
    });
    const live = job({ active: 1 });
    const spec = { restartPolicy: 'Never', containers: [{ name: 'api', ...ruled([rule('In', [42])]).spec }] };
    const tries = [0, 1, 2, 3].flatMap((run) =>
      applied(1 + run, pod(live, { spec, containers: [ended(1 + run, run, 42)] })),
    );
    const complete = job({ succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] });
    const ending = tell([target(live)], [...applied(0.1, live), ...tries, ...applied(9, complete)]);
    expect([outcome(ending), ending.at]).toEqual(['passed', 9]);
  });
});

const restarting = (status: 'True' | 'False') => [
  { type: 'PodScheduled', status: 'True', lastTransitionTime: time(0) },
  { type: 'Ready', status: 'False', lastTransitionTime: time(0) },
  { type: 'AllContainersRestarting', status },
];

const killed = { lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } };

/** Made anew, with the count of the run to come, and the exit code lost. */
const removed = (run: number, name = 'api') =>
  waiting('RestartingAllContainers', '', { name, restartCount: run + 1, ...killed });

describe('all containers are restarted', () => {
  const containers = [
    { name: 'worker', ...ruled([rule('In', [88], 'RestartAllContainers')]) },
    { name: 'api' },
  ];
  const { wish, done, set } = shop(...containers);
  /** One round as kubelet 1.36.3 writes it: the worker asks for it, both are removed, both run. */
  const round = (at: number, run: number) => [
    ...applied(
      at,
      pod(set, {
        conditions: restarting('True'),
        containers: [ended(at, run, 88, 'Error', { name: 'worker' }), running(at - 1, run)],
      }),
    ),
    ...applied(
      at + 0.5,
      pod(set, { conditions: restarting('False'), containers: [removed(run, 'worker'), removed(run)] }),
    ),
    ...applied(
      at + 1,
      pod(set, {
        conditions: restarting('False'),
        containers: [
          running(at + 1, run + 1, { name: 'worker', ...killed }),
          running(at + 1, run + 1, killed),
        ],
      }),
    ),
  ];

  test('the ends of the others are nobody’s fault', () => {
    const up = pod(set, {
      ready: 50,
      containers: [running(41, 4, { name: 'worker' }), running(41, 4)],
    });
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...[0, 1, 2, 3].flatMap((run) => round(10 + run * 10, run)),
        ...applied(50, up, done),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 60]);
  });

  test('also where the condition was never seen', () => {
    const both = (at: number, run: number) =>
      applied(at, pod(set, { containers: [removed(run, 'worker'), removed(run)] }));
    const up = pod(set, { ready: 50, containers: [running(41, 4, { name: 'worker' }), running(41, 4)] });
    const ending = tell(
      [target(wish)],
      [
        ...applied(0.1, wish, set),
        ...[0, 1, 2, 3].flatMap((run) => both(10 + run * 10, run)),
        ...applied(50, up, done),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 60]);
  });

  test('for ever: time that runs out names the exit code that asks for it, although the kubelet has lost it', () => {
    const first = pod(set, { containers: [running(1, 0, { name: 'worker' }), running(1)] });
    const rounds = Array.from({ length: 30 }, (_, run) => round(2 + run * 10, run)).flat();
    const ending = tell([target(wish)], [...applied(0.1, wish, set), ...applied(1, first), ...rounds]);
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
    const [failure] = ending.verdict.state === 'failed' ? ending.verdict.failures : [];
    expect(failure?.message).toContain('Container worker of Deployment api does not stay up');
    expect(failure?.message).toContain('restarted all containers 30 times, last after exit code 88');
  });

  test('a crash of the other one by itself is one', () => {
    const crash = (at: number, run: number) =>
      applied(
        at,
        pod(set, {
          containers: [running(1, 0, { name: 'worker' }), ended(at, run, 3)],
        }),
      );
    const ending = tell(
      [target(wish)],
      [...applied(0.1, wish, set), ...round(2, 0), ...crash(10, 1), ...crash(20, 2), ...crash(30, 3)],
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 30]);
    const [failure] = ending.verdict.state === 'failed' ? ending.verdict.failures : [];
    expect(failure?.message).toMatch(/^Container api .* 3 times in the same way/);
  });
});

describe('a resize in place that wants a restart', () => {
  const spec = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] };
  const resizing = (container: ContainerFields) => {
    const { wish: live, done, set } = shop(container);
    const conditions = [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status: 'False' },
      { type: 'PodResizeInProgress', status: 'True' },
    ];
    const resizes = [0, 1, 2, 3].flatMap((run) =>
      applied(2 + run, pod(set, { conditions, containers: [ended(2 + run, run, 137)] })),
    );
    const up = pod(set, { ready: 20, containers: [running(20, 4)] });
    return tell([target(live)], [...applied(0.1, live, set), ...resizes, ...applied(20, up, done)]);
  };

  test('is no crash', () => {
    expect(outcome(resizing({ spec }))).toBe('passed');
  });

  test('but one that wants none is no excuse', () => {
    expect(outcome(resizing({}))).toBe('crash-loop');
  });
});
