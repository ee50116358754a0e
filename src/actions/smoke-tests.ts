/** `uses: orion/smoke-tests@v1`. */
import { banner } from '../runner/banner.ts';
import { runToExit } from '../runner/process.ts';

banner('smoke-tests');
await runToExit(async () => {
  // Loaded after the first line is out: a person who watches sees at once that it runs.
  const [{ runAction }, { smokeTests }] = await Promise.all([
    import(/* webpackMode: "eager" */ '../wiring/action.ts'),
    import(/* webpackMode: "eager" */ '../flow/commands/smoke-tests.ts'),
  ]);
  return runAction('smoke-tests', smokeTests);
});
