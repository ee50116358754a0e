import { ApiError } from '../transport/api-error.ts';
import type { Transport } from '../transport/transport.ts';
import { groupVersionPath } from './served-groups.ts';

/** Who the API server takes us for: what RBAC rules are matched with. */
export interface Identity {
  readonly username: string;
  readonly groups: readonly string[];
}

/** One permission: the resource attributes of a SelfSubjectAccessReview. */
export interface Permission {
  readonly verb: string;
  /** Empty string for the core group. */
  readonly group: string;
  /** Plural: `deployments`. */
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The identity as the API server sees it; undefined if it does not say (before 1.28, or forbidden). */
export async function readIdentity(
  transport: Transport,
  signal?: AbortSignal,
): Promise<Identity | undefined> {
  const apiVersion = 'authentication.k8s.io/v1';
  try {
    const { body } = await transport.request({
      method: 'POST',
      path: `${groupVersionPath(apiVersion)}/selfsubjectreviews`,
      body: { apiVersion, kind: 'SelfSubjectReview' },
      signal,
    });
    const { status } = body as { status?: { userInfo?: { username?: string; groups?: string[] } } };
    const { username = '', groups = [] } = status?.userInfo ?? {};
    return { username, groups };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return undefined;
    throw error;
  }
}

/** The missing permissions, in the given order; all are reviewed in parallel. */
export async function missingPermissions(
  transport: Transport,
  permissions: readonly Permission[],
  signal?: AbortSignal,
): Promise<Permission[]> {
  const answers = await Promise.all(
    permissions.map((permission) => isAllowed(transport, permission, signal)),
  );
  return permissions.filter((_, index) => answers[index] === false);
}

async function isAllowed(
  transport: Transport,
  permission: Permission,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const apiVersion = 'authorization.k8s.io/v1';
  const { body } = await transport.request({
    method: 'POST',
    path: `${groupVersionPath(apiVersion)}/selfsubjectaccessreviews`,
    body: { apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: permission } },
    signal,
  });
  return (body as { status?: { allowed?: boolean } }).status?.allowed === true;
}
