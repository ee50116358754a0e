/** Findings of checks that could not run; each cause is reported by one check only. */
import type { CheckName, CheckResult, Finding } from '../../domain/checks/finding.ts';
import { Fault } from '../../domain/failure/fault.ts';
import { worstLevel } from '../../domain/settings/levels.ts';
import type { RefusedRequest } from '../../ports/cluster.ts';

/**
 * An error that stopped a check, as its finding. Anything but a Fault or a refusal of the server is a bug and is
 * rethrown.
 */
export function findingOf(error: unknown, refusal: RefusedRequest | undefined): Finding {
  const fault = faultOf(error, refusal);
  if (!(fault instanceof Fault)) throw error;
  const { reason, message, remedy, location } = fault;
  return { level: 'fail', reason, message, remedy, ...(location === undefined ? {} : { location }) };
}

/** The server's refusal as a Fault; any other error as it is. */
export function faultOf(error: unknown, refusal: RefusedRequest | undefined): unknown {
  if (error instanceof Fault || refusal === undefined) return error;
  const said = refusal.message.replace(/\s+/g, ' ').trim();
  if (refusal.status === 401 || refusal.status === 403) {
    return new Fault(
      refusal.status === 401 ? 'unauthorized' : 'forbidden',
      `The API server refuses this identity: ${said}`,
      'Grant the identity the permissions that the connectivity check lists.',
      { cause: error },
    );
  }
  return new Fault(
    'cluster-unreachable',
    `The API server failed with status ${refusal.status}: ${said}`,
    'Run the job again; if the error persists, check the API server.',
    { cause: error },
  );
}

/** Which check reports a cause that several ran into: the others report that they could not run. */
const owner: Readonly<Record<string, CheckName>> = {
  'tool-missing': 'tools',
  'tool-version': 'tools',
  'kubeconfig-unreadable': 'connectivity',
  'cluster-unreachable': 'connectivity',
  unauthorized: 'connectivity',
  forbidden: 'connectivity',
};

/**
 * The same failure found by several checks stays with the check that owns its reason; the others warn that they were not made.
 */
export function saidOnce(results: readonly CheckResult[]): readonly CheckResult[] {
  const said = new Map<string, CheckName>();
  for (const result of results) {
    for (const finding of result.findings) {
      const first = owner[finding.reason] ?? 'overlay';
      const holds = results.some(
        (other) => other.check === first && other.findings.some((one) => one.message === finding.message),
      );
      if (finding.level === 'fail' && !said.has(finding.message))
        said.set(finding.message, holds ? first : result.check);
    }
  }
  return results.map((result) => {
    const findings = result.findings.map((finding): Finding => {
      const first = said.get(finding.message);
      if (finding.level !== 'fail' || first === undefined || first === result.check) return finding;
      return {
        level: 'warn',
        reason: 'object-not-checked',
        message: `Not checked: the ${first} check failed.`,
        remedy: '',
      };
    });
    const unique = [
      ...new Map(findings.map((finding) => [`${finding.message} ${finding.object?.name}`, finding])).values(),
    ];
    return { ...result, findings: unique, level: worstLevel(unique.map(({ level }) => level)) };
  });
}
