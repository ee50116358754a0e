import { describe, expect, test } from 'vitest';
import { judgeContext } from '../../../../src/domain/checks/context.ts';
import { judgeHealth, servesMeanwhile } from '../../../../src/domain/checks/health.ts';
import { judgeAppName, judgeHistory } from '../../../../src/domain/checks/history.ts';
import { judgeNamespace } from '../../../../src/domain/checks/namespace.ts';
import type { ReleaseHead, ReleaseStatus } from '../../../../src/domain/release/record.ts';
import { worstLevel } from '../../../../src/domain/settings/levels.ts';
import { type Environment, profiles } from '../../../../src/domain/settings/profile.ts';

const levels = (findings: readonly { level: 'pass' | 'warn' | 'fail' }[]) =>
  worstLevel(findings.map(({ level }) => level));

describe('history', () => {
  const heads = (...statuses: readonly ReleaseStatus[]): readonly ReleaseHead[] =>
    statuses.map((status, index) => ({
      version: 1,
      app: 'shop',
      number: statuses.length - index,
      status,
      overlay: 'k8s/overlays/staging',
      run: { holder: 'h' },
      phase: 'rollout',
      jobInSteps: false,
      startedAt: '',
      planDigest: '',
      body: { chunks: 1, sha256: '' },
    }));
  test.each<[readonly ReleaseStatus[], string, string, string]>([
    [[], 'pass', 'pass', 'ok'],
    [['deployed'], 'pass', 'pass', 'ok'],
    [['pending', 'deployed'], 'pass', 'warn', 'history-interrupted'],
    [['failed', 'deployed'], 'pass', 'warn', 'history-interrupted'],
    [['restore-unverified', 'deployed'], 'pass', 'warn', 'history-interrupted'],
    [['rolled-back', 'deployed'], 'pass', 'pass', 'ok'],
    [['deployed', 'failed', 'deployed', 'rolled-back'], 'pass', 'fail', 'history-unstable'],
    [['failed', 'abandoned'], 'pass', 'fail', 'history-unstable'],
    [['deployed', 'failed', 'deployed', 'deployed', 'deployed', 'failed'], 'pass', 'pass', 'ok'],
  ])('%j: staging %s, production %s', (statuses, staging, production, reason) => {
    const judge = (environment: Environment, allowed = false) =>
      judgeHistory(heads(...statuses), 'shop', profiles[environment], allowed);
    expect(levels(judge('staging'))).toBe(staging);
    expect(judge('production')[0]).toMatchObject({ level: production, reason });
    expect(levels(judge('production', true))).not.toBe('fail');
  });

  test.each([
    ['k8s/overlays/staging', []],
    ['./k8s/overlays/staging/', []],
    ['k8s//overlays/staging', []],
    ['/k8s/overlays/staging', ['app-name-conflict']],
    ['k8s/overlays/other', ['app-name-conflict']],
  ])('releases of k8s/overlays/staging beside overlay %s: %j', (overlay, reasons) => {
    expect(judgeAppName(heads('deployed'), overlay).map(({ reason }) => reason)).toEqual(reasons);
    expect(judgeAppName([], overlay)).toEqual([]);
  });
});

describe('context', () => {
  const knownClusters = [{ name: 'eu', uid: 'u-prod', environment: 'production' }];
  test.each<[string, object, string, string]>([
    ['production by UID', { clusterUid: 'u-prod', namespaceLabel: 'staging' }, 'fail', 'pass'],
    ['production by label', { namespaceLabel: 'production' }, 'fail', 'pass'],
    ['production by name', { contextName: 'eu-prod-1' }, 'warn', 'pass'],
    ['staging by label', { namespaceLabel: 'staging', contextName: 'prod' }, 'pass', 'fail'],
    ['another environment', { namespaceLabel: 'qa' }, 'warn', 'fail'],
    ['nothing known', { contextName: 'kind' }, 'pass', 'warn'],
    ['no permission for the UID', { clusterUid: undefined }, 'pass', 'warn'],
    ['pre-production', { contextName: 'pre-prod' }, 'pass', 'warn'],
    ['nonprod', { contextName: 'nonprod-1' }, 'pass', 'warn'],
    ['non-production', { contextName: 'gke_non-production_eu' }, 'pass', 'warn'],
    ['alive is not live', { contextName: 'alive' }, 'pass', 'warn'],
    ['live is', { contextName: 'shop_live' }, 'warn', 'pass'],
  ])('%s: staging %s, production %s', (_, facts, staging, production) => {
    const judge = (environment: Environment) => {
      const all = { environment, contextName: 'kind', knownClusters, ...facts };
      return levels(judgeContext(all, profiles[environment]));
    };
    expect([judge('staging'), judge('production')]).toEqual([staging, production]);
  });
});

test.each<[string, string, object, boolean]>([
  ['an autoscaler asks for more', 'Deployment', { replicas: 5, availableReplicas: 2 }, true],
  ['nothing of it is up', 'Deployment', { replicas: 2 }, false],
  ['one of three', 'StatefulSet', { readyReplicas: 1 }, true],
  ['a node is away', 'DaemonSet', { numberReady: 49 }, true],
  ['at work', 'Job', { active: 1 }, true],
])('%s: it serves meanwhile, or does not', (_, kind, status, serves) => {
  const live = {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: 'web' },
    status,
  };
  expect(servesMeanwhile(live)).toBe(serves);
  const { metadata: _metadata, ...reference } = { ...live, name: 'web' };
  const workload = { reference, healthy: false, serves, changes: false, message: 'on its way' };
  expect(levels(judgeHealth([workload], profiles.production, false))).toBe(serves ? 'warn' : 'fail');
});

describe('health of what runs', () => {
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
  test.each<[string, boolean, boolean, boolean, string, string]>([
    ['well', true, false, false, 'pass', 'pass'],
    ['unwell', false, false, false, 'warn', 'fail'],
    ['unwell, and changed by this release', false, true, false, 'warn', 'warn'],
    ['unwell, and allowed', false, false, true, 'warn', 'warn'],
  ])('%s', (_, healthy, changes, allowed, staging, production) => {
    const workloads = [{ reference, healthy, message: '1 of 2 pods are ready', changes }];
    expect(levels(judgeHealth(workloads, profiles.staging, allowed))).toBe(staging);
    expect(levels(judgeHealth(workloads, profiles.production, allowed))).toBe(production);
  });
});

test.each([
  [undefined, 'pass', 'fail'],
  [{}, 'pass', 'pass'],
  [{ deletionTimestamp: '2026-01-01T00:00:00Z' }, 'fail', 'fail'],
])('namespace %j: staging %s, production %s', (metadata, staging, production) => {
  const live = metadata && { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', ...metadata } };
  expect(levels(judgeNamespace('shop', live, profiles.staging))).toBe(staging);
  expect(levels(judgeNamespace('shop', live, profiles.production))).toBe(production);
});
