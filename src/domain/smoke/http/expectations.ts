/** Judges the finding of one HTTP call against its expectations. */
import type { Reason } from '../../failure/reasons.ts';
import { parseExpression, valuesAt } from '../../status/generic/expressions.ts';
import type { AnswerExpectations } from '../configuration.ts';
import type { Judgement } from '../judgement.ts';
import { judgeConnection, oneLine } from './connection.ts';
import type { HttpAnswer } from './http-answer.ts';

const shownBody = 200;
const day = 24 * 60 * 60 * 1000;

/**
 * Judges an answer; `subject` begins the sentence (`Readiness endpoint :8080/ready of pod auth-1`), `now` is
 * milliseconds since the epoch. Without expectations 200 to 399 passes (the kubelet's rule for HTTP probes), unless
 * the body reports a failure.
 */
export function judgeAnswer(
  subject: string,
  answer: HttpAnswer,
  expected: AnswerExpectations,
  now: number,
): Judgement {
  if (answer.status === undefined) {
    return judgeConnection(subject, answer.error ?? { kind: 'other', message: 'no answer' });
  }
  const wrong = firstWrong(answer, answer.status, expected, now);
  if (wrong === undefined) {
    return { outcome: 'passed', message: `${subject} answered ${answer.status}.` };
  }
  const body = answer.body.slice(0, shownBody);
  return {
    outcome: 'failed',
    reason: wrong.reason,
    message: `${subject} ${wrong.says}.`,
    remedy:
      wrong.remedy ?? 'Check the log of the pod: its response depends on more than the process being up.',
    ...(body === '' ? {} : { body }),
  };
}

interface Wrong {
  readonly reason: Reason;
  /** Ends the sentence that begins with the subject. */
  readonly says: string;
  readonly remedy?: string;
}

function firstWrong(
  answer: HttpAnswer,
  status: number,
  expected: AnswerExpectations,
  now: number,
): Wrong | undefined {
  return (
    wrongStatus(status, expected.status) ??
    wrongHeader(answer, expected.headers ?? {}) ??
    wrongJson(answer, expected.json ?? {}) ??
    wrongBody(answer, expected.body) ??
    wrongCertificate(answer, expected.tlsDays, now) ??
    (expected.json === undefined && expected.body === undefined ? lie(answer, status) : undefined)
  );
}

function wrongStatus(status: number, wanted: AnswerExpectations['status']): Wrong | undefined {
  const isWanted =
    wanted === undefined
      ? status >= 200 && status < 400
      : wanted.some((one) => String(one).replace(/xx$/, '') === String(status).slice(0, lengthOf(one)));
  if (isWanted) return undefined;
  return {
    reason: 'status-unexpected',
    says: `answered ${status} instead of ${wanted === undefined ? '200 to 399' : wanted.join(' or ')}`,
  };
}

/** `2xx` matches the first digit, a number all of them. */
function lengthOf(wanted: number | string): number {
  return String(wanted).endsWith('xx') ? 1 : 3;
}

function wrongHeader(
  { headers }: HttpAnswer,
  wanted: NonNullable<AnswerExpectations['headers']>,
): Wrong | undefined {
  for (const [name, text] of Object.entries(wanted)) {
    const values = headers[name.toLowerCase()] ?? [];
    if (values.some((value) => matches(value, text))) continue;
    const found = values.length === 0 ? 'has none' : `is ${oneLine(values.join(', '))}`;
    return { reason: 'header-unexpected', says: `has not ${text} in its header ${name}, which ${found}` };
  }
  return undefined;
}

/** Exact, or a regular expression between slashes. */
function matches(value: string, wanted: string): boolean {
  const pattern = /^\/(.*)\/$/s.exec(wanted)?.[1];
  return pattern === undefined ? value === wanted : new RegExp(pattern).test(value);
}

function wrongJson({ body }: HttpAnswer, wanted: NonNullable<AnswerExpectations['json']>): Wrong | undefined {
  const entries = Object.entries(wanted);
  if (entries.length === 0) return undefined;
  const document = parsed(body);
  if (typeof document !== 'object' || document === null)
    return { reason: 'body-unexpected', says: 'did not answer with JSON' };
  for (const [path, value] of entries) {
    const expression = parseExpression(`{${path}}`);
    const found =
      'kind' in expression && expression.kind === 'path' ? valuesAt(expression.path, document) : [];
    if (found.some((one) => one === value)) continue;
    const said =
      found.length === 0 ? 'is not there' : `is ${oneLine(JSON.stringify(found[0]) ?? 'nothing', 80)}`;
    return {
      reason: 'body-unexpected',
      says: `answered with a ${path} that ${said} instead of ${JSON.stringify(value)}`,
    };
  }
  return undefined;
}

function wrongBody({ body }: HttpAnswer, pattern: string | undefined): Wrong | undefined {
  if (pattern === undefined || new RegExp(pattern).test(body)) return undefined;
  return { reason: 'body-unexpected', says: `answered with a body that does not match ${pattern}` };
}

function wrongCertificate({ tls }: HttpAnswer, days: number | undefined, now: number): Wrong | undefined {
  if (days === undefined || tls === undefined || tls.validTo >= now + days * day) return undefined;
  const until = new Date(tls.validTo).toISOString().slice(0, 10);
  return {
    reason: 'tls-expired',
    says: `presented a TLS certificate that expires on ${until}, in less than ${days} days`,
    remedy: 'Renew the certificate; find out why its automatic renewal failed.',
  };
}

/**
 * Status fields of health endpoints: Spring Boot, health+json (draft-inadarei-api-health-check), Go and Node
 * libraries.
 */
const unwell =
  /^(down|fail|failed|failing|error|unhealthy|critical|out_of_service|unavailable|not ok|not_ok|ko)$/i;
const words = ['status', 'state', 'health'];
const flags = ['healthy', 'ok', 'ready', 'alive'];

/** A contradictory response: a successful status, but a JSON object whose top-level field reports a failure. */
function lie({ body }: HttpAnswer, status: number): Wrong | undefined {
  const document = parsed(body);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const fields = document as Readonly<Record<string, unknown>>;
  const word = words.find((name) => typeof fields[name] === 'string' && unwell.test(String(fields[name])));
  const flag = flags.find((name) => fields[name] === false);
  const told = word ?? flag;
  if (told === undefined) return undefined;
  return {
    reason: 'says-unhealthy',
    says: `answered ${status}, but its body says ${told}: ${oneLine(String(fields[told]), 40)}`,
    remedy: 'Make the endpoint respond with 503 when it is unhealthy: Kubernetes checks only the status.',
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
