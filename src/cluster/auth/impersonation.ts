/** Impersonation: `as`, `as-uid`, `as-groups` and `as-user-extra` of a kubeconfig's user. */
import { Fault } from '../../domain/failure/fault.ts';

/** The fields as kubectl writes them. */
export interface Impersonation {
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
}

/** A list is sent as one header line per entry: the API server reads `a, b` in one line as a single group. */
export type Headers = Readonly<Record<string, string | string[]>>;

/**
 * The `Impersonate-*` headers. Source: Kubernetes docs, "User impersonation", and client-go's transport/round_trippers.go.
 *
 * @throws Fault `kubeconfig-unreadable` for groups, UID or extra fields without a user, as kubectl refuses them
 */
export function impersonationHeaders(user: Impersonation): Headers {
  const { as, 'as-uid': uid, 'as-groups': groups = [], 'as-user-extra': extra = {} } = user;
  const extras = Object.entries(extra ?? {}).map(
    ([key, values]) => [`Impersonate-Extra-${escapeKey(key)}`, values.map(String)] as const,
  );
  const rest = {
    'Impersonate-Uid': uid,
    'Impersonate-Group': groups?.map(String),
    ...Object.fromEntries(extras),
  };
  const given = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined && value !== null && value.length > 0),
  ) as Record<string, string | string[]>;
  if (as) return { 'Impersonate-User': as, ...given };
  if (Object.keys(given).length === 0) return {};
  throw new Fault(
    'kubeconfig-unreadable',
    'The user of the kubeconfig has as-groups, as-uid or as-user-extra, but no as.',
    'Add the name of the user to act as under as, or remove these fields.',
  );
}

/** Percent-encodes characters that are not allowed in header names, and the percent sign. */
function escapeKey(key: string): string {
  return [...Buffer.from(key, 'utf8')]
    .map((byte) => String.fromCharCode(byte))
    .map((character) =>
      /[!#$&'*+\-.^_`|~\da-zA-Z]/.test(character)
        ? character
        : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}
