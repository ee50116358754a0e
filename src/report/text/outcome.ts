/** The outcome as a phrase and as counts, for the headline of the summary and the last line of the log. */
import type { ResultDocument } from '../../domain/result/document.ts';
import type { StepName } from '../../domain/settings/phases.ts';
import { countOutcomes } from '../../domain/smoke/report.ts';
import { count } from './format.ts';

type Wording = (app: string, environment: string, result: ResultDocument) => string;

function failedHeadline(app: string, environment: string, result: ResultDocument): string {
  if (isTest(result) || (result.phase === 'smoke' && result.release === undefined)) {
    return result.exitCode === 4
      ? `❌ ${app} on ${environment} does not work as expected`
      : `❌ ${app} on ${environment} could not be tested`;
  }
  if (result.phase === 'unlock') return `❌ ${app} on ${environment} was not unlocked`;
  if (result.phase === 'finish') return `❌ The release of ${app} to ${environment} was not finished`;
  if (result.phase === 'health' && result.release === undefined) {
    return result.exitCode === 1
      ? `❌ The health of ${app} on ${environment} could not be determined`
      : `❌ ${app} on ${environment} is not healthy`;
  }
  if (result.phase === 'rollback' && result.exitCode === 1)
    return `❌ ${app} on ${environment} was not rolled back, nothing was changed`;
  if (result.exitCode === 1) return `❌ ${app} was not deployed to ${environment}, nothing was changed`;
  if (result.exitCode === 3) return `❌ ${app} on ${environment} is deployed but not healthy`;
  if (result.exitCode === 4)
    return `❌ ${app} on ${environment} is deployed but does not respond as expected`;
  return `❌ Deployment of ${app} to ${environment} failed`;
}

function isTest({ action }: ResultDocument): boolean {
  return action === 'smoke-tests';
}

/** What a successful step says; the other phases end a deployment. */
const stepHeadlines: Readonly<Partial<Record<StepName, (app: string, environment: string) => string>>> = {
  preflight: (app, environment) => `✅ ${app} can be deployed to ${environment}`,
  rollout: (app, environment) => `✅ ${app} is rolled out to ${environment}`,
  health: (app, environment) => `✅ ${app} on ${environment} is healthy`,
  smoke: (app, environment) => `✅ ${app} on ${environment} works`,
  unlock: (app, environment) => `✅ ${app} on ${environment} is unlocked`,
  history: (app, environment) => `History of ${app} on ${environment}`,
  observe: (app, environment) => `✅ The deployment of ${app} to ${environment} was not blocked`,
};

function succeededHeadline(app: string, environment: string, result: ResultDocument): string {
  const step = isTest(result) ? 'smoke' : result.phase;
  const headline = step === undefined ? undefined : stepHeadlines[step];
  return headline?.(app, environment) ?? `✅ ${app} is deployed to ${environment}`;
}

const wordings: Readonly<Record<ResultDocument['outcome'], Wording>> = {
  succeeded: succeededHeadline,
  unchanged: (app, environment) => `✅ ${app} on ${environment} is up to date, nothing changed`,
  planned: (app, environment, result) =>
    result.changed === 0
      ? `Plan for ${app} on ${environment}: nothing would change`
      : `Plan for ${app} on ${environment}: ${count(result.changed, 'object')} would change`,
  failed: failedHeadline,
  'rolled-back': (app, environment, result) =>
    result.exitCode === 0
      ? `✅ ${app} on ${environment} is rolled back`
      : `❌ Deployment of ${app} to ${environment} failed and was rolled back`,
  'rollback-failed': (app, environment, result) =>
    result.phase === 'rollback'
      ? `❌ The rollback of ${app} on ${environment} failed`
      : `❌ Deployment of ${app} to ${environment} failed, and so did its rollback`,
  'restore-unverified': (app, environment) =>
    `⚠️ ${app} on ${environment} was restored, but did not become healthy again`,
  cancelled: (app, environment, result) =>
    result.phase === 'observe'
      ? `⚠️ ${app} was not allowed to deploy to ${environment}`
      : `⚠️ ${isTest(result) ? 'The test' : 'Deployment'} of ${app} ${isTest(result) ? 'on' : 'to'} ${environment} was cancelled`,
};

/** The outcome in words: `✅ shop is deployed to staging`. `app` and `environment` are not escaped. */
export function outcomeWords(result: ResultDocument, app: string, environment: string): string {
  return wordings[result.outcome](app, environment, result);
}

function objectsFact(result: ResultDocument): string {
  const created = result.changes.filter(({ action }) => action === 'created').length;
  const configured = result.changes.filter(({ action }) => action === 'configured').length;
  // A refused run has a plan, but carried out none of it.
  if (created + configured === 0 || result.exitCode === 1) return '';
  const planned = result.outcome === 'planned';
  const parts = [
    created > 0 ? `${created} ${planned ? 'to create' : 'created'}` : '',
    configured > 0 ? `${configured} ${planned ? 'to change' : 'changed'}` : '',
  ];
  const words = parts.filter((part) => part !== '').join(', ');
  return `${words} of ${count(result.changes.length, 'object')}`;
}

function workloadsFact(result: ResultDocument): string {
  if (result.workloads.length === 0 || result.outcome === 'planned') return '';
  const current = result.workloads.filter(({ state }) => state === 'current');
  return `${current.length} of ${count(result.workloads.length, 'workload')} current`;
}

function testsFact({ smoke }: ResultDocument): string {
  if (smoke.length === 0) return '';
  const { passed, skipped, inconclusive } = countOutcomes(smoke);
  const open = skipped + inconclusive;
  const rest = open === 0 ? '' : `, ${open} inconclusive`;
  return `${passed} of ${count(smoke.length, 'smoke test')} passed${rest}`;
}

function checksFact(result: ResultDocument): string {
  const failed = result.checks.filter(({ level }) => level === 'fail').length;
  const warned = result.checks.filter(({ level }) => level === 'warn').length;
  if (result.checks.length === 0) return '';
  if (failed > 0) return `${failed} of ${count(result.checks.length, 'check')} failed`;
  return warned > 0
    ? `${count(warned, 'check')} warned`
    : `all ${count(result.checks.length, 'check')} passed`;
}

/** Counts that show how far the run got, most important first. */
export function outcomeFacts(result: ResultDocument): string[] {
  return [workloadsFact(result), testsFact(result), objectsFact(result), checksFact(result)].filter(
    (fact) => fact !== '',
  );
}
