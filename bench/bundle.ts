import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';

/**
 * Copies the bundle of an action, and the shared one that it loads, so that a build meanwhile changes nothing. A bundle of before
 * there was a shared one is copied alone.
 * @param bundle a folder of dist/
 * @param folder where the copies go; it may be shared with nothing else that is called `orion`
 * @returns the folder of the copied bundle
 */
export async function copyBundle(bundle: string, folder: string): Promise<string> {
  const copy = join(folder, basename(bundle));
  await cp(bundle, copy, { recursive: true });
  const shared = join(bundle, '../orion');
  if (existsSync(shared)) await cp(shared, join(folder, 'orion'), { recursive: true });
  return copy;
}
