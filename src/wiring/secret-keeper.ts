/** Collects what must never be shown, as it becomes known, and masks it in everything this process writes. */
import type { KubernetesObject } from '../domain/objects.ts';
import type { ResultDocument } from '../domain/result.ts';
import { redact, redactResult } from '../report/redact.ts';
import { collectSecretValues, masksFor } from '../report/secret-values.ts';

export interface SecretKeeper {
  hide(secrets: readonly KubernetesObject[]): void;
  redact(text: string): string;
  redactResult(result: ResultDocument): ResultDocument;
}

/** `texts` are secrets from the start (a token); `mask` tells the runner. */
export function secretKeeper(
  texts: readonly string[],
  mask: (values: readonly string[]) => void,
): SecretKeeper {
  const hidden = new Map<string, KubernetesObject>();
  let values = collectSecretValues([], texts);
  return {
    hide(secrets) {
      const known = new Set(masksFor(values));
      for (const secret of secrets) {
        hidden.set(
          `${secret.metadata.namespace}/${secret.metadata.name}/${secret.metadata.resourceVersion ?? 'rendered'}`,
          secret,
        );
      }
      values = collectSecretValues([...hidden.values()], texts);
      mask(masksFor(values).filter((value) => !known.has(value)));
    },
    redact: (text) => redact(text, values),
    redactResult: (result) => redactResult(result, values),
  };
}
