import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubtOf } from '../../../../src/domain/secrets/placeholders.ts';

const placeholders = [
  ...['changeme', 'CHANGEME', 'change-me', 'Change_Me', 'change this', 'changeme!', 'please-change-me'],
  ...[
    'TODO',
    'todo: ask ops',
    'FIXME',
    'tbd',
    'xxx',
    'XXXXXXXX',
    '***',
    '...',
    'placeholder',
    'example',
    'dummy',
    'redacted',
  ],
  ...[
    'your-password-here',
    'your_api_key_here',
    'your-password',
    'your_api_key',
    'YOUR-SECRET-TOKEN',
    'my-token-here',
    'insert-token-here',
  ],
  ...['<password>', '<your token>', '<>', '{{ .Values.password }}', '__TOKEN__', 'replace_me', 'REPLACE-ME'],
  ...[
    'replace-with-real-token',
    'fill-me-in',
    '"changeme"',
    "'TODO'",
    'changeme\n',
    'dummy-password',
    'example_key',
    'to-be-replaced',
  ],
  ...['postgres://shop:changeme@db:5432/shop', 'postgres://shop:<password>@db/shop'],
  ...['postgres://shop:%3Cpassword%3E@db/shop', '"postgres://a:TODO@b"', 'POSTGRES://a:xxx@b'],
];

const variables = [`$${'{DB_PASSWORD}'}`, `redis://:$${'{REDIS_PASSWORD}'}@redis:6379/0`, `"$${'{X}'}"`];
const empty = ['', ' ', '\n', '""', "''", 'amqp://user:@broker'];

const secrets = [
  ...[
    'hunter2',
    'correct horse battery staple',
    'changemenot-8f2',
    'todoist-token-91ab',
    'x',
    'xx',
    'exampleorg-k3y',
    'yourself',
  ],
  ...[
    'not-a-placeholder-value',
    'a<b>',
    '<a><b>',
    `pre$${'{X}'}`,
    '0',
    'false',
    'AKIAIOSFODNN7',
    '-----BEGIN KEY-----\nxxx\n-----END KEY-----',
  ],
  ...[
    'postgres://shop:s3cret@db:5432/shop',
    'redis://redis:6379',
    'redis://user@redis',
    'https://example.test/changeme',
    'postgres://changeme:s3cret@db',
  ],
  ...[
    'https://example.test/a:changeme/b',
    'postgres://u:p@ss@db',
    '$2b$10$abcdefghijklmnopqrstuv',
    'your-8fKq2',
    '__init__x',
    '{"a": "TODO"}',
  ],
];

describe('doubtOf', () => {
  it.each(placeholders)('sees one in %j', (value) => {
    expect(doubtOf(value)).toBe('placeholder');
  });

  it.each(secrets)('sees a secret in %j', (value) => {
    expect(doubtOf(value)).toBeUndefined();
  });

  it.each(variables)('sees a variable in %j', (value) => {
    expect(doubtOf(value)).toBe('variable');
  });

  it.each(empty)('sees nothing in %j', (value) => {
    expect(doubtOf(value)).toBe('empty');
  });

  it('does not depend on case or on blanks around it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...placeholders), fc.constantFrom('', ' ', '\n', '\t '), (value, blank) => {
        expect(doubtOf(`${blank}${value.toUpperCase()}${blank}`)).toBe('placeholder');
        expect(doubtOf(`${blank}${value.toLowerCase()}${blank}`)).toBe('placeholder');
      }),
    );
  });

  it('takes no random secret for one', () => {
    const random = fc.string({
      unit: fc.constantFrom(...'0123456789abcdefghijkmnopqrstuvwyz+/'),
      minLength: 16,
      maxLength: 64,
    });
    fc.assert(
      fc.property(random, (value) => {
        expect(doubtOf(`7${value}`)).toBeUndefined();
        expect(doubtOf(`postgres://shop:7${value.replaceAll('/', '_')}@db/shop`)).toBeUndefined();
      }),
    );
  });

  it('is quick on long values', () => {
    const long = [
      `your-${'-here'.repeat(20_000)}x`,
      `a://${':@'.repeat(20_000)}/`,
      '<'.repeat(100_000),
      '-'.repeat(100_000),
    ];
    const start = performance.now();
    for (const value of long) doubtOf(value);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
