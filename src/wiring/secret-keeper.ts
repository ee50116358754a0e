/** Collects secret values as they become known, and masks them in everything this process writes. */
import type { KubernetesObject } from '../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../domain/result/document.ts';
import { redact, redactResult } from '../report/redaction/redact.ts';
import { collectSecretValues, masksFor } from '../report/redaction/secret-values.ts';

interface SecretKeeper {
  hide(secrets: readonly KubernetesObject[]): void;
  /** A secret from elsewhere than a Secret: a password in a URL, a variable. */
  hideText(text: string): void;
  redact(text: string): string;
  redactResult(result: ResultDocument): ResultDocument;
}

/** `texts` are secrets known from the start (a token); `mask` registers them with the runner. */
export function secretKeeper(
  texts: readonly string[],
  mask: (values: readonly string[]) => void,
): SecretKeeper {
  const hidden = new Map<string, KubernetesObject>();
  const plain = [...texts];
  let values = collectSecretValues([], plain);
  const collect = (): void => {
    const known = new Set(masksFor(values));
    values = collectSecretValues([...hidden.values()], plain);
    mask(masksFor(values).filter((value) => !known.has(value)));
  };
  return {
    hide(secrets) {
      for (const secret of secrets) {
        hidden.set(
          `${secret.metadata.namespace}/${secret.metadata.name}/${secret.metadata.resourceVersion ?? 'rendered'}`,
          secret,
        );
      }
      collect();
    },
    hideText(text) {
      if (text === '' || plain.includes(text)) return;
      plain.push(text);
      collect();
    },
    redact: (text) => redact(text, values),
    redactResult: (result) => redactResult(result, values),
  };
}
