/** Texts of `Warning: 299 - "text"` headers (RFC 7234 section 5.5); several may share one header line. */
export function parseWarnings(header: string | readonly string[] | undefined): string[] {
  const lines = header === undefined ? [] : [header].flat();
  return lines.flatMap((line) =>
    [...line.matchAll(/\b299\s+\S+\s+"((?:[^"\\]|\\.)*)"/g)].map((match) =>
      (match[1] ?? '').replace(/\\(.)/g, '$1'),
    ),
  );
}
