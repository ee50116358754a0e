/** One entry of `details.causes` in a Status: a field and what is wrong with it. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/**
 * The API server responded with an error (HTTP 400 and above). `message`, `reason` and `causes` come from the server:
 * untrusted text.
 */
export class ApiError extends Error {
  readonly status: number;
  /** The Status reason: `NotFound`, `Forbidden`, `Conflict`, `Expired`; empty if the response was not a Status. */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** Resource the error is about (`deployments`, `resourcequotas`), empty if unknown. */
  readonly resource: string;
  /** Seconds the server asks to wait, from the Retry-After header or the Status. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: unknown, retryAfterHeader?: string) {
    const answer = readStatus(body);
    super(answer.message === '' ? `The API server responded with status ${status}.` : answer.message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = answer.reason;
    this.causes = answer.causes;
    this.resource = answer.resource;
    this.retryAfter = parseRetryAfter(retryAfterHeader) ?? answer.retryAfter;
  }
}

/** Whether the API server refused with exactly this HTTP status. */
export function isApiError(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/**
 * The server permanently refuses the object itself: it is invalid, or does not match its schema. Server-side apply
 * reports a field that the schema does not have as 500, whatever fieldValidation says.
 */
export function refusesObject(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return (
    error.status === 400 ||
    error.status === 422 ||
    (error.status === 500 && /^failed to (create|convert)\b/.test(error.message))
  );
}

/**
 * Refused by authorization (RBAC), not by admission (quotas, webhooks), which responds 403 as well. Matches the
 * message of the `Forbidden` helper.
 */
export function isUnauthorizedCall(error: ApiError): boolean {
  return error.status === 403 && /\bcannot \S+ (resource|path)\b/.test(error.message);
}

function readStatus(body: unknown) {
  const status = record(body);
  const details = record(status['details']);
  const causes = Array.isArray(details['causes']) ? details['causes'] : [];
  const seconds = details['retryAfterSeconds'];
  return {
    message: text(status['message']),
    reason: text(status['reason']),
    resource: text(details['kind']),
    retryAfter: typeof seconds === 'number' ? seconds : undefined,
    causes: causes.map((cause: unknown) => {
      const entry = record(cause);
      return { reason: text(entry['reason']), message: text(entry['message']), field: text(entry['field']) };
    }),
  };
}

/** Only the form in seconds: the API server sends no dates. */
function parseRetryAfter(header: string | undefined): number | undefined {
  const seconds = Number.parseInt(header ?? '', 10);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
