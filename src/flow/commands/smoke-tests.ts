/** The command of the action smoke-tests: reads what runs, tests it, and reports the results. Changes nothing. */
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { countOutcomes } from '../../domain/smoke/report.ts';
import { smokeFailures } from '../../domain/smoke/tests/failures.ts';
import { localTests } from '../../domain/smoke/tests/local.ts';
import { dependenciesOf } from '../../domain/smoke/tests/selection.ts';
import { roleRules, smokePermissions } from '../../domain/workloads/permissions.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { namespaceOf, placeObjects, type Target } from '../plan/desired.ts';
import { asResult, noCluster } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import { diagnose } from '../run/diagnose.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';
import { journeyVariables } from '../smoke/journey-variables.ts';
import { runTests } from '../smoke/runner.ts';
import { testRunning } from '../smoke/running.ts';
import { wanted } from '../smoke/smoke.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function smokeTests(run: Run): Promise<ResultDocument> {
  return asResult(run, decide, run.settings.environment === 'local' ? noCluster : undefined);
}

async function decide(run: Run): Promise<Ending> {
  const failures = run.settings.environment === 'local' ? await testLocal(run) : await testCluster(run);
  run.ledger.failures = failures;
  return endingOfTests(run, failures);
}

async function testLocal(run: Run): Promise<readonly Failure[]> {
  const { smoke } = run.configuration;
  const tests = localTests(smoke, await journeyVariables(run, noSecret));
  if (Object.keys(smoke.local).length === 0) {
    throw new Fault(
      'bad-config',
      'There is nothing to test: orion.yaml names no URL in smoke.local.',
      'Add for instance `smoke: {local: {auth: "http://localhost:8080/health"}}` to orion.yaml.',
    );
  }
  const dependencies = dependenciesOf(smoke, []);
  for (const test of tests)
    if ('password' in test && test.password !== undefined) run.hideText(test.password);
  return inPhase(
    run,
    'smoke',
    async () => {
      run.ledger.smoke = await runTests(run, wanted(run, tests, dependencies), {
        ...smoke,
        isThere: () => true,
      });
      return smokeFailures(run.ledger.smoke, dependencies);
    },
    judge,
  );
}

/** Without a cluster there are no Secrets: variables that refer to one are not set. */
async function noSecret(): Promise<Readonly<Record<string, string>>> {
  return {};
}

async function testCluster(run: Run): Promise<readonly Failure[]> {
  const { cluster, target } = await inPhase(run, 'preflight', () => lookAround(run));
  const { namespace, objects } = target;
  run.ledger.namespace = namespace;
  return inPhase(
    run,
    'smoke',
    async () =>
      diagnose(
        run,
        cluster,
        await testRunning(run, { cluster, namespace, objects, seenUp: false }),
        target.locate,
      ),
    judge,
  );
}

/** What is to be tested, and whether this identity may read it. */
export async function lookAround(
  run: Run,
): Promise<{ readonly cluster: ClusterPort; readonly target: Target }> {
  const [cluster, overlay] = await Promise.all([run.connect(), run.renderer.render()]);
  run.ledger.cluster = `${cluster.contextName} (Kubernetes ${await cluster.serverVersion()})`;
  const namespace = namespaceOf(overlay, run.settings.namespace, run.configuration.outside.namespaces);
  if ((await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })) === undefined) {
    throw new Fault(
      'namespace-missing',
      `Namespace ${namespace} does not exist in this cluster, so nothing of this release runs there.`,
      'Correct the namespace, or the cluster that kubeconfig and context name.',
    );
  }
  const target = await placeObjects(overlay, namespace, cluster, run.app);
  run.hide(target.objects.filter(isSecret));
  const missing = await cluster.missingPermissions(smokePermissions(namespace));
  if (missing.length === 0) return { cluster, target };
  throw new Fault(
    'forbidden',
    `${await cluster.identity()} lacks ${missing.length} permissions that the tests need in namespace ${namespace}.`,
    `Add these rules to its Role:\n${roleRules(missing)}`,
  );
}

function isSecret({ apiVersion, kind }: KubernetesObject): boolean {
  return apiVersion === 'v1' && kind === 'Secret';
}

function judge(failures: readonly Failure[]): 'passed' | 'failed' {
  return failures.length === 0 ? 'passed' : 'failed';
}

function endingOfTests(run: Run, failures: readonly Failure[]): Ending {
  const { passed, skipped, inconclusive } = countOutcomes(run.ledger.smoke);
  const [first] = failures;
  if (first === undefined) {
    const rest = [
      skipped === 0 ? '' : `${skipped} had nothing to test`,
      inconclusive === 0 ? '' : `${inconclusive} inconclusive`,
    ].filter((part) => part !== '');
    return {
      outcome: 'succeeded',
      exitCode: 0,
      reason: 'succeeded',
      message: `${passed} smoke test${passed === 1 ? '' : 's'} passed${rest.length === 0 ? '' : `, ${rest.join(', ')}`}.`,
      nextSteps: [],
    };
  }
  const others = failures.length > 1 ? ` And ${failures.length - 1} more, see below.` : '';
  return {
    outcome: 'failed',
    exitCode: 4,
    reason: first.reason,
    message: `${first.message}${others}`,
    nextSteps: [...new Set(failures.map(({ remedy }) => remedy))].slice(0, 6),
  };
}
