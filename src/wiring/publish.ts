/** Writes a result to all its destinations: log, annotations, summary, outputs, JSON. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ResultDocument } from '../domain/result/document.ts';
import { renderAnnotations } from '../report/formats/annotations.ts';
import { renderJUnit } from '../report/formats/junit.ts';
import { renderOutputs } from '../report/formats/outputs.ts';
import { renderResultJson } from '../report/formats/result-json.ts';
import type { LogClock } from '../report/log/line.ts';
import { outcomeLines } from '../report/log/outcome.ts';
import { renderSummary } from '../report/summary/summary.ts';
import { annotate, setOutputs, writeSummary } from '../runner/toolkit.ts';

interface PublishTargets {
  readonly line: (text: string) => void;
  readonly clock: LogClock;
  readonly summaryFile: string | undefined;
  /** Folder for the JSON document. */
  readonly temporary: string;
  /** Path of the JUnit report, if one is asked for. */
  readonly report?: string;
}

/** The result must be masked already. Outputs come first: they matter most if the process is killed while it writes. */
export async function publish(result: ResultDocument, targets: PublishTargets): Promise<void> {
  const path = join(targets.temporary, `orion-result-${result.startedAt}-${process.pid}.json`);
  await writeFile(path, renderResultJson(result));
  const { report } = targets;
  if (report !== undefined) {
    await mkdir(dirname(report), { recursive: true });
    await writeFile(report, renderJUnit(result));
  }
  setOutputs(renderOutputs(result, { result: path, ...(report === undefined ? {} : { report }) }));
  await writeSummary(renderSummary(result), targets.summaryFile);
  for (const annotation of renderAnnotations(result)) annotate(annotation);
  for (const line of outcomeLines(result, targets.clock)) targets.line(line);
}
