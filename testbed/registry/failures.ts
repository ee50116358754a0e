/** Answers that a registry gives on demand instead of an image. */
export type FailureStatus = 401 | 403 | 404 | 429 | 503;

export interface FailureOptions {
  /**
   * How many requests fail before it heals by itself. A pull is more than one: containerd asks again at once, twice for
   * most errors and ten times for 429. Default: all, until `heal`.
   */
  readonly times?: number;
  /** Seconds in the Retry-After header of 429 and 503. Default: 1 for 429, none for 503. */
  readonly retryAfter?: number;
}

/** An error as the OCI distribution specification words it. */
export interface RegistryError {
  readonly status: FailureStatus;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly errors: readonly { readonly code: string; readonly message: string }[] };
}

/** Codes of the specification; 503 has none there, this one is what the reference implementation sends. */
const causes: Readonly<Record<FailureStatus, { code: string; message: string }>> = {
  401: { code: 'UNAUTHORIZED', message: 'authentication required' },
  403: { code: 'DENIED', message: 'requested access to the resource is denied' },
  404: { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' },
  429: { code: 'TOOMANYREQUESTS', message: 'too many requests' },
  503: { code: 'UNAVAILABLE', message: 'service unavailable' },
};

export function registryError(status: FailureStatus, retryAfter?: number): RegistryError {
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Basic realm="orion-testbed"';
  const wait = retryAfter ?? (status === 429 ? 1 : undefined);
  if (wait !== undefined && (status === 429 || status === 503)) headers['retry-after'] = String(wait);
  return { status, headers, body: { errors: [causes[status]] } };
}

export const manifestUnknown = registryError(404);

export const blobUnknown: RegistryError = {
  ...registryError(404),
  body: { errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' }] },
};

/** Which repositories fail, and for how long. */
export class FailurePlan {
  readonly #planned = new Map<string, { error: RegistryError; left: number }>();

  plan(repository: string, status: FailureStatus, options: FailureOptions = {}): void {
    const left = options.times ?? Number.POSITIVE_INFINITY;
    this.#planned.set(repository, { error: registryError(status, options.retryAfter), left });
  }

  heal(repository: string): void {
    this.#planned.delete(repository);
  }

  /** The error that the next request to this repository gets, which is thereby used up; undefined if it is healthy. */
  take(repository: string): RegistryError | undefined {
    const planned = this.#planned.get(repository);
    if (planned === undefined) return undefined;
    planned.left -= 1;
    if (planned.left <= 0) this.heal(repository);
    return planned.error;
  }
}
