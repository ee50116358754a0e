import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { closedWords } from '../../../../src/report/redaction/contract-values.ts';
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

const only = (value: string) => collectSecretValues([secret({ VALUE: value })]);

describe('redact: exactly the value, and nothing beside it', () => {
  it.each<[title: string, value: string, text: string, shown: string]>([
    ['as long as the shortest that is masked', 'abcdefgh', 'abcdefgh', '***'],
    ['at the end of a text', 'abcdefgh', 'is abcdefgh', 'is ***'],
    ['at its beginning', 'abcdefgh', 'abcdefgh is', '*** is'],
    ['twice with one character between', 'abcdefgh', 'abcdefgh-abcdefgh', '***-***'],
    ['twice without one', 'abcdefgh', '<abcdefghabcdefgh>', '<***>'],
    ['but for its last character', 'abcdefgh', 'abcdefgX', 'abcdefgX'],
    ['its beginning alone', 'abcdefghij', 'abcdefgh', 'abcdefgh'],
    ['in another case', 'abcdefgh', 'ABCDEFGH', 'ABCDEFGH'],
    ['JSON with escaped slashes', 'https://db/x', String.raw`{"url":"https:\/\/db\/x"}`, '{"url":"***"}'],
    ['a URL encoded as a whole', 'abc def/ghi', 'abc%20def/ghi', '***'],
    ['with a half of a surrogate pair', 'abcdefgh\ud800', 'abcdefgh%EF%BF%BD', '***'],
    ['form-encoded', 'abc def ghi', 'abc+def+ghi', '***'],
    ['without the blanks around it', '  abcdefgh\n', 'is abcdefgh.', 'is ***.'],
    ['a line that ends with CR LF', 'first line\r\nsecond line', 'second line first line', '*** ***'],
    ['a line that ends with CR', 'first line\rsecond line', 'second line first line', '*** ***'],
    ['a line without its indentation', 'key:\n    indented-value', 'is indented-value', 'is ***'],
    ['an indented line', 'key:\n    indented-value', '    indented-value', '***'],
    ['of few characters with many bytes', 'üüüüü', 'üüüüü', 'üüüüü'],
    ['of nothing but blanks', ' '.repeat(10), `a${' '.repeat(10)}b`, `a${' '.repeat(10)}b`],
  ])('%s', (_title, value, text, shown) => {
    expect(redact(text, only(value))).toBe(shown);
  });

  it.each([0, 1, 2])(
    'base64 behind %i bytes loses only the characters that the value alone decides',
    (shift) => {
      const [before, after] = ['x'.repeat(shift), 'yyy'];
      const encoded = Buffer.from(`${before}abcdefghijkl${after}`).toString('base64');
      const shown = redact(encoded, only('abcdefghijkl'));
      const [start = '', end = ''] = shown.split('***');
      // Characters at either end also depend on the neighbouring bytes: one of them may stay.
      expect(start).toHaveLength(Math.ceil((shift * 8) / 6));
      expect(encoded.startsWith(start) && encoded.endsWith(end)).toBe(true);
      expect(encoded.length - start.length - end.length).toBe(
        Math.floor(((shift + 12) * 8) / 6) - start.length,
      );
    },
  );

  it('a value that is no Secret’s: a token, a webhook', () => {
    expect(redact('token tok-12345678', collectSecretValues([], ['tok-12345678']))).toBe('token ***');
    expect(redact('token tok-123', collectSecretValues([], ['tok-123']))).toBe('token tok-123');
  });

  it('a Secret whose fields are no map of texts has no value', () => {
    const odd = { ...secret({}), data: null, stringData: { A: 12345678, B: 'abcdefgh' } };
    expect(redact('12345678 abcdefgh', collectSecretValues([odd as unknown as KubernetesObject]))).toBe(
      '12345678 ***',
    );
  });
});

describe('masksFor: what the runner gets', () => {
  it('the value, its lines with and without blanks around them, and its base64', () => {
    const value = 'first line\n  second line';
    expect(masksFor(only(value)).toSorted()).toEqual(
      ['first line', '  second line', 'second line', base64(value)].toSorted(),
    );
  });

  it('of bytes that are no text, their base64 alone', () => {
    const encoded = Buffer.from([0xff, 0xfe, 1, 2, 3, 4, 5, 6]).toString('base64');
    const binary: KubernetesObject = { ...secret({}), data: { STORE: encoded } };
    expect(masksFor(collectSecretValues([binary]))).toEqual([encoded]);
  });

  it('nothing of a short value, nor of blanks', () => {
    expect(masksFor(collectSecretValues([secret({ A: '1234567', B: '' })]))).toEqual([]);
    expect(masksFor(only(' '.repeat(12)))).toEqual([base64(' '.repeat(12))]);
  });
});

describe('redactResult: words of the contract', () => {
  const words = Object.entries(closedWords).flatMap(([field, known]) =>
    [...known].filter((word) => word.length >= 8).map((word): [string, string] => [field, word]),
  );

  it.each(words)('%s keeps %s, which any other field may not', (field, word) => {
    const document = { [field]: word, message: word, nested: [{ [field]: word, message: word }] };
    expect(redactResult(document as never, only(word))).toEqual({
      [field]: word,
      message: '***',
      nested: [{ [field]: word, message: '***' }],
    });
  });

  it('is that word in full, and no other', () => {
    expect(redactResult({ outcome: 'succeeded-not' } as never, only('succeeded-not'))).toEqual({
      outcome: '***',
    });
  });

  it('leaves numbers, truth values and nothing as they are', () => {
    const document = { count: 12345678, ready: true, absent: null, list: [1, 'abcdefgh'] };
    expect(redactResult(document as never, only('abcdefgh'))).toEqual({ ...document, list: [1, '***'] });
  });
});
