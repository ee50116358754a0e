import { describe, expect, test } from 'vitest';
import { firstLine, readLine } from '../../../../src/domain/logs/error-entries.ts';

/** The errors in some lines, as they would be shown. */
function errorsIn(text: string): readonly string[] {
  let context = firstLine;
  return text.split('\n').flatMap((line) => {
    const { next, error } = readLine(context, line);
    context = next;
    return error === undefined ? [] : [error];
  });
}

const errors = [
  '{"level":"error","msg":"db gone"}',
  '{"severity":"ERROR","message":"db gone"}',
  '{"severity":"CRITICAL","message":"db gone"}',
  '{"lvl":"eror","level":"fatal","msg":"x"}',
  '{"log.level":"error","message":"x"}',
  '{"log":{"level":"error"},"message":"x"}',
  '{"level":50,"time":1,"msg":"pino"}',
  '{"name":"bunyan","level":60,"msg":"x","v":0}',
  '{"level":400,"level_name":"ERROR","message":"monolog"}',
  '{"version":"1.1","level":3,"short_message":"gelf"}',
  '{"level":"50","msg":"as text"}',
  '{"@l":"Error","@mt":"serilog"}',
  '{"severityNumber":17,"body":"otel"}',
  '2026-11-23T12:00:00Z {"level":"error","msg":"behind a time"}',
  'time="2026-11-23T12:00:00Z" level=error msg="db gone"',
  'ts=2026-11-23T12:00:00Z caller=main.go:1 level=error err="db gone"',
  'level=fatal msg=x',
  'E0102 15:04:05.123456   12345 controller.go:123] Sync failed',
  'F0102 15:04:05.123456       1 main.go:1] no config',
  '<3>kernel trouble',
  '<11>user.err trouble',
  'ERROR db gone',
  'ERROR: db gone',
  '[ERROR] db gone',
  '[error] db gone',
  'FATAL cannot go on',
  'CRITICAL:root:db gone',
  'ERROR:root:db gone',
  '2026-11-23 12:00:00,123 - shop.db - ERROR - db gone',
  '2026-11-23 12:00:00,123 [http-nio-8080-exec-1] ERROR com.shop.Orders - db gone',
  '2026-11-23T12:00:00.000+00:00 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed',
  '12:00:00.123 [main] ERROR com.shop.Main -- db gone',
  '2026/11/23 12:00:00 ERROR db gone code=7',
  '2026/11/23 12:00:00 [error] 7#7: *1 connect() failed (111: Connection refused)',
  '[Mon Nov 23 12:00:00.000000 2026] [core:error] [pid 1] AH00001: refused',
  '[2026-11-23T12:00:00Z ERROR shop::orders] db gone',
  '2026-11-23 12:00:00 UTC [1] ERROR:  relation "orders" does not exist at character 15',
  '2026-11-23 12:00:00.000 UTC [33] FATAL:  password authentication failed for user "shop"',
  '2026-11-23T12:00:00.000000Z 0 [ERROR] [MY-010119] [Server] Aborting',
  'E, [2026-11-23T12:00:00.000000 #1] ERROR -- : db gone',
  'fail: Microsoft.AspNetCore.Server.Kestrel[13]',
  'crit: Shop[0] x',
  'error: db gone',
  'npm ERR! code ELIFECYCLE',
  'panic: runtime error: invalid memory address',
  'fatal error: all goroutines are asleep - deadlock!',
  'TypeError: x is undefined',
  'Exception in thread "main" java.lang.IllegalStateException: x',
  '\u001b[31mERROR\u001b[39m coloured',
  '\u001b[31merror\u001b[39m: winston',
];

const harmless = [
  '',
  '{"level":"info","msg":"ERROR is a word"}',
  '{"level":"info","error":"not found","msg":"asked again"}',
  '{"error":"a key is no level"}',
  '{"level":"warn","msg":"error rate high"}',
  '{"level":30,"msg":"pino info, error handling ready"}',
  '{"level":40,"msg":"warn"}',
  '{"level":6,"short_message":"gelf info: error"}',
  '{"level":300,"level_name":"WARNING","message":"monolog"}',
  '{"severityNumber":9,"body":"error handler installed"}',
  'level=info msg="level=error is what we look for"',
  'level=warn msg="ERROR in upstream"',
  'time="2026" level=info error="ERROR: x"',
  'I0102 15:04:05.123456   12345 controller.go:123] ERROR handler ready',
  'W0102 15:04:05.123456   12345 controller.go:123] retry',
  '<6>info: error',
  'INFO: error count is high',
  'INFO  com.shop.Main - ERROR page rendered',
  '2026-11-23 12:00:00,123 - shop - INFO - 3 errors mended, ERROR log is empty',
  'WARNING:root:ERROR follows',
  '[info] no [error] here',
  'done, 0 errors',
  '0 ERRORS found',
  'finished: errors=0 failures=0',
  'error=nil',
  'err=<nil> status=ok',
  'error: none',
  'Errors: 0',
  'no error',
  'No ERROR was seen while the queue was drained',
  'compiled without any ERROR today',
  'GET /error 200 3ms',
  '10.0.0.1 - - [23/Nov/2026:12:00:00 +0000] "GET /error?level=ERROR HTTP/1.1" 200 12',
  '10.0.0.1 "GET /static/ERROR.png HTTP/1.1" 200',
  'https://shop.example/ERROR is served',
  'serving error pages from /var/www/errors',
  'listening on 8080',
  'LOG:  database system is ready to accept connections',
  '2026-11-23 12:00:00.000 UTC [1] LOG:  could be ERROR',
  'DEBUG: panic: is what Go says',
  'ErrorHandler registered',
  'ERROR_PAGE=/tmp/x',
];

test.each(errors)('is an error: %s', (line) => {
  expect(errorsIn(line)).toHaveLength(1);
});

test.each(harmless)('is none: %s', (line) => {
  expect(errorsIn(line)).toEqual([]);
});

test('what is shown is the message, not the envelope', () => {
  expect(errorsIn('{"level":"error","time":1,"msg":"db gone","err":{"message":"timeout"}}')).toEqual([
    'db gone: timeout',
  ]);
  expect(errorsIn('time="x" level=error msg="db gone"')).toEqual(['db gone']);
  expect(errorsIn('2026/11/23 12:00:00 ERROR db gone')).toEqual(['ERROR db gone']);
});

describe('a stack is one error, told by its header:', () => {
  const java = [
    'java.lang.IllegalStateException: no orders',
    '\tat com.shop.Orders.find(Orders.java:12)',
    '\tat com.shop.Main.main(Main.java:3)',
    'Caused by: java.net.ConnectException: refused',
    '\tat java.net.Socket.connect(Socket.java:1)',
    '\t... 12 more',
  ].join('\n');
  const stories: readonly (readonly [string, string, readonly string[]])[] = [
    ['Java, bare', java, ['java.lang.IllegalStateException: no orders']],
    [
      'Java below its entry',
      `2026-11-23 12:00:00 ERROR c.s.Main - failed\n${java}`,
      ['ERROR c.s.Main - failed'],
    ],
    [
      'Java below a warning',
      `2026-11-23 12:00:00 WARN c.s.Main - again\n${java.split('\n').slice(1).join('\n')}`,
      [],
    ],
    [
      'Java, two threads',
      `Exception in thread "a" java.lang.Error: x\n\tat a.B(C.java:1)\nException in thread "b" java.lang.Error: y\n\tat a.B(C.java:1)`,
      ['Exception in thread "a" java.lang.Error: x', 'Exception in thread "b" java.lang.Error: y'],
    ],
    [
      'Python',
      'Traceback (most recent call last):\n  File "/app/a.py", line 3, in <module>\n    main()\nValueError: no orders\nready again',
      ['ValueError: no orders'],
    ],
    [
      'Python, chained',
      'Traceback (most recent call last):\n  File "a.py", line 3\nKeyError: 7\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "a.py", line 5\nValueError: no orders',
      ['KeyError: 7'],
    ],
    [
      'Python below its entry',
      'ERROR:root:failed\nTraceback (most recent call last):\n  File "a.py", line 3\nValueError: no orders\nINFO:root:fine',
      ['ERROR:root:failed'],
    ],
    [
      'Python, two after each other',
      'Traceback (most recent call last):\n  File "a.py", line 3\nKeyError: 7\nTraceback (most recent call last):\n  File "a.py", line 3\nKeyError: 8',
      ['KeyError: 7', 'KeyError: 8'],
    ],
    [
      'Java, two after each other',
      'a.B: x\n\tat a.B(C.java:1)\njava.io.IOException: y\n\tat a.B(C.java:1)',
      ['a.B: x', 'java.io.IOException: y'],
    ],
    [
      'Node',
      "/app/index.js:3\nthrow new Error('x')\n^\n\nError: no orders\n    at Object.<anonymous> (/app/index.js:3:7)\n    at node:internal/main:1:2\n\nNode.js v24.0.0",
      ['Error: no orders'],
    ],
    [
      'Node, logged behind words of its own',
      'request failed: Error: no orders\n    at find (/app/index.js:3:7)\n    at node:internal/main:1:2',
      ['request failed: Error: no orders'],
    ],
    [
      'Go',
      'panic: no orders\n\ngoroutine 1 [running]:\nmain.find(0x1)\n\t/app/main.go:7 +0x1d\nmain.main()\n\t/app/main.go:3 +0x1d\nexit status 2',
      ['panic: no orders'],
    ],
    [
      'Go, served on',
      '2026/11/23 12:00:00 http: panic serving 10.0.0.1:1: no orders\ngoroutine 5 [running]:\nnet/http.(*conn).serve.func1()\n\t/go/server.go:1 +0x1\nlistening again',
      ['http: panic serving 10.0.0.1:1: no orders'],
    ],
    [
      'two after each other',
      'ERROR one\n\tat a.B(C.java:1)\nERROR two\n\tat a.B(C.java:1)',
      ['ERROR one', 'ERROR two'],
    ],
  ];
  test.each(stories)('%s', (_name, text, wanted) => {
    expect(errorsIn(text)).toEqual(wanted);
  });
});

test('nothing that a program writes makes it throw or hang', () => {
  const nasty = [
    '{"',
    '{"level":',
    '{"level":{}}',
    '['.repeat(5000),
    'a '.repeat(50_000),
    '{"level":null}',
    '\u0000',
  ];
  expect(nasty.flatMap(errorsIn)).toEqual([]);
});

test.each([
  [
    'an entry with the stack of its exception below it, again and again',
    'ERROR order 1 failed\nError: gone\n    at a (b.js:1:2)',
    1,
  ],
  [
    'with a time before the level',
    '2026-11-23 12:00:00 ERROR gone\nError: gone\n    at a (b.js:1:2)\n    at c (d.js:3:4)',
    1,
  ],
  ['klog', 'E0102 15:04:05.123456 1 a.go:42] gone\nError: gone\n    at a (b.js:1:2)', 1],
  ['the same word at the start of lines of their own', 'Error: gone', 1],
  ['an entry, its exception, and one more of its own', 'ERROR failed\nError: gone\nError: gone as well', 2],
])('nine times %s: each counts once', (_, entry, each) => {
  expect(errorsIn(Array.from({ length: 9 }, () => entry).join('\n'))).toHaveLength(9 * each);
});
