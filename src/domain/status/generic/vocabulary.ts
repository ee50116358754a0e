/**
 * The vocabulary of controllers: phases, reasons, condition types. Not a list of kinds, so that it also works for
 * unknown kinds.
 */

/** `unready`: that it is not ready, and nothing about why. */
export type Tone = 'failed' | 'suspended' | 'progressing' | 'unready' | 'current';

const words: Readonly<Record<'failed' | 'suspended' | 'progressing' | 'current', ReadonlySet<string>>> = {
  failed: wordSet(`
    fail failed fails failing failure failures error errors errored erroneous degraded stalled stuck invalid unhealthy
    crash crashed crashing crashloop broken conflict conflicts conflicted conflicting denied forbidden unauthorized
    rejected refused abort aborted cancelled canceled timeout exceeded expired lost missing unschedulable
    unresolved dead fatal corrupt corrupted noncompliant violation violations orphan orphaned mismatch mismatched unreachable
    unsupported insufficient impossible misconfigured misconfiguration blocked bad incorrect red unable cannot duplicate
    duplicated panic exhausted terminal warning impaired rollback unacceptable killed oom evicted disconnected
    inconsistent unexpected partially outofsync down offline exception critical abnormal faulted panicked
    irreconcilable irrecoverable unrecoverable undeployable unprocessable malformed revoked disallowed unrepairable`),
  suspended: wordSet(`
    paused suspended stopped hibernated hibernating hibernation disabled halted parked suspend pause ignored hibernate`),
  progressing: wordSet(`
    pending queued init initial initialization submitted requested started unknown prepared bootstrap wait progress inprogress
    yellow modified scheduled retry unspecified uninitialized partial creation`),
  current: wordSet(`
    running ready healthy active available succeeded succeed success successful successfully complete completed completion ok
    online bound deployed synced synchronized insync created normal up green applied established finished open opened enabled
    accepted valid validated done true installed provisioned initialized configured connected reconciled resolved
    programmed attached serving listening compliant registered published updated uptodate operational alive good
    reachable executed issued exists served loaded joined sync live passed passing satisfied stable
    idle standby primary leader monitoring watching enforcing enforced protected assigned allocated ended finalized
    delivered sent replicating streaming collecting receiving leading following steady`),
};

/** Words in -ing are progress, but for these. */
const notUnderWay = wordSet(`
    failing missing running serving listening passing existing matching crashing conflicting hibernating nothing string ping setting
    watching enforcing replicating streaming collecting receiving leading following
    binding routing scaling autoscaling logging monitoring networking clustering sibling warning thing ring backing remaining billing
    messaging`);

const negations = wordSet('not non no isnt un without never');
/** Two words that say more than each of them. */
const phrases: readonly (readonly [RegExp, Tone])[] = [
  [/\b(in progress|not yet|to be (ready|created|available))\b/, 'progressing'],
  [
    /\b(not|not been|no longer) (found|allowed|permitted|supported|controlled|authorized|valid|set|accepted)\b/,
    'failed',
  ],
  [
    /\b(does not|doesn't|did not) (exist|match|have permission|comply|support)\b|\bno( \w+){1,2} found\b|\b(non compliant|already exists|already in use)\b/,
    'failed',
  ],
  [/\b(limit|quota)( was| is)? (reached|exceeded)\b/, 'failed'],
  [/\b(could not|couldn't|can not|can't|must be|must not|timed out|back off)\b/, 'failed'],
  [
    /\bup to date\b|\bno (errors?|failures?|conflicts?|violations?|warnings?)\b|\b(0|without) (errors?|failures?)\b/,
    'current',
  ],
];

function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter((word) => word !== ''));
}

/** `in progress` of `InProgress`, `IN_PROGRESS` and `in-progress`; `dns ready` of `DNSReady`. */
export function spelled(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z0-9'/]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** Ranks of the meanings in one text: problems win over success. */
const ranks: readonly Tone[] = ['failed', 'suspended', 'progressing', 'unready', 'current'];

/** What a word, a reason or a sentence says; `undefined` where none of its words is known. */
export function toneOf(text: string): Tone | undefined {
  const plain = spelled(text);
  if (plain === '') return undefined;
  const phrase = phrases.find(([pattern]) => pattern.test(plain));
  if (phrase !== undefined) return phrase[1];
  const heard = new Set<Tone>();
  const parts = plain.split(' ');
  for (const [place, part] of parts.entries()) {
    const tone = toneOfWord(part);
    if (tone === undefined) continue;
    const denied = negations.has(parts[place - 1] ?? '') || negations.has(parts[place - 2] ?? '');
    heard.add(denied ? denial(tone) : tone);
  }
  return ranks.find((tone) => heard.has(tone));
}

function toneOfWord(word: string): Tone | undefined {
  for (const tone of ['failed', 'suspended', 'progressing', 'current'] as const) {
    if (words[tone].has(word)) return tone;
  }
  if (word.length > 4 && word.endsWith('ing') && !notUnderWay.has(word)) return 'progressing';
  // Unavailable, uninstalled, unsynced: the opposite of a word that is known.
  const opposite = /^(?:un|non|dis)(\w{4,})$/.exec(word)?.[1];
  return opposite !== undefined && words.current.has(opposite) ? 'unready' : undefined;
}

function denial(tone: Tone): Tone {
  return tone === 'current' ? 'unready' : 'current';
}

/** Those that a controller starts at their time, or by load, are no runs themselves. */
const runNames =
  /(?<!Cron|Scaled|Scheduled)(Run|Job|Task|Backup|Restore|Snapshot|Execution|Migration|Import|Export|Build|Test|Experiment|Analysis|Session|Operation|OpsRequest)$/;
const reportedRunNames = /(?<!Cron|Scaled|Scheduled)(Run|Job|Backup|Restore|Migration)$/;

/** A kind that by its name runs to an end: while one of them runs, it is not done. */
export function runsToAnEnd(kind: string): boolean {
  return runNames.test(kind);
}

/** One of those that nobody writes as a mere description: without a status it has not been run yet. */
export function isRun(kind: string): boolean {
  return reportedRunNames.test(kind);
}
