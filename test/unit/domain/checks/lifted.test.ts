/** Refusals of pods by what the release itself changes. */
import { describe, expect, test } from 'vitest';
import { liftedBy, missesOther, widensQuota } from '../../../../src/domain/checks/lifted.ts';
import { judgeOverlay } from '../../../../src/domain/checks/overlay.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { referenceOf } from '../../../../src/domain/kubernetes/objects.ts';

const change = (
  apiVersion: string,
  kind: string,
  { replicas, before, namespace = 'shop' }: { replicas?: number; before?: number; namespace?: string } = {},
) => {
  const object = (count: number | undefined): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name: 'team', ...(kind === 'Namespace' ? { name: 'shop' } : { namespace }) },
    spec: count === undefined ? {} : { replicas: count },
  });
  const desired = object(replicas);
  return {
    reference: referenceOf(desired),
    desired,
    action: 'configured' as const,
    ...(before === undefined ? {} : { live: object(before) }),
  };
};
const refused = (message: string) => ({
  status: 403,
  reason: 'Forbidden',
  message: `pods "x" is forbidden: ${message}`,
});
const exceeded = refused('exceeded quota: team, requested: pods=1, used: pods=7, limited: pods=7');
const unlimited = refused('failed quota: team: must specify limits.cpu for: main');
const quota = change('v1', 'ResourceQuota');
const smaller = change('apps/v1', 'Deployment', { replicas: 2, before: 5 });

describe('a refusal that the release lifts', () => {
  test.each([
    ['a quota that is used up is raised', exceeded, [quota], 'ResourceQuota team'],
    ['another workload is scaled down', exceeded, [smaller], 'Deployment team'],
    ['a LimitRange comes with it', unlimited, [change('v1', 'LimitRange')], 'LimitRange team'],
    [
      'the namespace asks for less',
      refused('violates PodSecurity "restricted:latest": runAsNonRoot != true'),
      [change('v1', 'Namespace')],
      'Namespace shop',
    ],
    [
      'a quota of another namespace',
      exceeded,
      [change('v1', 'ResourceQuota', { namespace: 'bank' })],
      undefined,
    ],
    ['a quota that stays as it is', exceeded, [{ ...quota, action: 'unchanged' as const }], undefined],
    ['fewer pods do not set limits', unlimited, [smaller], undefined],
    ['more pods', exceeded, [change('apps/v1', 'Deployment', { replicas: 5, before: 2 })], undefined],
  ])('%s', (_, refusal, changes, expected) => {
    expect(liftedBy(refusal, 'shop', changes)).toBe(expected);
  });

  test('the rollout decides: a warning that names it', () => {
    const { reference, desired } = change('apps/v1', 'Deployment', { replicas: 5 });
    const validation = { reference, rendered: desired, othersConflicts: [], deferred: false, warnings: [] };
    const findings = judgeOverlay({
      validations: [{ ...validation, podRefusal: exceeded, podRefusalLiftedBy: 'ResourceQuota team' }],
      reach: { namespace: 'shop', namespaces: [], clusterKinds: [] } as never,
      allowPaused: false,
      locate: () => ({ file: 'web.yaml', line: 1 }),
    });
    expect(findings.at(-1)).toMatchObject({ level: 'warn', reason: 'object-not-checked' });
    expect(findings.at(-1)?.message).toContain('changes ResourceQuota team as well');
  });

  test('a webhook that looks for another object of the release', () => {
    const web = change('apps/v1', 'Deployment');
    const scaler = change('keda.sh/v1alpha1', 'ScaledObject');
    const said = (message: string) => ({ status: 403, reason: 'Forbidden', message });
    const missing = said(
      'admission webhook "vscaledobject.kb.io" denied the request: Deployment.apps "team" not found',
    );
    expect(missesOther(missing, scaler.reference, [scaler, web])).toBe('Deployment team');
    expect(missesOther(missing, scaler.reference, [scaler, { ...web, live: web.desired }])).toBeUndefined();
    expect(
      missesOther(said('admission webhook "x" denied the request: no'), scaler.reference, [web]),
    ).toBeUndefined();
  });

  test('a list that names a key twice says what to do', () => {
    const { reference, desired } = change('apps/v1', 'Deployment');
    const message =
      'failed to create typed patch object (shop/team; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]';
    const refusal = { status: 500, reason: '', message };
    const [finding] = judgeOverlay({
      validations: [
        { reference, rendered: desired, refusal, othersConflicts: [], deferred: false, warnings: [] },
      ],
      reach: { namespace: 'shop', namespaces: [], clusterKinds: [] } as never,
      allowPaused: false,
      locate: () => ({ file: 'web.yaml', line: 1 }),
    });
    expect(finding).toMatchObject({ level: 'fail', remedy: expect.stringContaining('keep one name for it') });
  });

  test('the quota may be wider in a moment', () => {
    expect([[quota], [smaller], []].map(widensQuota)).toEqual([true, true, false]);
  });
});
