// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of journeys are written so
/** A journey in `orion.yaml`: a sequence of requests that may use values of earlier responses. */
import { z } from 'zod';
import type { Capture, ConfiguredJourney, ConfiguredStep } from '../domain/smoke/configuration.ts';
import { placeholdersIn } from '../domain/smoke/journeys/journeys.ts';
import { mapValues } from '../domain/smoke/map-values.ts';
import { endpoint, endpointOf, jsonPath, label, pattern } from './smoke-endpoint.ts';

/** The source of a value that must not be in orion.yaml. */
const valueSource = z.union([
  z.strictObject({ env: z.string() }),
  z.strictObject({ secret: z.string(), key: z.string() }),
]);

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'must be letters, digits, dashes and underscores, a letter first');

const capture = z
  .union([
    jsonPath,
    z.strictObject({ json: jsonPath, pattern: pattern.optional() }),
    z.strictObject({ header: z.string(), pattern: pattern.optional() }),
  ])
  .describe('A JSON path in the body, or a header; `pattern` extracts its first group from the value.');

const step = endpoint
  .extend({
    name: z.string().optional().describe('Its name in the report: `log in`.'),
    service: label.optional().describe('The service whose address is called, instead of the journey’s.'),
    'request-body': z
      .union([z.string(), z.record(z.string(), z.json()), z.array(z.json())])
      .optional()
      .describe('What to send: a text, or anything else as JSON.'),
    capture: z
      .record(name, capture)
      .optional()
      .describe('Values of the response for later steps, by name. They are treated as secrets.'),
  })
  .describe('A request and its expected response, as of an endpoint.');

type Journey = z.output<typeof journeyShape>;

const journeyShape = z.strictObject({
  service: label.describe('Service whose address is called.'),
  variables: z
    .record(name, z.union([z.string(), valueSource]))
    .optional()
    .describe(
      'Values by name: a text, or the environment variable of the job (`env`) or the Secret and key that contain it.',
    ),
  steps: z
    .array(step)
    .min(1)
    .describe(
      'Requests in order. `${name}` in path, headers, body and expectations is a variable or a captured value.',
    ),
});

/** An undefined placeholder would be sent as an empty text: that is an error in the file. */
export const journey = journeyShape
  .check(({ value, issues }) => {
    const known = new Set(Object.keys(value.variables ?? {}));
    for (const [place, one] of value.steps.entries()) {
      for (const used of placeholdersIn(stepOf(one, value.service))) {
        if (known.has(used)) continue;
        const message = `uses \${${used}}, which is neither a variable nor captured by an earlier step`;
        issues.push({ code: 'custom', input: one, path: ['steps', place], message });
      }
      for (const captured of Object.keys(one.capture ?? {})) known.add(captured);
    }
  })
  .describe('What a user does: a sequence of requests that may use values of earlier responses.');

/** As the tests use it, with its defaults. */
export function journeyOf({ service, variables = {}, steps }: Journey): ConfiguredJourney {
  return {
    variables: mapValues(variables, (source) => (typeof source === 'string' ? { literal: source } : source)),
    steps: steps.map((one) => stepOf(one, service)),
  };
}

function stepOf(one: z.output<typeof step>, service: string): ConfiguredStep {
  return {
    ...endpointOf(one),
    service: one.service ?? service,
    ...(one.name === undefined ? {} : { name: one.name }),
    ...(one['request-body'] === undefined ? {} : { requestBody: one['request-body'] }),
    capture: mapValues(one.capture ?? {}, captureOf),
  };
}

function captureOf(one: z.output<typeof capture>): Capture {
  if (typeof one === 'string') return { json: one };
  const { pattern: cut, ...from } = one;
  return { ...from, ...(cut === undefined ? {} : { pattern: cut }) };
}
