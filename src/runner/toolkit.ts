/** The only door to @actions/core: masks, groups, outputs, state, annotations and the job summary. */
import * as core from '@actions/core';

interface RunnerAnnotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

/** Makes the runner mask these texts in all later output. */
export function mask(texts: readonly string[]): void {
  for (const text of texts) core.setSecret(text);
}

/** An annotation of this job, at a line of a file where one is given. */
export function annotate({ level, title, message, file, line }: RunnerAnnotation): void {
  const properties = {
    title,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { startLine: line }),
  };
  const write = { error: core.error, warning: core.warning, notice: core.notice }[level];
  write(message, properties);
}

/** Sets outputs of this step; a value may have several lines. */
export function setOutputs(outputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

/** Survives a kill of this process: the runner passes it to post. */
export function saveState(name: string, value: string): void {
  core.saveState(name, value);
}

/** What main has saved under this name, in post; empty where it saved nothing. */
export function readState(name: string): string {
  return core.getState(name);
}

/** An environment variable for later steps. */
export function exportVariable(name: string, value: string): void {
  core.exportVariable(name, value);
}

/** Outside GitHub Actions there is no summary file: then nothing is written. */
export async function writeSummary(markdown: string, summaryFile: string | undefined): Promise<void> {
  if (summaryFile === undefined || summaryFile === '') return;
  await core.summary.addRaw(markdown).write();
}

/**
 * The job log. Every line goes through `redact` first: the runner masks too, but only output after the mask was
 * registered, and not at all outside GitHub Actions.
 */
export function jobLog(redact: (text: string) => string) {
  return {
    group: (title: string) => core.startGroup(redact(title)),
    endGroup: () => core.endGroup(),
    line: (text: string) => {
      process.stdout.write(`${redact(text)}\n`);
    },
  };
}
