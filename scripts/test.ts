/**
 * `npm test`: builds the bundles, then every layer in turn, cheapest first. Ends with one plain line, `N passed, N failed`.
 * Layers that need a real node are left out, loudly, where there can be none.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realNodeSupport } from '../testbed/node/support.ts';

const root = join(import.meta.dirname, '..');
const only = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'orion-test-'));

function run(command: string, commandArguments: readonly string[]): boolean {
  const { status } = spawnSync(command, commandArguments, { cwd: root, stdio: 'inherit' });
  return status === 0;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A layer that broke before it could count (a syntax error, a cluster that did not come up) counts as one failure. */
function runLayer(layer: string): Count {
  const report = join(folder, `${layer}.json`);
  const startedAt = Date.now();
  console.log(`\n=== ${layer} ===`);
  const ended = run(join(root, 'node_modules/.bin/vitest'), [
    'run',
    `--project=${layer}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const counted = readCount(report);
  const count = !ended && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
  console.log(
    `${layer}: ${count.passed} passed, ${count.failed} failed in ${Math.round((Date.now() - startedAt) / 1000)} s`,
  );
  return count;
}

function readCount(report: string): Count {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>;
    return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0, skipped: numPendingTests ?? 0 };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function layers(): readonly string[] {
  const all = ['unit', 'contract', 'cluster', 'testbed', 'node'];
  const wanted = only.length > 0 ? all.filter((layer) => only.includes(layer)) : all;
  const support = realNodeSupport();
  if (support.supported) return wanted;
  console.log(`No real node on this machine (${support.reason}): the layer "node" is left out.`);
  return wanted.filter((layer) => layer !== 'node');
}

const built = run(process.execPath, [join(root, 'scripts/build.ts')]);
const counts = built ? layers().map(runLayer) : [{ passed: 0, failed: 1, skipped: 0 }];
rmSync(folder, { recursive: true, force: true });
const total = (name: keyof Count): number => counts.reduce((sum, count) => sum + count[name], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = total('failed') > 0 || total('passed') === 0 ? 1 : 0;
