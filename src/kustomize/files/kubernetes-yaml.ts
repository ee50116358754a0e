/**
 * YAML as Kubernetes reads it. kubectl, kustomize and the API server share `sigs.k8s.io/yaml`, whose plain scalars
 * are neither YAML 1.1 nor 1.2: `0o17`, `017`, `0b1`, `1_000` and `on` are not text, but `1:30`, `12e45678` (out of
 * range) and a hexadecimal of 160 bits are. kustomize leaves unquoted whatever that library reads as text. Source of
 * the rules: `resolve.go` of its goyaml.v2.
 */
import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions } from 'yaml';

const prefix = 'tag:yaml.org,2002:';

const nothing: ScalarTag = {
  tag: `${prefix}null`,
  default: true,
  test: /^(?:~|null|Null|NULL)?$/,
  resolve: () => null,
};

const truth: ScalarTag = {
  tag: `${prefix}bool`,
  default: true,
  test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|t|on)/i.test(text),
};

/** `!!int` and `!!float`: what looks like a number but is none for Go stays text. */
const numbers: readonly ScalarTag[] = ['int', 'float'].map((name) => ({
  tag: `${prefix}${name}`,
  default: true,
  test: /^[-+.\d]/,
  resolve(text, onError) {
    const integer = integerOf(text);
    const value = integer === undefined ? floatOf(text) : Number(integer);
    if (value === undefined) return text;
    const shown = text.slice(0, 40);
    if (!Number.isFinite(value)) onError(`${shown}, which JSON cannot carry`);
    // The API machinery keeps 64-bit integers and converts larger ones to a double, as Number does.
    if (integer !== undefined && integer <= largestInteger && BigInt(value) !== integer)
      onError(`the number ${shown}, which JSON cannot carry exactly`);
    return value;
  },
}));

/** Go converts the bytes to text. */
const binary: ScalarTag = {
  tag: `${prefix}binary`,
  resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
};

/** goyaml.v2 checks the form of a timestamp, and passes on the text. */
const timestamp: ScalarTag = { tag: `${prefix}timestamp`, resolve: (text) => text };

/** Options of the `yaml` library for everything that Kubernetes' tools read or print. */
export const kubernetesYaml = {
  version: '1.2',
  schema: 'failsafe',
  customTags: [nothing, truth, ...numbers, binary, timestamp],
  merge: true,
  resolveKnownTags: false,
  prettyErrors: false,
} as const satisfies ParseOptions & DocumentOptions & SchemaOptions;

const largestInteger = 2n ** 63n - 1n;

/** `strconv.ParseInt(text, 0, 64)`, then `ParseUint`, both after underscores are taken out wherever they are. */
function integerOf(text: string): bigint | undefined {
  if (!/^[-+\d]/.test(text)) return undefined;
  // Go parses what follows `0b` again, so it may have a sign.
  const plain = text.replaceAll('_', '').replace(/^0b(?<sign>[-+])/, '$<sign>0b');
  const [, sign, digits] = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/.exec(plain) ?? [];
  if (digits === undefined) return undefined;
  const size = BigInt(digits.replace(/^0(?=\d)/, '0o'));
  const value = sign === '-' ? -size : size;
  const largest = sign === '' ? 2n ** 64n - 1n : largestInteger;
  return value >= -largestInteger - 1n && value <= largest ? value : undefined;
}

/**
 * `strconv.ParseFloat`, which refuses what is out of range. A leading dot takes a different path in Go's code than a
 * digit.
 */
function floatOf(text: string): number | undefined {
  const special = /^([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)$/.exec(text);
  if (special !== null) {
    if (special[2] !== undefined) return special[1] === '-' ? -Infinity : Infinity;
    return special[1] === '' ? Number.NaN : undefined;
  }
  const isFloat = text.startsWith('.')
    ? /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(text)
    : /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text.replaceAll('_', ''));
  const value = isFloat ? Number(text.replaceAll('_', '')) : undefined;
  return value === undefined || Number.isFinite(value) ? value : undefined;
}
