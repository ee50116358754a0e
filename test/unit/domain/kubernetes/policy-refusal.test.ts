import { expect, test } from 'vitest';
import { refusalSentence } from '../../../../src/domain/checks/refusal.ts';
import { withPolicyWords } from '../../../../src/domain/kubernetes/policy-refusal.ts';

const denied = (binding: string, why: string) =>
  `policy 'teams' with binding '${binding}' denied request: ${why}`;

/** The first as API server 1.36.3 said it. */
test.each([
  [
    denied(
      'teams',
      "expression 'Object{metadata: Object.metadata{labels: {'owner': object.metadata.labels['team']}}}' resulted in error: no such key: team",
    ),
    "the cluster's MutatingAdmissionPolicy teams cannot be applied: no such key: team",
  ],
  [
    denied(
      'shop',
      "expression 'x' resulted in error: type mismatch: JSONPatchType.expression should evaluate to array",
    ),
    "the cluster's MutatingAdmissionPolicy teams (binding shop) cannot be applied: type mismatch: JSONPatchType.expression should evaluate to array",
  ],
  [
    denied('teams', 'JSON Patch: replace operation does not apply: missing value'),
    "the cluster's MutatingAdmissionPolicy teams cannot be applied: JSON Patch: replace operation does not apply: missing value",
  ],
])('%s', (said, expected) => {
  expect(withPolicyWords(said)).toBe(expected);
});

test('a validating policy has words of its own', () => {
  const said = "ValidatingAdmissionPolicy 'owners' with binding 'shop' denied request: no owner label";
  expect(withPolicyWords(said)).toBe(said);
});

test('before apply it is told without what stands around it', () => {
  const said = `pods "auth-orion-dry-run" is invalid: : ${denied('teams', "expression 'a: b' resulted in error: no such key: team")}`;
  expect(refusalSentence(said)).toBe(
    "the cluster's MutatingAdmissionPolicy teams cannot be applied: no such key: team.",
  );
});
