/** What a failed attempt proves. Outside the pods' network, only responses of the other side count. Pure. */
import type { Reason } from '../../failure/reasons.ts';
import type { Judgement } from '../judgement.ts';
import type { Route } from '../report.ts';
import { type DatabaseTest, isDatabaseTest, type SmokeTest } from './test.ts';

/** No response: it may be down, or this machine may be in the wrong network. */
const silent: ReadonlySet<Reason> = new Set([
  'connection-refused',
  'connection-timeout',
  'connection-lost',
  'dns-unknown',
]);
/** From within the cluster these still may be the doing of a NetworkPolicy that lets only the workload out. */
const keptOut: ReadonlySet<Reason> = new Set(['connection-timeout', 'connection-lost']);

/** Turns a failure that proves nothing into an inconclusive result; everything else is unchanged. */
export function proven(test: SmokeTest, judgement: Judgement, route: Route | undefined): Judgement {
  const { outcome, reason } = judgement;
  if (outcome !== 'failed' || reason === undefined) return judgement;
  if (isDatabaseTest(test) && reason === 'tls-untrusted' && test.tls.ca === undefined)
    return unknownAuthority(test, judgement);
  if (isDatabaseTest(test) && reason === 'tls-required') return { ...judgement, outcome: 'inconclusive' };
  const { doubt } = test;
  if (doubt === undefined || (isDatabaseTest(test) && test.from === 'runner')) return judgement;
  const isSilent = (route === 'cluster-job' ? keptOut : silent).has(reason);
  return isSilent ? notReachable(test, judgement, doubt) : judgement;
}

function notReachable({ subject, what }: SmokeTest, { message }: Judgement, doubt: string): Judgement {
  const name = `smoke.databases.${subject}`;
  return {
    outcome: 'inconclusive',
    reason: 'not-reachable-from-here',
    message: `${sentence(message)}, which proves nothing: ${doubt}.`,
    ...(what === 'http'
      ? {}
      : {
          remedy: `Test it from inside the cluster (${name}: {from: cluster}) or skip it ({skip: true}); {from: runner} makes this a failure.`,
        }),
  };
}

function unknownAuthority({ subject }: DatabaseTest, { message }: Judgement): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'tls-untrusted',
    message: `${sentence(message)}; the workload may trust an authority that is not known here.`,
    remedy: `Name the certificate authority in orion.yaml: smoke.databases.${subject}.ca, or smoke.ca for all.`,
  };
}

function sentence(message: string): string {
  return message.replace(/\.$/, '');
}
