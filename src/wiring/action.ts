/** An action from its environment variables to its exit code: main and post. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';
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
import { environment, readIdentity, readWorkplace } from '../runner/environment.ts';
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
  const started = startedAction(action, story);
  if (readState('isPost') === '') {
    saveState('isPost', 'true');
    return started.main();
  }
  if (remembered !== undefined) await started.post(remembered);
  return 0;
}

function readRemembered(): Remembered | undefined {
  const [release = '', namespace = '', holder = ''] = stateNames.map((name) => readState(name));
  return release === '' ? undefined : { release, namespace, holder };
}

function startedAction(action: ActionName, story: Story) {
  keepMemorySmall();
  const startedAt = Date.now();
  const env = environment();
  const place = readWorkplace(env);
  const signal = abortOnSignals((code) => process.exit(code));
  const secrets = secretKeeper(
    ['GITHUB-TOKEN', 'RECORD-KEY'].map((name) => env[`INPUT_${name}`] ?? '').filter((value) => value !== ''),
    mask,
  );
  const webhook = claimedWebhook(env);
  for (const secret of secretsOfWebhook(webhook)) secrets.hideText(secret);
  const log = jobLog(secrets.redact);
  const ledger = new Ledger(startedAt);
  const logClock = (): LogClock => ({ now: Date.now(), startedAt, colour: place.colour });
  const identity = readIdentity(env, env['INPUT_CHECK-RUN-ID'], randomUUID().slice(0, 8));

  const report = async (result: ResultDocument, settings?: Settings): Promise<number> => {
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
  };

  const compose = (settings: Settings, configuration: Configuration) =>
    composeRun({
      settings,
      configuration,
      app: appName(settings, configuration, place.repositoryName),
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

  const open = async () => {
    const settings = parseInputs({ env, action });
    return compose(
      settings,
      await readConfiguration({ workspace: place.workspace, config: settings.config }),
    );
  };

  /** What is known of a run whose inputs may be wrong. */
  const atTheDoor = () => ({
    action,
    environment: claimedEnvironment(action, env),
    overlay: env['INPUT_OVERLAY'] ?? '',
  });

  return {
    async main(): Promise<number> {
      try {
        const run = await open();
        ledger.app = run.app;
        return await report(await story(run), run.settings);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const ending = endingOfError({ signal, ledger }, error);
        return report(ledger.document(atTheDoor(), identity, ending, Date.now()));
      }
    },
    async post(remembered: Remembered): Promise<void> {
      try {
        const run = await open();
        ledger.app = run.app;
        const result = await settleAfterJob(run, remembered);
        if (result !== undefined) await report(result);
      } catch (error) {
        // A job that is over must not fail for it, but it has to be visible.
        const said = error instanceof Error ? error.message : 'unknown';
        ledger.release = remembered.release;
        ledger.namespace = remembered.namespace;
        await report(ledger.document(atTheDoor(), identity, unsettled(remembered.release, said), Date.now()));
      }
    },
  };
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
