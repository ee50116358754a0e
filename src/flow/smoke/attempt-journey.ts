/** One attempt of a journey: its steps in order, until one fails. */
import type { ConnectionFault } from '../../domain/smoke/http/connection.ts';
import type { HttpAnswer } from '../../domain/smoke/http/http-answer.ts';
import {
  type Cookies,
  capturedOf,
  cookiesAfter,
  expanded,
  type JourneyValues,
  judgeStep,
  withCookies,
} from '../../domain/smoke/journeys/journeys.ts';
import type { JourneyStep, JourneyTest } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import { blockedTry, type TestGround, type Try } from './context.ts';
import { along } from './pod-connection.ts';

interface Course {
  readonly values: JourneyValues;
  /** By service. */
  readonly cookies: ReadonlyMap<string, Cookies>;
  readonly milliseconds: number;
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * The time is that of all steps, the status that of the last one. A step that cannot be reached makes the journey inconclusive.
 */
export async function tryJourney(run: Run, test: JourneyTest, ground: TestGround): Promise<Try> {
  let course: Course = { values: test.values, cookies: new Map(), milliseconds: 0, facts: {} };
  let evidence: Try['evidence'] = {};
  for (const step of test.steps) {
    const subject = `${test.title}, ${step.title},`;
    const { request, expect } = expanded(step.step, course.values);
    const cookies = course.cookies.get(step.step.service) ?? new Map();
    const sent = withCookies(request, cookies);
    const reached = await along<HttpAnswer>(run, step.reach, ground, {
      dialled: (host, port) =>
        run.probes.callHttp(
          { ...targetOf(step), ...sent, host, port },
          { deadline: ground.deadline, signal: run.signal },
        ),
      proxied: 'journeys',
      faultIn: ({ error }) => error,
      failed: unanswered,
    });
    if ('blocked' in reached) return blockedTry(subject, reached);
    const { answer, route } = reached;
    const captured = capturedOf(step.step.capture, answer);
    course = proceed(run, course, step, answer, captured.values);
    const { status } = answer;
    evidence = { route, milliseconds: course.milliseconds, ...(status === undefined ? {} : { status }) };
    const judgement = judgeStep(subject, step.step, answer, {
      expect,
      missing: captured.missing,
      secrets: secretsOf(course, test),
      now: run.clock.now(),
    });
    if (judgement.outcome !== 'passed') return { judgement: { ...judgement, facts: course.facts }, evidence };
  }
  const count = test.steps.length === 1 ? 'its step' : `all ${test.steps.length} steps`;
  const message = `${test.title}: ${count} answered as expected.`;
  return { judgement: { outcome: 'passed', message, facts: course.facts }, evidence };
}

/** Captured values are masked before anything is reported. */
function proceed(
  run: Run,
  course: Course,
  { title, step }: JourneyStep,
  answer: HttpAnswer,
  values: JourneyValues,
): Course {
  const cookies = cookiesAfter(course.cookies.get(step.service) ?? new Map(), answer, run.clock.now());
  for (const text of [...Object.values(values), ...cookies.values()]) run.hideText(text);
  const said = answer.status === undefined ? 'no answer' : String(answer.status);
  return {
    values: { ...course.values, ...values },
    cookies: new Map([...course.cookies, [step.service, cookies]]),
    milliseconds: course.milliseconds + answer.milliseconds,
    facts: { ...course.facts, [title]: `${said}, ${Math.round(answer.milliseconds)} ms` },
  };
}

/**
 * Captured values and cookies; variables with literal values in orion.yaml are not secrets, all others are already
 * masked.
 */
function secretsOf({ values, cookies }: Course, test: JourneyTest): readonly string[] {
  const captured = Object.entries(values).flatMap(([name, value]) =>
    test.values[name] === value ? [] : [value],
  );
  return [...captured, ...[...cookies.values()].flatMap((jar) => [...jar.values()])];
}

function targetOf({
  scheme,
  serverName,
  verify,
}: JourneyStep): Pick<JourneyStep, 'scheme' | 'serverName' | 'verify'> {
  return { scheme, serverName, verify };
}

function unanswered(error: ConnectionFault): HttpAnswer {
  return { headers: {}, body: '', milliseconds: 0, error };
}
