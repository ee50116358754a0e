/**
 * In the bundles in the place of iconv-lite, whose tables weigh 280 kB in each. mysql2 asks it for what Buffer does not know: a server
 * whose own character set is one of those speaks it until it is told ours, UTF-8. Node.js knows most of them.
 */
exports.getDecoder = (encoding) => {
  const decoder = decoderOf(encoding);
  return { write: (bytes) => decoder.decode(bytes), end: () => '' };
};

exports.getEncoder = () => ({ write: (text) => Buffer.from(text), end: () => undefined });

function decoderOf(encoding) {
  try {
    return new TextDecoder(encoding);
  } catch {
    return new TextDecoder('latin1');
  }
}
