/** Calls made from a pod in the cluster: those that are asked for at the same time go together, since a pod costs a second and a call nothing. */
import { Fault } from '../domain/fault.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http-answer.ts';
import type { ClusterPort } from './ports.ts';
import type { Run } from './run.ts';

export type CallFromWithin = HttpTarget & HttpRequest & { readonly deadline: number };

/** An answer, or why there is no such pod here: one sentence, in part foreign. */
export type AnswerFromWithin = HttpAnswer | { readonly unavailable: string };

interface Waiting {
  readonly call: CallFromWithin;
  readonly resolve: (answer: AnswerFromWithin) => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds that the pod may take to come up, its image included. Then what it would have shown stays open. */
const startLimit = 20_000;

export function callsFromWithin(run: Run, cluster: ClusterPort, namespace: string) {
  let waiting: Waiting[] = [];
  let unavailable: string | undefined;
  let last: Promise<void> = Promise.resolve();

  const make = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const calls = batch.map(({ call }) => call);
      const answers = unavailable === undefined ? await ask(calls) : undefined;
      for (const [place, { resolve }] of batch.entries())
        resolve(answers?.[place] ?? { unavailable: unavailable ?? 'it gave no answer' });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const ask = async (calls: readonly CallFromWithin[]): Promise<readonly HttpAnswer[] | undefined> => {
    const deadline = Math.max(...calls.map((call) => call.deadline));
    try {
      const { signal, settings } = run;
      const limits = { namespace, image: settings.smokeImage, patience: startLimit + deadline, signal };
      const outcome = await cluster.callFromWithin?.(calls, limits);
      if (outcome?.type === 'answered') return outcome.answers;
      unavailable = outcome?.message ?? 'there is no such way';
    } catch (error) {
      run.signal.throwIfAborted();
      const refusal = cluster.refusalOf(error);
      if (refusal === undefined && !(error instanceof Fault)) throw error;
      unavailable = refusal?.message ?? (error as Fault).message;
    }
    return undefined;
  };

  return (call: CallFromWithin): Promise<AnswerFromWithin> =>
    new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      // Whoever asks in the same turn comes along; one pod at a time.
      if (waiting.length === 1) {
        const turn = new Promise<void>((over) => setImmediate(over));
        last = Promise.all([last, turn]).then(make);
      }
    });
}
