import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../src/domain/result.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { crashLoop, endpointDown, refused } from './fixtures/failure.ts';
import { cancelled, planned, unchanged } from './fixtures/quiet.ts';
import { success } from './fixtures/success.ts';

const examples = { success, crashLoop, refused, endpointDown, unchanged, planned, cancelled };

describe('examples, committed for reviewers to read', () => {
  it.each(Object.entries(examples))('%s', async (name, result) => {
    await expect(renderSummary(result)).toMatchFileSnapshot(`fixtures/summary/${name}.md`);
  });
});
