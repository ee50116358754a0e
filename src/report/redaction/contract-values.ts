import { checkNames } from '../../domain/checks/finding.ts';
import { reasons } from '../../domain/failure/reasons.ts';
import { outcomes } from '../../domain/result/outcome.ts';
import { phaseNames, stepNames } from '../../domain/settings/phases.ts';
import { routes, smokeKinds, smokeOutcomes } from '../../domain/smoke/report.ts';

/**
 * Words of the contract by the field of the result that holds them: a Secret whose value happens to be `succeeded` must not
 * change the outcome.
 */
export const closedWords: Readonly<Record<string, ReadonlySet<string>>> = {
  outcome: new Set<string>([...outcomes, ...smokeOutcomes]),
  reason: new Set(reasons),
  phase: new Set<string>([...phaseNames, ...stepNames]),
  check: new Set(checkNames),
  level: new Set(['pass', 'warn', 'fail']),
  result: new Set(['passed', 'warned', 'failed', 'cancelled']),
  state: new Set([
    'current',
    'progressing',
    'failed',
    'not-started',
    'to-prune',
    'pruned',
    'spared',
    'not-pruned',
    'approved',
    'bypassed',
    'skipped',
  ]),
  action: new Set([
    'created',
    'configured',
    'unchanged',
    'deploy-staging',
    'deploy-production',
    'smoke-tests',
  ]),
  kind: new Set(smokeKinds),
  route: new Set(routes),
  environment: new Set(['staging', 'production', 'local']),
};
