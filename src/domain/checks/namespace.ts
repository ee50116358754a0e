import type { KubernetesObject } from '../kubernetes/objects.ts';
import type { Profile } from '../settings/profile.ts';
import type { Finding } from './finding.ts';

/** Staging creates a missing namespace; production requires it to exist. A terminating namespace accepts nothing. */
export function judgeNamespace(
  name: string,
  live: KubernetesObject | undefined,
  profile: Profile,
): readonly Finding[] {
  if (live === undefined) {
    const level = profile.levels.namespaceMissing;
    return [
      level === 'pass'
        ? {
            level,
            reason: 'ok',
            message: `Namespace ${name} does not exist yet and will be created.`,
            remedy: '',
          }
        : {
            level,
            reason: 'namespace-missing',
            message: `Namespace ${name} does not exist.`,
            remedy: `Create it with \`kubectl create namespace ${name}\`, or correct the overlay's namespace.`,
          },
    ];
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    return [
      {
        level: 'fail',
        reason: 'namespace-terminating',
        message: `Namespace ${name} is being deleted since ${live.metadata.deletionTimestamp}.`,
        remedy: `Wait until it is deleted, or find what blocks its deletion with \`kubectl get namespace ${name} -o yaml\`.`,
      },
    ];
  }
  return [{ level: 'pass', reason: 'ok', message: `Namespace ${name} exists.`, remedy: '' }];
}
