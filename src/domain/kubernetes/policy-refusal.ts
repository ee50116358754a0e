/** What the API server says when a MutatingAdmissionPolicy could not change an object (apiserver 1.36, policy/generic `PolicyError`). */

const words = /policy '([^']*)' with binding '([^']*)' denied request: /;

/**
 * The sentence of a person for that of the API server, whose expression may be as long as it likes and comes before its error:
 * `policy 'teams' with binding 'shop' denied request: expression '…' resulted in error: no such key: team`. Other texts stay as they are.
 */
export function withPolicyWords(text: string): string {
  const found = words.exec(text);
  if (found === null || text.slice(0, found.index).endsWith('ValidatingAdmission')) return text;
  const [said, policy, binding] = found;
  const rest = text.slice(found.index + said.length);
  // The expression is quoted as it is, and may itself hold these words: the last ones are the API server's.
  const error = rest.split("' resulted in error: ").at(-1) ?? rest;
  const why = rest.startsWith('expression ') ? error : rest;
  const name = policy === binding ? policy : `${policy} (binding ${binding})`;
  return `the cluster's MutatingAdmissionPolicy ${name} cannot be applied: ${why}`;
}
