/** Smoke tests as JUnit XML: a suite for each subject, a case for each test. */
import XMLBuilder from 'fast-xml-builder';
import type { ResultDocument } from '../../domain/result/document.ts';
import { countOutcomes, type SmokeReport } from '../../domain/smoke/report.ts';
import { cleanText } from '../text/escape.ts';

/**
 * Renders the smoke tests of a result, which must be redacted. Elements and attributes are those of junit-10.xsd, by
 * which Jenkins' xUnit plugin validates. The format has no inconclusive state: such a test is reported as skipped,
 * with a message that says so.
 */
export function renderJUnit(result: ResultDocument): string {
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true });
  const suites = [...Map.groupBy(result.smoke, ({ subject }) => subject)];
  const document = {
    '?xml': { '@_version': '1.0', '@_encoding': 'UTF-8' },
    testsuites: {
      '@_name': `${result.app} on ${result.environment}`,
      // Validating readers reject `skipped` here, and only here.
      ...allOf(result.smoke),
      testsuite: suites.map(([subject, reports]) => ({
        '@_name': clean(subject),
        '@_timestamp': new Date(Math.min(...reports.map(({ startedAt }) => startedAt)))
          .toISOString()
          .slice(0, 19),
        ...totals(reports),
        testcase: reports.map((report) => testcase(report, result)),
      })),
    },
  };
  return String(builder.build(document));
}

function totals(reports: readonly SmokeReport[]): Readonly<Record<string, string>> {
  const { skipped, inconclusive } = countOutcomes(reports);
  return { ...allOf(reports), '@_skipped': String(skipped + inconclusive) };
}

function allOf(reports: readonly SmokeReport[]): Readonly<Record<string, string>> {
  const { failed } = countOutcomes(reports);
  const begin = Math.min(...reports.map(({ startedAt }) => startedAt));
  const end = Math.max(...reports.map(({ finishedAt }) => finishedAt));
  return {
    '@_tests': String(reports.length),
    '@_failures': String(failed),
    '@_errors': '0',
    '@_time': seconds(reports.length === 0 ? 0 : end - begin),
  };
}

function testcase(report: SmokeReport, { app, environment }: ResultDocument): object {
  const { subject, kind, address, startedAt, finishedAt } = report;
  return {
    '@_classname': clean(`${app}.${environment}.${subject}`),
    '@_name': clean(`${kind} ${address}`),
    '@_time': seconds(finishedAt - startedAt),
    ...verdict(report),
    'system-out': evidence(report),
  };
}

function verdict({ outcome, message, remedy = '', reason, body = '' }: SmokeReport): object {
  const said = body === '' ? '' : `\nIt said: ${clean(body)}`;
  switch (outcome) {
    case 'failed':
      return {
        failure: {
          '@_message': clean(message),
          '@_type': reason ?? 'failed',
          '#text': `${clean(message)}\n${clean(remedy)}${said}`,
        },
      };
    case 'skipped':
      return { skipped: { '@_message': clean(message) } };
    case 'inconclusive':
      return {
        skipped: { '@_message': `inconclusive: ${clean(message)} ${clean(remedy)} (${reason ?? 'unknown'})` },
      };
    case 'passed':
      return {};
  }
}

function evidence({ message, route, attempts, milliseconds, facts = {} }: SmokeReport): string {
  return [
    message,
    route === undefined ? '' : `reached by ${route}`,
    milliseconds === undefined ? '' : `took ${Math.round(milliseconds)} ms`,
    attempts > 1 ? `attempt ${attempts}` : '',
    ...Object.entries(facts).map(([name, value]) => `${name}: ${value}`),
  ]
    .filter((line) => line !== '')
    .map(clean)
    .join('\n');
}

/** XML 1.0 cannot represent most control characters or lone surrogates. */
function clean(text: string): string {
  return cleanText(text).toWellFormed();
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
