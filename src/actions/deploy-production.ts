/** `uses: orion/deploy-production@v1`: main and post. */
import { banner } from '../runner/banner.ts';
import { runToExit } from '../runner/process.ts';

banner('deploy-production');
await runToExit(async () => {
  // Loaded after the first line is out: a person who watches sees at once that it runs.
  const [{ runAction }, { deploy }] = await Promise.all([
    import(/* webpackMode: "eager" */ '../wiring/action.ts'),
    import(/* webpackMode: "eager" */ '../flow/commands/deploy.ts'),
  ]);
  return runAction('deploy-production', deploy);
});
