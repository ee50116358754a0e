/** `npm run bench -- statuses --cases FOLDER`: what we say of objects whose health others have published. */
import { genericStatus } from '../../src/domain/status/generic/generic.ts';
import { statusOf } from '../../src/domain/status/table.ts';
import { agreementLines, agreementOf, headline, shareOf } from './agreement.ts';
import { readCases } from './cases.ts';

/** Percent. */
const wanted = 97;

/** Whether enough agree and nothing broken is called current. */
export async function benchStatuses(folder: string): Promise<boolean> {
  if (folder === '')
    throw new Error('Name the folder of the cases: npm run bench -- statuses --cases FOLDER.');
  const cases = await readCases(folder);
  const agreement = agreementOf(cases, statusOf);
  const generic = agreementOf(cases, genericStatus);
  console.log(agreementLines(agreement).join('\n'));
  console.log(
    `By the generic rule alone: ${headline(generic)}; ${generic.falseGreens.length} false greens, ${generic.falseReds.length} false reds`,
  );
  return shareOf(agreement) >= wanted && agreement.falseGreens.length === 0;
}
