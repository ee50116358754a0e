/** What an undo does not restore or delete, as notices and failures. */
import type { Failure } from '../../domain/failure/failure.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import { leftAloneText } from '../../domain/undo/decision.ts';
import type { UndoPlan } from '../../domain/undo/plan.ts';
import type { RefusedEntry } from '../../domain/undo/reach.ts';
import { madeAnew } from '../../domain/undo/remake.ts';
import { notice, type Run } from '../run/context.ts';
import type { Restored } from './restore.ts';

/** Entries of the record that are out of reach. */
export function tellWhatIsRefused(run: Run, refused: readonly RefusedEntry[]): void {
  for (const { entry, problem } of refused) {
    const { reference, presence } = entry;
    const what = presence === 'absent' ? 'deleted' : 'restored';
    notice(run, {
      reason: 'not-undone',
      message: `${titleOf(reference)} is not ${what}, although the release record asks for it: ${problem.message}`,
      remedy: problem.remedy,
      object: reference,
    });
  }
}

/** What the release made and undo may not delete stays, as much else does; what it may not restore leaves the rollback unfinished. */
export function failureOfRefused({ entry, problem }: RefusedEntry): readonly Failure[] {
  const { reference, presence } = entry;
  if (presence === 'absent') return [];
  const { reason, message, remedy } = problem;
  const title = titleOf(reference);
  return [
    {
      reason,
      message: `${title} was not restored: ${message}`,
      remedy,
      objects: [reference],
      chain: [title],
      logs: [],
    },
  ];
}

/** Objects that undo keeps, recreates, or whose changed fields it leaves. */
export function tellWhatStays(run: Run, plan: UndoPlan, restored: readonly Restored[]): void {
  for (const { reference, message, remedy } of plan.kept)
    notice(run, { reason: 'not-undone', message, remedy, object: reference });
  for (const { reference } of restored.filter(({ remade }) => remade)) {
    const { message, remedy } = madeAnew(reference);
    notice(run, { reason: 'made-anew', message, remedy, object: reference });
  }
  for (const { reference, leftAlone } of restored) {
    const fields = [...new Set(leftAlone.map(leftAloneText))];
    if (fields.length === 0) continue;
    notice(run, {
      reason: 'changed-by-other',
      message: `Not changed by the rollback: ${fields.join('; ')}.`,
      remedy: 'Check whether these fields fit the previous state.',
      object: reference,
    });
  }
}
