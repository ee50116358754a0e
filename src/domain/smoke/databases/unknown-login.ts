import type { Judgement } from '../judgement.ts';
import type { Login } from './protocol.ts';

/** A server that is up and requires credentials that are unknown here, or only inferred. */
export function unknownLogin(subject: string, login: Login = 'none', words: string): Judgement {
  const says =
    login === 'inferred'
      ? 'is up, but refused credentials that were inferred from settings'
      : 'is up, but requires credentials that are not in the settings';
  return {
    outcome: 'inconclusive',
    reason: 'login-unknown',
    message: `${subject} ${says} (${words}).`,
    remedy: 'Name a Secret with its whole URL in orion.yaml: smoke.databases.NAME: {secret: …, key: …}.',
  };
}
