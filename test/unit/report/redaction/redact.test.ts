import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { redact, redactResult } from '../../../../src/report/redaction/redact.ts';
import { collectSecretValues, masksFor } from '../../../../src/report/redaction/secret-values.ts';
import { crashLoop } from '../../../support/report/failed-results.ts';

function secret(data: Record<string, string>, stringData: Record<string, string> = {}): KubernetesObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'auth-secrets' },
    data: Object.fromEntries(encoded),
    stringData,
  };
}

const password = 'pa"ss/w+rd ü&%1';
const values = collectSecretValues([
  secret({ PASSWORD: password, SHORT: '0', PIN: '1234567' }, { TOKEN: 'tok-abcdefgh' }),
]);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('redact: forms of a value', () => {
  it.each([
    ['as it is', `password is ${password}, sorry`],
    ['twice', `${password} ${password}`],
    ['base64', base64(password)],
    ['base64 in a longer text, first alignment', base64(`abc${password}xyz`)],
    ['second alignment', base64(`a${password}z`)],
    ['third alignment', base64(`ab${password}yz`)],
    ['URL-safe base64', Buffer.from(`user:${password}`).toString('base64url')],
    ['URL-encoded', `postgres://auth:${encodeURIComponent(password)}@db/auth`],
    ['URL-encoded in lower case', encodeURIComponent(password).replace(/%../g, (hex) => hex.toLowerCase())],
    ['form-encoded', encodeURIComponent(password).replaceAll('%20', '+')],
    ['JSON', JSON.stringify({ password })],
    ['JSON in JSON', JSON.stringify(JSON.stringify({ password }))],
    ['stringData', 'Bearer tok-abcdefgh'],
  ])('masks a value %s', (_how, text) => {
    const shown = redact(text, values);
    expect(shown).toContain('***');
    for (const form of [
      password,
      base64(password),
      encodeURIComponent(password),
      'tok-abcdefgh',
      'ss/w',
      'pa%22',
    ]) {
      expect(shown.toLowerCase()).not.toContain(form.toLowerCase());
    }
  });
});

describe('redact: what is masked as one, and what is left alone', () => {
  it('leaves short values and everything else alone', () => {
    expect(redact('exit code 0 after 1234567 ms', values)).toBe('exit code 0 after 1234567 ms');
    expect(redact('nothing to see', collectSecretValues([]))).toBe('nothing to see');
  });

  it('ignores objects that are no Secrets', () => {
    const config = { ...secret({ URL: 'http://auth:8080' }), kind: 'ConfigMap' };
    expect(redact('http://auth:8080', collectSecretValues([config]))).toBe('http://auth:8080');
  });

  it('masks each line of a value, and bytes that are no text by their base64', () => {
    const bytes = Buffer.from([0xff, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const key: KubernetesObject = { ...secret({ KEY: '-----BEGIN-----\nMIIEvQIBADAN\n' }) };
    const binary: KubernetesObject = { ...secret({}), data: { STORE: bytes.toString('base64') } };
    const both = collectSecretValues([key, binary]);
    expect(redact('read MIIEvQIBADAN', both)).toBe('read ***');
    expect(redact(bytes.toString('base64'), both)).toBe('***');
  });

  it('masks values that overlap or hold each other as one', () => {
    const overlapping = collectSecretValues([
      secret({ A: 'abcdefghij', B: 'ghijklmnop', C: 'abcdefghijXYZ' }),
    ]);
    expect(redact('<abcdefghijklmnop>', overlapping)).toBe('<***>');
    expect(redact('<abcdefghijXYZ>', overlapping)).toBe('<***>');
  });

  it('leaves no value anywhere, whatever is around it', () => {
    const texts = fc
      .string({ unit: 'grapheme', minLength: 8, maxLength: 24 })
      .filter((text) => text.trim().length >= 8);
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 1, maxLength: 5 }),
        fc.string(),
        fc.string(),
        (plain, before, after) => {
          const found = collectSecretValues([
            secret(Object.fromEntries(plain.map((text, index) => [`k${index}`, text]))),
          ]);
          for (const text of plain) {
            for (const form of [
              text,
              base64(text),
              encodeURIComponent(text),
              JSON.stringify(text).slice(1, -1),
            ]) {
              expect(redact(`${before}${form}${after}`, found)).not.toContain(form);
            }
          }
        },
      ),
    );
  });

  it('gets through a megabyte with 1,000 values that begin alike', () => {
    const data = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`k${index}`, `postgres://secret-${index}-value`]),
    );
    const many = collectSecretValues([secret(data)]);
    const text = 'a line of an ordinary log, postgres://db:5432/auth answered\n'.repeat(17_000);
    expect(redact(`${text}postgres://secret-999-value`, many)).toBe(`${text}***`);
  });
});

describe('masksFor', () => {
  it('gives single lines of 8 characters and more, longest first', () => {
    const masks = masksFor(collectSecretValues([secret({ A: 'first line\nsecond, longer line\n', B: '0' })]));
    expect(masks).toContain('first line');
    expect(masks).toContain('second, longer line');
    expect(masks.every((mask) => mask.length >= 8 && !mask.includes('\n'))).toBe(true);
    expect([...masks].sort((left, right) => right.length - left.length)).toEqual(masks);
  });
});

describe('redactResult', () => {
  it('masks every string of the document', () => {
    const [failure] = crashLoop.failures;
    const leaking = {
      ...crashLoop,
      message: `m ${password}`,
      nextSteps: [`n ${password}`],
      failures: [
        {
          ...failure,
          message: password,
          logs: [{ pod: 'p', container: 'c', previous: false, lines: [`l ${password}`] }],
        },
      ],
      changes: [
        { ...crashLoop.changes[0], diff: `+ ${base64(password)}`, location: { file: password, line: 1 } },
      ],
    } as typeof crashLoop;
    const shown = JSON.stringify(redactResult(leaking, values));
    expect(shown).not.toContain(JSON.stringify(password).slice(1, -1));
    expect(shown).not.toContain(base64(password));
    expect(shown.match(/\*\*\*/g)?.length).toBe(6);
  });

  it('keeps the words of the contract even if a Secret holds them', () => {
    const unlucky = collectSecretValues([
      secret({ A: 'crash-loop', B: 'preflight', C: 'deploy-staging', D: 'configured' }),
    ]);
    const { failures, message, ...rest } = redactResult({ ...crashLoop, message: 'crash-loop' }, unlucky);
    expect(message).toBe('***');
    expect({ reason: rest.reason, action: rest.action, phase: rest.phases[1]?.phase }).toEqual({
      reason: 'crash-loop',
      action: 'deploy-staging',
      phase: 'preflight',
    });
    expect(failures[0]?.reason).toBe('crash-loop');
  });
});
