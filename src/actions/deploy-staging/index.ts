/** `uses: orion/deploy-staging@v1`: main and post. */
import { banner } from '../../runner/banner.ts';
import { cacheCompiledCode } from '../../runner/compile-cache.ts';
import { runToExit } from '../../runner/process.ts';

banner('deploy-staging');
cacheCompiledCode();
await runToExit(async () => {
  // A separate bundle, loaded after the first line is printed, so that the log shows at once that the action runs.
  const { runNamedAction } = await import(/* webpackIgnore: true */ '../orion/index.ts');
  return runNamedAction('deploy-staging');
});
