import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/failure/fault.ts';
import { profiles } from '../../../src/domain/settings/profile.ts';
import type { Settings } from '../../../src/domain/settings/settings.ts';
import { claimedWebhook, type InputProblem, parseInputs } from '../../../src/inputs/parse-inputs.ts';
import { type InputEntry, inputs, inputsOf } from '../../../src/inputs/registry.ts';

/** As the runner does it: upper case, blanks to underscores, dashes kept. */
function variables(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  );
}

function parse(
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Settings {
  return parseInputs({ env: { ...env, ...variables(given) }, action: 'deploy-staging' });
}

function fault(given: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Fault {
  try {
    parse(given, env);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseInputs: defaults and profiles', () => {
  it('gives the defaults of staging without inputs, and for empty ones', () => {
    const expected: Settings = {
      action: 'deploy-staging',
      environment: 'staging',
      profile: profiles.staging,
      overlay: 'k8s/overlays/staging',
      timeout: 300_000,
      healthRetries: 10,
      healthInterval: 5000,
      progressInterval: 10_000,
      settle: 10_000,
      monitor: 0,
      errorWindow: 300_000,
      maxErrors: 10,
      maxRestarts: 3,
      readinessGateTimeout: 300_000,
      minNodes: 1,
      rollback: 'manual',
      adopt: ['kubectl-client-side-apply'],
      allowUnhealthy: false,
      allowInsufficientResources: false,
      allowUnstableHistory: false,
      allowPaused: false,
      allowRemoteBases: false,
      dryRun: false,
      skipTests: false,
      skipApproval: false,
      comprehensive: false,
      maxLatency: 1000,
      services: [],
      smokeImage: 'ghcr.io/orion/probe:1.0.0-alpha.1',
    };
    expect(parse({})).toStrictEqual(expected);
    const empty = Object.fromEntries(inputsOf('deploy-staging').map((entry) => [entry.name, '']));
    expect(parse(empty)).toStrictEqual(expected);
  });

  it('goes by the profile of its action, and takes no input of another', () => {
    const production = (given: Readonly<Record<string, string>>): Settings =>
      parseInputs({ env: variables(given), action: 'deploy-production' });
    expect(production({ 'skip-approval': 'true', 'github-environment': 'live' })).toMatchObject({
      action: 'deploy-production',
      environment: 'production',
      profile: profiles.production,
      overlay: 'k8s/overlays/production',
      timeout: 600_000,
      monitor: 60_000,
      minNodes: 3,
      rollback: 'automatic',
      skipApproval: true,
      githubEnvironment: 'live',
    });
    expect(() => production({ 'skip-tests': 'true' })).toThrow('"skip-tests" is not one of this action\'s');
    expect(fault({ 'skip-approval': 'true' })).toMatchObject({
      reason: 'unknown-input',
      remedy: 'Remove "skip-approval"; it belongs to deploy-production, phase.',
    });
  });
});

describe('parseInputs: every input', () => {
  it('reads every input', () => {
    const settings = parse({
      overlay: './deploy//test/',
      namespace: 'shop',
      app: 'orion',
      kubeconfig: 'apiVersion: v1\nkind: Config\n',
      context: 'admin@shop',
      config: 'ci/orion.yaml',
      timeout: '90s',
      'health-retries': '3',
      'health-interval': '300ms',
      'progress-interval': '1s',
      settle: '0s',
      'max-restarts': '5',
      'readiness-gate-timeout': '90s',
      'allow-insufficient-resources': 'true',
      'min-nodes': '2',
      rollback: 'never',
      adopt: 'kubectl-edit, helm\n argocd ,,helm',
      'allow-unhealthy': 'true',
      'allow-unstable-history': 'True',
      'allow-paused': 'TRUE',
      'allow-remote-bases': 'false',
      'dry-run': 'true',
      'skip-tests': 'FALSE',
      'expect-plan': `sha256:${'0a'.repeat(32)}`,
      'github-token': 'ghs_x',
      'check-run-id': '123',
    });
    expect(settings).toMatchObject({
      overlay: 'deploy/test',
      namespace: 'shop',
      app: 'orion',
      kubeconfig: 'apiVersion: v1\nkind: Config',
      context: 'admin@shop',
      config: 'ci/orion.yaml',
      timeout: 90_000,
      healthRetries: 3,
      healthInterval: 300,
      progressInterval: 1000,
      settle: 0,
      maxRestarts: 5,
      readinessGateTimeout: 90_000,
      allowInsufficientResources: true,
      minNodes: 2,
      rollback: 'never',
      adopt: ['kubectl-edit', 'helm', 'argocd'],
      allowUnhealthy: true,
      allowUnstableHistory: true,
      allowPaused: true,
      allowRemoteBases: false,
      dryRun: true,
      skipTests: false,
      expectPlan: `sha256:${'0a'.repeat(32)}`,
      githubToken: 'ghs_x',
      checkRunId: '123',
    });
  });
});

describe('parseInputs: inputs that are refused', () => {
  it.each([
    [
      'timeout',
      '5',
      'Input timeout ("5") is not a duration.',
      'For timeout, write a whole number and a unit: 300ms, 5s or 10m.',
    ],
    [
      'timeout',
      '0s',
      'Input timeout ("0s") is too short.',
      'For timeout, write a duration above zero, such as 5s.',
    ],
    [
      'timeout',
      '361m',
      'Input timeout ("361m") is longer than a job can run.',
      'For timeout, write 360m or less.',
    ],
    ['dry-run', 'yes', 'Input dry-run ("yes") is not a boolean.', 'For dry-run, write true or false.'],
    [
      'health-retries',
      '0',
      'Input health-retries ("0") is not a whole number from 1 to 1000.',
      'For health-retries, write a whole number from 1 to 1000.',
    ],
    [
      'min-nodes',
      '1e1',
      'Input min-nodes ("1e1") is not a whole number from 0 to 10000.',
      'For min-nodes, write a whole number from 0 to 10000.',
    ],
    [
      'rollback',
      'maybe',
      'Input rollback ("maybe") is not one of the choices.',
      'For rollback, write manual, automatic or never.',
    ],
    [
      'namespace',
      'Shop',
      'Input namespace ("Shop") is not a DNS label.',
      'For namespace, write 1 to 63 lower-case letters, digits and dashes that begin and end with a letter or digit.',
    ],
    [
      'overlay',
      '../other',
      'Input overlay ("../other") is outside the workspace.',
      'For overlay, write a path that stays inside it.',
    ],
    [
      'expect-plan',
      'latest',
      'Input expect-plan ("latest") is not a plan digest.',
      'For expect-plan, pass the output plan-digest of the preview as it is.',
    ],
    [
      'settle',
      '5m',
      'Input settle ("5m") is not shorter than timeout, so no rollout could finish.',
      'For settle, make settle shorter or timeout longer.',
    ],
  ])('%s: %s is refused with cause and remedy', (name, value, cause, remedy) => {
    const { reason, message, remedy: given } = fault({ [name]: value });
    expect({ reason, message, remedy: given }).toStrictEqual({ reason: 'bad-input', message: cause, remedy });
  });

  it('names the nearest input for a misspelt one', () => {
    expect(fault({ timout: '5m' })).toMatchObject({
      reason: 'unknown-input',
      message: 'Input "timout" is not one of this action\'s.',
      remedy: 'Did you mean timeout?',
    });
    expect(fault({ dry_run: 'true' }).remedy).toBe('Did you mean dry-run?');
    expect(fault({ 'quite-other': 'x' }).remedy).toContain('use one of overlay, namespace, app,');
  });
});

describe('parseInputs: webhooks and automatic rollback', () => {
  it.each(['https://hooks.slack.com/services/T0/B0/x', 'http://127.0.0.1:8080/x', 'http://[::1]/x'])(
    'takes the webhook %s',
    (url) => {
      expect(() => parse({ 'slack-webhook': url })).not.toThrow();
      expect(claimedWebhook({ 'INPUT_SLACK-WEBHOOK': ` ${url}\n` })).toBe(url);
    },
  );

  it.each(['hooks.slack.com/x', 'http://hooks.slack.com/x', 'file:///x', 'javascript:x'])(
    'takes no webhook %s, and does not repeat it',
    (url) => {
      const { reason, message, remedy } = fault({ 'slack-webhook': url });
      expect({ reason, message }).toEqual({
        reason: 'bad-input',
        message: 'Input slack-webhook is not an https URL.',
      });
      expect(remedy).not.toContain(url);
      expect(claimedWebhook({ 'INPUT_SLACK-WEBHOOK': url })).toBeUndefined();
    },
  );

  it('takes automatic rollback', () => {
    expect(parse({ rollback: 'automatic' }).rollback).toBe('automatic');
  });
});

describe('parseInputs: problems, and paths out of the workspace', () => {
  it('reports every problem at once, a line of cause and of remedy each', () => {
    const result = fault({
      timeout: '5s',
      settle: '6s',
      tiemout: '1',
      'dry-run': 'on',
      rollback: 'sometimes',
      app: '-',
    });
    const problems = result.cause as InputProblem[];
    expect(problems.map((problem) => problem.input).toSorted()).toStrictEqual([
      'app',
      'dry-run',
      'rollback',
      'settle',
      'tiemout',
    ]);
    expect(result.reason).toBe('bad-input');
    expect(result.message.split('\n')).toStrictEqual(problems.map((problem) => problem.cause));
    expect(result.remedy.split('\n')).toStrictEqual(problems.map((problem) => problem.remedy));
  });

  it.each(['../x', '/etc', 'a/../../x', '..', '/home/space-other/x', 'a\0b', 'a\nb'])(
    'keeps %j out of the workspace',
    (path) => {
      for (const name of ['overlay', 'config']) {
        expect(fault({ [name]: path }, { GITHUB_WORKSPACE: '/home/space' }).reason).toBe('bad-input');
      }
    },
  );

  it.each([
    ['/home/space/k8s/test', 'k8s/test'],
    ['/home/space', '.'],
    ['.', '.'],
    ['a/./b/../c', 'a/c'],
    ['..a/b', '..a/b'],
  ])('takes %s as %s', (path, expected) => {
    expect(parse({ overlay: path }, { GITHUB_WORKSPACE: '/home/space' }).overlay).toBe(expected);
  });

  it('never repeats a secret value, and repeats others defused and shortened', () => {
    const secret = 'hunter2-canary';
    const secrets = inputs.filter((entry: InputEntry) => entry.secret === true).map((entry) => entry.name);
    expect(secrets).toStrictEqual(['kubeconfig', 'slack-webhook', 'github-token', 'record-key']);
    const given = Object.fromEntries(secrets.map((name) => [name, secret]));
    const { message, remedy, cause } = fault({ ...given, timeout: `\u001b[31m::error::${'x'.repeat(100)}` });
    expect(`${message}${remedy}${JSON.stringify(cause)}`).not.toContain(secret);
    expect(message).not.toContain('\u001b');
    expect(message).toContain('"�[31m::error::');
    expect(message.length).toBeLessThan(250);
  });
});

describe('parseInputs: other variables, booleans and faults', () => {
  it('leaves variables of others alone', () => {
    expect(parse({}, { PATH: '/bin', input_timeout: '7s', INPUTS: 'x' }).timeout).toBe(300_000);
  });

  it('accepts exactly the booleans of YAML 1.2 core', () => {
    const valid = ['true', 'True', 'TRUE', 'false', 'False', 'FALSE'];
    for (const text of valid) expect(parse({ 'dry-run': text }).dryRun).toBe(text.toLowerCase() === 'true');
    const near = fc.oneof(
      fc.constantFrom('yes', 'no', 'on', 'off', 'y', 'n', '1', '0', 'tRUE', 'truee', "'true'", 'null', '~'),
      fc.string({ minLength: 1 }),
    );
    fc.assert(
      fc.property(near, (text) => {
        fc.pre(text.trim() !== '' && !valid.includes(text.trim()));
        expect(fault({ 'dry-run': text }).reason).toBe('bad-input');
      }),
    );
  });

  it('never throws anything but a Fault', () => {
    const name = fc.oneof(fc.constantFrom(...inputs.map((entry) => entry.name)), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (given) => {
        try {
          parse(given);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
    );
  });
});
