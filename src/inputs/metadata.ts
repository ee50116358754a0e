/**
 * Generated text from the registry and the configuration schema: parts of `action.yml`, the README and the JSON
 * Schema.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { configurationSchema } from './configuration.ts';
import { type ActionName, defaultOf, type InputEntry, inputsOf, outputsOf } from './registry.ts';

/** `inputs:` and `outputs:` of an action's metadata file. */
export function actionMetadata(action: ActionName): string {
  const inputs = inputsOf(action).map((entry) => [
    entry.name,
    { description: entry.description, required: entry.required ?? false, ...withDefault(entry, action) },
  ]);
  const outputs = outputsOf(action).map(({ name, description }) => [name, { description }]);
  return stringify(
    { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) },
    { lineWidth: 0, defaultStringType: 'PLAIN' },
  );
}

/** Markdown table of an action's inputs. */
export function inputTable(action: ActionName): string {
  const rows = inputsOf(action).map((entry) => {
    const value = defaultOf(entry, action);
    return [`\`${entry.name}\``, value === undefined ? '' : `\`${value}\``, entry.description];
  });
  return table(['input', 'default', 'meaning'], rows);
}

/** Markdown table of an action's outputs. */
export function outputTable(action: ActionName): string {
  return table(
    ['output', 'meaning'],
    outputsOf(action).map(({ name, description }) => [`\`${name}\``, description]),
  );
}

/** Markdown table of the fields of `orion.yaml`. */
export function configurationTable(): string {
  return table(['field', 'meaning'], fieldRows(configurationJsonSchema(), ''));
}

/** JSON Schema of `orion.yaml`, for editors. */
export function configurationJsonSchema(): JsonSchema {
  return { title: 'orion.yaml', ...z.toJSONSchema(configurationSchema) };
}

interface JsonSchema {
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>> | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly items?: unknown;
}

function fieldRows(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    if (typeof field === 'boolean') return [];
    const path = `${prefix}${name}`;
    if (field.description === undefined) throw new Error(`orion.yaml: ${path} has no description`);
    const entries = typeof field.additionalProperties === 'object' ? field.additionalProperties : undefined;
    const inner = entries === undefined ? [] : fieldRows(entries, `${path}.NAME.`);
    const items = fieldRows((field.items ?? {}) as JsonSchema, `${path}[].`);
    return [[`\`${path}\``, field.description], ...fieldRows(field, `${path}.`), ...inner, ...items];
  });
}

function withDefault(entry: InputEntry, action: ActionName): { default?: string } {
  const value = defaultOf(entry, action);
  return value === undefined ? {} : { default: value };
}

/** Columns are padded as by this repository's formatter. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head, ...body].map((cells) => cells.map(cell));
  const widths = head.map((_, column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  const [first = [], ...rest] = rows.map((cells) =>
    cells.map((text, column) => text.padEnd(widths[column] ?? 0)),
  );
  return [first, rule, ...rest].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
