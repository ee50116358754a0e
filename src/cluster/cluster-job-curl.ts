/** Calls of a smoke test as a curl configuration, and what curl printed as answers. Pure. */
import { type ConnectionFault, connectionFaultOf, oneLine } from '../domain/smoke/connection.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http-answer.ts';

export interface InsideCall extends HttpTarget, HttpRequest {
  /** Milliseconds. */
  readonly deadline: number;
}

/** Bytes of a body that are printed. */
const bodyLimit = 65_536;
const folder = '/orion';
const parallel = 50;

/**
 * What the container gets as files: `calls` is curl's configuration, `body-N` what call N sends. Names in DNS are the
 * cluster's own. `boundary` must be unguessable: bodies are foreign.
 */
export function curlFiles(calls: readonly InsideCall[], boundary: string): Readonly<Record<string, string>> {
  const bodies = calls.flatMap(({ body }, index) =>
    body === undefined ? [] : [[`body-${index}`, body] as const],
  );
  const authorities = calls.flatMap(({ ca }, index) =>
    ca === undefined ? [] : [[`ca-${index}`, ca] as const],
  );
  // `silent` alone does not silence the meter of parallel transfers (curl 7.88), which would stand among the answers.
  const first = `silent\nno-progress-meter\nparallel\nparallel-immediate\nparallel-max = ${parallel}\n`;
  const config = first + calls.map((call, index) => curlCall(call, index, boundary)).join('next\n');
  return { calls: config, ...Object.fromEntries([...bodies, ...authorities]) };
}

/** Runs curl, then prints the bodies that it left: parallel transfers would mix them. Ends well whatever the answers are. */
export function curlCommand(boundary: string): readonly string[] {
  const script = `curl --config ${folder}/calls
cd /answers && for file in *; do printf '\\n%s body %s\\n' "$0" "$file"; head -c ${bodyLimit + 1} "$file"; done 2>/dev/null
printf '\\n%s over\\n' "$0"`;
  return ['sh', '-c', script, boundary];
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function curlCall(call: InsideCall, index: number, boundary: string): string {
  const { scheme, host, port, serverName, verify, method, path, headers = {}, body, ca, deadline } = call;
  // Where another name is wanted it is dialled by `connect-to`, so that SNI and certificate are about that name.
  const name = (serverName ?? host).replace(/:\d+$/, '');
  const named = Object.keys(headers).map((one) => one.toLowerCase());
  const sent = { ...(named.includes('user-agent') ? {} : { 'User-Agent': 'orion-smoke' }), ...headers };
  const lines: readonly (readonly [string, string])[] = [
    ['url', `${scheme}://${bracketed(name)}:${port}${path}`],
    ['connect-to', `::${bracketed(host)}:${port}`],
    method === 'HEAD' ? ['head', ''] : ['request', method],
    ...Object.entries(sent).map(([key, value]) => ['header', headerLine(key, value)] as const),
    ...(named.includes('accept') ? [] : [['header', 'Accept:'] as const]),
    ...(body === undefined
      ? []
      : [
          ['data-binary', `@${folder}/body-${index}`] as const,
          ...(named.includes('content-type') ? [] : [['header', 'Content-Type:'] as const]),
        ]),
    ...(verify ? [] : [['insecure', ''] as const]),
    ...(ca === undefined ? [] : [['cacert', `${folder}/ca-${index}`] as const]),
    ['max-time', (deadline / 1000).toFixed(3)],
    ['output', `/answers/${index}`],
    [
      'write-out',
      `\n${boundary} call ${index} %{http_code} %{exitcode} %{time_total} %{errormsg}\n${boundary} headers ${index}\n%{header_json}\n`,
    ],
    ['noproxy', '*'],
    ['path-as-is', ''],
    ['globoff', ''],
    ['http1.1', ''],
  ];
  return lines.map(([key, value]) => (value === '' ? `${key}\n` : `${key} = ${quoted(value)}\n`)).join('');
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** @throws Error for what would end the line: a header more, or a call more. */
function headerLine(name: string, value: string): string {
  if (!headerName.test(name) || /[\r\n\0]/.test(value)) {
    throw new Error(
      `The header ${oneLine(name, 60)} has a line break or a character that no header may have.`,
    );
  }
  return value === '' ? `${name};` : `${name}: ${value}`;
}

/** Line breaks only where they are written as such; source: curl(1), option --config. */
function quoted(value: string): string {
  if (/[\r\0]/.test(value)) throw new Error('A call has a character that no request may have.');
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** One answer per call, in their order; undefined while the log is not whole. */
export function readAnswers(log: string, boundary: string, calls: number): readonly HttpAnswer[] | undefined {
  const parts = `\n${log}`.split(`\n${boundary} `).slice(1);
  // A word of curl's own may come after it: the runtime reads both of its outputs.
  if (!parts.some((part) => /^over(?:\s|$)/.test(part))) return undefined;
  const found = new Map<string, string>();
  for (const part of parts) {
    const head = /^(call|headers|body) (\d+)[ \n]/.exec(part);
    if (head !== null) found.set(`${head[1]} ${head[2]}`, part.slice(head[0].length));
  }
  return Array.from({ length: calls }, (_, index) =>
    answerOf(found.get(`call ${index}`), found.get(`headers ${index}`), found.get(`body ${index}`)),
  );
}

function answerOf(call: string | undefined, headers: string | undefined, body = ''): HttpAnswer {
  const [status = '', exit = '', seconds = '', ...words] = (call ?? '').trim().split(' ');
  const milliseconds = Number(seconds) * 1000 || 0;
  const message = words.join(' ');
  if (call === undefined || exit !== '0') {
    const error = curlFault(Number(exit), message || 'curl said nothing of this call');
    return { headers: {}, body: '', milliseconds, error };
  }
  return {
    status: Number(status),
    headers: headersOf(headers),
    body: body.slice(0, bodyLimit),
    ...(body.length > bodyLimit ? { truncated: true } : {}),
    milliseconds,
  };
}

function headersOf(json: string | undefined): HttpAnswer['headers'] {
  try {
    return JSON.parse(json ?? '{}') as HttpAnswer['headers'];
  } catch {
    return {};
  }
}

/** By exit code, source: curl(1); TLS by OpenSSL's words behind 60, which other libraries word alike. */
function curlFault(exit: number, message: string): ConnectionFault {
  const code = {
    6: 'ENOTFOUND',
    7: /no route|unreachable/i.test(message)
      ? 'EHOSTUNREACH'
      : /timed out/i.test(message)
        ? 'ETIMEDOUT'
        : 'ECONNREFUSED',
    28: 'ETIMEDOUT',
    35: 'ERR_SSL_HANDSHAKE',
    51: 'ERR_TLS_CERT_ALTNAME_INVALID',
    52: 'ECONNRESET',
    56: 'ECONNRESET',
    60: /expired|not yet valid/i.test(message)
      ? 'CERT_HAS_EXPIRED'
      : /subject name|host ?name/i.test(message)
        ? 'ERR_TLS_CERT_ALTNAME_INVALID'
        : 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  }[exit];
  return connectionFaultOf(code, `curl: (${exit}) ${message}`);
}
