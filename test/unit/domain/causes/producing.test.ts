/** Pods that wait for a Secret or ConfigMap that somebody is to make, and what of that ends a release (ADR 0016). */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import type { Expectation } from '../../../../src/domain/producers/expectations.ts';
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
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

const env = [{ name: 'X', valueFrom: { secretKeyRef: { name: 'tokens', key: 'TOKEN' } } }];
const wish = deployment({
  updated: 1,
  template: {
    ...template('2', { spec: { env } }),
  },
});
const set = replicaSet(wish, 'new');
const done = deployment({ ...{ updated: 1, available: 1 }, template: template('2', { spec: { env } }) });
const held = pod(set, {
  phase: 'Pending',
  containers: [waiting('CreateContainerConfigError', 'secret "tokens" not found')],
});
const up = pod(set, { ready: 40, containers: [running(40)] });

const secretOf = (conditions: readonly object[], generation = 1): KubernetesObject => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: { name: 'shop-db', namespace, uid: 'es', generation },
  spec: { target: { name: 'tokens' } },
  ...(conditions.length === 0 ? {} : { status: { conditions } }),
});
const ready = (status: string, reason: string, message: string, at: number) => ({
  type: 'Ready',
  status,
  reason,
  message,
  lastTransitionTime: time(at),
});
const failing = secretOf([ready('False', 'SecretSyncedError', 'could not get secret data from provider', 3)]);
const synced = secretOf([ready('True', 'SecretSynced', 'secret synced', 39)]);

const expectation: Expectation = {
  kind: 'Secret',
  name: 'tokens',
  namespace,
  keys: ['TOKEN'],
  by: 'ExternalSecret shop-db',
  producer: { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', namespace, name: 'shop-db' },
  certainty: 'sure',
  early: true,
};
const expecting = (...expectations: Expectation[]) => ({ ...limits, timeout: 120_000, expectations });
const said = (ending: ReturnType<typeof tell>) =>
  ending.verdict.state === 'failed' ? ending.verdict.failures.map(({ message }) => message).join(' | ') : '';

describe('a container that cannot be created without it', () => {
  test('waits until it is made', () => {
    const ending = tell(
      [target(wish), target(synced)],
      [...applied(2, wish, set, held, failing), ...applied(39, synced), ...applied(40, done, up)],
      expecting(expectation),
    );
    expect(outcome(ending)).toBe('passed');
  });

  test('waits as long as the rollout, and then names who was to make it', () => {
    const silent = secretOf([]);
    const ending = tell(
      [target(wish), target(silent)],
      applied(2, wish, set, held, silent),
      expecting(expectation),
    );
    expect([outcome(ending), ending.at]).toEqual(['container-config-error', 120]);
    expect(said(ending)).toContain(
      'Secret tokens does not exist, and ExternalSecret shop-db has not created it within 2 min.',
    );
  });

  test('nobody is to make it: at once', () => {
    const other = { ...expectation, name: 'others' };
    const elsewhere = { ...expectation, namespace: 'elsewhere' };
    for (const given of [[], [other], [elsewhere]]) {
      const ending = tell([target(wish)], applied(2, wish, set, held), expecting(...given));
      expect([outcome(ending), ending.at]).toEqual(['container-config-error', 2]);
    }
  });

  test('nobody could see whether somebody is to make it: the allowance of what controllers make', () => {
    const { producer: _, ...rest } = expectation;
    const unseen: Expectation = { ...rest, by: 'ExternalSecret.external-secrets.io', certainty: 'unseen' };
    const ending = tell([target(wish)], applied(2, wish, set, held), expecting(unseen));
    expect([outcome(ending), ending.at]).toEqual(['container-config-error', 32]);
  });
});

describe('a producer that reports an error', () => {
  test('is the cause, with its own words, after a minute of it', () => {
    const ending = tell(
      [target(wish), target(failing)],
      applied(5, wish, set, held, failing),
      expecting(expectation),
    );
    expect([outcome(ending), ending.at]).toEqual(['object-failed', 65]);
    expect(said(ending)).toContain(
      'ExternalSecret shop-db: could not get secret data from provider (SecretSyncedError); Secret tokens, which pods need, is not created.',
    );
  });

  test('that it reports another time begins anew', () => {
    const again = secretOf([ready('False', 'SecretSyncedError', 'no answer', 50)]);
    const ending = tell(
      [target(wish), target(failing)],
      [...applied(5, wish, set, held, failing), ...applied(50, again)],
      expecting(expectation),
    );
    expect(ending.at).toBe(110);
  });

  test('that only says that it works has as long as the rollout', () => {
    const working = secretOf([ready('Unknown', 'Syncing', 'asks its provider', 3)]);
    const ending = tell(
      [target(wish), target(working)],
      applied(5, wish, set, held, working),
      expecting(expectation),
    );
    expect(ending.at).toBe(120);
  });

  test('and makes nothing that pods need is a custom resource like any other', () => {
    const ending = tell([target(failing)], applied(5, failing), expecting());
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 120]);
  });
});

describe('a volume from it', () => {
  const volumes = [
    { name: 'trust', configMap: { name: 'trusted-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  ];
  const base = template('2');
  const mounting = deployment({
    updated: 1,
    template: { ...base, spec: { ...(base['spec'] as object), volumes } },
  });
  const mountingSet = replicaSet(mounting, 'new');
  const creating = pod(mountingSet, {
    phase: 'Pending',
    containers: [waiting('ContainerCreating')],
    conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: time(0) }],
  });
  const trusted: Expectation = {
    kind: 'ConfigMap',
    name: 'trusted-ca',
    namespace,
    keys: ['ca.crt'],
    by: "OpenShift's network operator",
    certainty: 'sure',
    early: true,
  };

  test.each([
    ['MountVolume.SetUp failed for volume "trust" : configmap "trusted-ca" not found'],
    ['MountVolume.SetUp failed for volume "trust" : configmap references non-existent config key: ca.crt'],
  ])('%s', (text) => {
    const failed = event(creating, 'FailedMount', text, 3);
    const story = applied(3, mounting, mountingSet, creating, failed);
    const alone = tell([target(mounting)], story, expecting());
    expect([outcome(alone), alone.at]).toEqual(['volume-pending', 33]);
    const awaited = tell([target(mounting)], story, expecting(trusted));
    expect([outcome(awaited), awaited.at]).toEqual(['volume-pending', 120]);
    expect(said(awaited)).toContain("and OpenShift's network operator has not created it within 2 min");
  });

  test('a volume of something else keeps its allowance', () => {
    const failed = event(
      creating,
      'FailedMount',
      'MountVolume.SetUp failed for volume "trust" : mount failed: exit 32',
      3,
    );
    const ending = tell(
      [target(mounting)],
      applied(3, mounting, mountingSet, creating, failed),
      expecting(trusted),
    );
    expect(ending.at).toBe(33);
  });
});

describe('an image that a pull secret from it opens', () => {
  const base = template('2');
  const closed = deployment({
    updated: 1,
    template: { ...base, spec: { ...(base['spec'] as object), imagePullSecrets: [{ name: 'tokens' }] } },
  });
  const closedSet = replicaSet(closed, 'new');
  const refusal = 'Failed to pull image "registry.test/shop/api:2": 401 Unauthorized';
  const refused = pod(closedSet, { phase: 'Pending', containers: [waiting('ErrImagePull', refusal)] });
  const lacks = event(
    refused,
    'FailedToRetrieveImagePullSecret',
    'Unable to retrieve some image pull secrets (tokens); attempting to pull the image may not succeed.',
    3,
  );

  test('is pulled again when it is there', () => {
    const story = applied(3, closed, closedSet, lacks, refused);
    const ending = tell([target(closed)], story, expecting(expectation));
    expect([outcome(ending), ending.at]).toEqual(['image-unauthorized', 120]);
    expect(said(ending)).toContain(
      'its pull secret tokens did not exist, and ExternalSecret shop-db has not created it',
    );
  });

  test('nobody is to make it, or it was there: at once', () => {
    const alone = tell([target(closed)], applied(3, closed, closedSet, lacks, refused), expecting());
    const wrong = tell([target(closed)], applied(3, closed, closedSet, refused), expecting(expectation));
    expect([alone.at, wrong.at]).toEqual([3, 3]);
  });
});
