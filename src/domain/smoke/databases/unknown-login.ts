import type { Judgement } from '../judgement.ts';
import type { Login } from './protocol.ts';

/** A server that is up and wants a login that is not known here, or not for sure. */
export function unknownLogin(subject: string, login: Login = 'none', words: string): Judgement {
  const says =
    login === 'inferred'
      ? 'is up, and refused a login that was pieced together from settings'
      : 'is up, and wants a login that no setting says';
  return {
    outcome: 'inconclusive',
    reason: 'login-unknown',
    message: `${subject} ${says} (${words}).`,
    remedy: 'Name a Secret with its whole URL in orion.yaml: smoke.databases.NAME: {secret: …, key: …}.',
  };
}
