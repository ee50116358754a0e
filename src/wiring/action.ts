/** An action from its environment variables to its exit code: main and post. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';
import type { RunIdentity } from '../domain/release/record.ts';
import type { ResultDocument } from '../domain/result/document.ts';
import type { Settings } from '../domain/settings/settings.ts';
import { type Remembered, settleAfterJob } from '../flow/commands/post.ts';
import type { Run } from '../flow/run/context.ts';
import { endingOfError, unsettled } from '../flow/run/endings.ts';
import { Ledger } from '../flow/run/ledger.ts';
import { type Configuration, readConfiguration } from '../inputs/configuration.ts';
import { claimedEnvironment, claimedWebhook, parseInputs } from '../inputs/parse-inputs.ts';
import { type ActionName, stateNames } from '../inputs/registry.ts';
import type { LogClock } from '../report/log/line.ts';
import {
  type Environment,
  environment,
  readIdentity,
  readWorkplace,
  type Workplace,
} from '../runner/environment.ts';
import { keepMemorySmall } from '../runner/memory.ts';
import { abortOnSignals } from '../runner/signals.ts';
import { jobLog, mask, readState, saveState } from '../runner/toolkit.ts';
import { composeRun } from './compose-run.ts';
import { publish } from './publish.ts';
import { secretKeeper } from './secret-keeper.ts';
import { secretsOfWebhook, tellSlack } from './tell-slack.ts';

/** What an action does in main; throws only for bugs of Orion. */
export type Story = (run: Run) => Promise<ResultDocument>;

/** Main, or post when main has left its state. Post never fails the job: main has already given the verdict. */
export async function runAction(action: ActionName, story: Story): Promise<number> {
  const remembered = readRemembered();
  const started = startAction(action);
  if (readState('isPost') === '') {
    saveState('isPost', 'true');
    return main(started, story);
  }
  if (remembered !== undefined) await post(started, remembered);
  return 0;
}

function readRemembered(): Remembered | undefined {
  const [release = '', namespace = '', holder = ''] = stateNames.map((name) => readState(name));
  return release === '' ? undefined : { release, namespace, holder };
}

/** What main and post of one process share. */
interface StartedAction {
  readonly action: ActionName;
  readonly env: Environment;
  readonly place: Workplace;
  readonly signal: AbortSignal;
  readonly secrets: ReturnType<typeof secretKeeper>;
  readonly webhook: string | undefined;
  readonly log: ReturnType<typeof jobLog>;
  readonly ledger: Ledger;
  readonly identity: RunIdentity;
  logClock(): LogClock;
}

function startAction(action: ActionName): StartedAction {
  keepMemorySmall();
  const startedAt = Date.now();
  const env = environment();
  const place = readWorkplace(env);
  const secrets = secretKeeper(
    ['GITHUB-TOKEN', 'RECORD-KEY'].map((name) => env[`INPUT_${name}`] ?? '').filter((value) => value !== ''),
    mask,
  );
  const webhook = claimedWebhook(env);
  for (const secret of secretsOfWebhook(webhook)) secrets.hideText(secret);
  return {
    action,
    env,
    place,
    signal: abortOnSignals((code) => process.exit(code)),
    secrets,
    webhook,
    log: jobLog(secrets.redact),
    ledger: new Ledger(startedAt),
    identity: readIdentity(env, env['INPUT_CHECK-RUN-ID'], randomUUID().slice(0, 8)),
    logClock: () => ({ now: Date.now(), startedAt, colour: place.colour }),
  };
}

async function main(started: StartedAction, story: Story): Promise<number> {
  const { signal, ledger, identity } = started;
  try {
    const run = await open(started);
    return await report(started, await story(run), run.settings);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const ending = endingOfError({ signal, ledger }, error);
    return report(started, ledger.document(claimedBy(started), identity, ending, Date.now()));
  }
}

async function post(started: StartedAction, remembered: Remembered): Promise<void> {
  const { ledger, identity } = started;
  try {
    const result = await settleAfterJob(await open(started), remembered);
    if (result !== undefined) await report(started, result);
  } catch (error) {
    // A job that is over must not fail for it, but it has to be visible.
    const said = error instanceof Error ? error.message : 'unknown';
    ledger.release = remembered.release;
    ledger.namespace = remembered.namespace;
    const ending = unsettled(remembered.release, said);
    await report(started, ledger.document(claimedBy(started), identity, ending, Date.now()));
  }
}

/** @throws Fault for bad inputs and a configuration that cannot be read */
async function open(started: StartedAction): Promise<Run> {
  const { action, env, place, secrets, ledger, identity, signal, log, logClock } = started;
  const settings = parseInputs({ env, action });
  const configuration = await readConfiguration({ workspace: place.workspace, config: settings.config });
  const app = appName(settings, configuration, place.repositoryName);
  ledger.app = app;
  return composeRun({
    settings,
    configuration,
    app,
    identity,
    env,
    place,
    signal,
    log,
    logClock,
    ledger,
    hide: secrets.hide,
    hideText: secrets.hideText,
    remember: saveState,
  });
}

async function report(started: StartedAction, result: ResultDocument, settings?: Settings): Promise<number> {
  const { place, signal, secrets, webhook, log, logClock } = started;
  const { line } = log;
  const { temporary, summaryFile } = place;
  const shown = secrets.redactResult({ ...result, peakMemory: process.resourceUsage().maxRSS * 1024 });
  await publish(shown, {
    line,
    clock: logClock(),
    temporary,
    summaryFile,
    ...(settings?.report === undefined ? {} : { report: join(place.workspace, settings.report) }),
  });
  await tellSlack(shown, { webhook, signal, redact: secrets.redact, line, clock: logClock });
  return result.exitCode;
}

/** What is known of a run whose inputs may be wrong. */
function claimedBy({ action, env }: StartedAction) {
  return { action, environment: claimedEnvironment(action, env), overlay: env['INPUT_OVERLAY'] ?? '' };
}

function appName(
  settings: Settings,
  configuration: Configuration,
  repositoryName: string | undefined,
): string {
  const named =
    settings.app ??
    configuration.app ??
    repositoryName
      ?.toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '');
  if (named !== undefined && named !== '') return named;
  throw new Fault(
    'bad-input',
    'The name of this application is not set.',
    'Set the input `app`, or `app:` in orion.yaml.',
  );
}
