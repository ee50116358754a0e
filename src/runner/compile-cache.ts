import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/**
 * Makes Node cache the compiled code of modules loaded from now on, for later steps of this job. RUNNER_TEMP is
 * emptied with the job, so no other job's code is ever run from it. Without that folder nothing is cached.
 */
export function cacheCompiledCode(): void {
  const folder = process.env['RUNNER_TEMP'];
  if (folder !== undefined && folder !== '') enableCompileCache(join(folder, 'orion-compile-cache'));
}
