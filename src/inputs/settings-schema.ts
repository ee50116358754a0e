/** The inputs of every action as one schema, cross-field rules included: texts in, values out. */
import { z } from 'zod';
import { stepNames } from '../domain/settings/phases.ts';
import type { Environment, TestedEnvironment } from '../domain/settings/profile.ts';
import type { InputEntry, InputName } from './registry.ts';
import { inputs } from './registry.ts';
import {
  boolean,
  choice,
  digest,
  dnsLabel,
  duration,
  integer,
  key,
  line,
  list,
  text,
  webhook,
  workspacePath,
} from './values.ts';

/** Schema for one environment's defaults; `workspace` is the absolute path of the checkout, if known. */
export function settingsSchema(
  environment: Environment,
  workspace: string | undefined,
  environments: readonly TestedEnvironment[] = ['staging', 'production', 'local'],
) {
  const otherwise = <Value>(name: InputName, schema: z.ZodType<Value, string>) =>
    schema.prefault(defaultOf(name, environment));
  const path = workspacePath(workspace);
  const positive = duration({ least: 1 });
  const flag = (name: InputName) => otherwise(name, boolean);

  return z
    .strictObject({
      environment: otherwise('environment', choice(environments)),
      phase: choice([...stepNames]).optional(),
      release: line.optional(),
      overlay: otherwise('overlay', path),
      namespace: dnsLabel.optional(),
      app: dnsLabel.optional(),
      kubeconfig: text.optional(),
      context: line.optional(),
      config: path.optional(),
      timeout: otherwise('timeout', positive),
      'health-retries': otherwise('health-retries', integer(1, 1000)),
      'health-interval': otherwise('health-interval', positive),
      'progress-interval': otherwise('progress-interval', positive),
      settle: otherwise('settle', duration({ least: 0 })),
      monitor: otherwise('monitor', duration({ least: 0 })),
      'error-window': otherwise('error-window', positive),
      'max-errors': otherwise('max-errors', integer(0, 1_000_000)),
      'max-restarts': otherwise('max-restarts', integer(1, 100)),
      'readiness-gate-timeout': otherwise('readiness-gate-timeout', duration({ least: 0 })),
      'min-nodes': otherwise('min-nodes', integer(0, 10_000)),
      rollback: otherwise('rollback', choice(['manual', 'automatic', 'never'])),
      adopt: otherwise('adopt', list),
      'allow-unhealthy': flag('allow-unhealthy'),
      'allow-insufficient-resources': flag('allow-insufficient-resources'),
      'allow-unstable-history': flag('allow-unstable-history'),
      'allow-paused': flag('allow-paused'),
      'allow-remote-bases': flag('allow-remote-bases'),
      'dry-run': flag('dry-run'),
      'skip-tests': flag('skip-tests'),
      'skip-approval': flag('skip-approval'),
      'github-environment': line.optional(),
      comprehensive: flag('comprehensive'),
      'max-latency': otherwise('max-latency', positive),
      service: list.optional(),
      'smoke-image': otherwise('smoke-image', line),
      report: path.optional(),
      'expect-plan': digest.optional(),
      'slack-webhook': webhook.optional(),
      'github-token': text.optional(),
      'record-key': key.optional(),
      'check-run-id': line.optional(),
    } satisfies Record<InputName, z.ZodType>)
    .refine(canSettle, {
      path: ['settle'],
      when: hasDurations,
      error: 'is not shorter than timeout, so no rollout could finish',
      params: { remedy: 'make settle shorter or timeout longer' },
    });
}

/** Values by input name, each of its own type; the profile's defaults are filled in. */
export type ParsedInputs = z.output<ReturnType<typeof settingsSchema>>;

function defaultOf(name: InputName, environment: Environment): string {
  const entry: InputEntry | undefined = inputs.find((candidate) => candidate.name === name);
  const value = entry?.defaults?.[environment];
  if (value === undefined) throw new Error(`input ${name} has no default for ${environment}`);
  return value;
}

function canSettle({ settle, timeout }: { settle: number; timeout: number }): boolean {
  return settle < timeout;
}

/** Checked as soon as both durations are valid, even if other inputs are not. */
function hasDurations({ value }: { value: unknown }): boolean {
  const { settle, timeout } = value as { settle?: unknown; timeout?: unknown };
  return typeof settle === 'number' && typeof timeout === 'number';
}
