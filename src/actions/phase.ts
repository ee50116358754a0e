/** `uses: orion/deploy@v1` with `phase`: main and post. */
import { banner } from '../runner/banner.ts';
import { runToExit } from '../runner/process.ts';

banner('phase');
await runToExit(async () => {
  // Loaded after the first line is out: a person who watches sees at once that it runs.
  const [{ runAction }, { runPhase }] = await Promise.all([
    import(/* webpackMode: "eager" */ '../wiring/action.ts'),
    import(/* webpackMode: "eager" */ '../flow/commands/phases.ts'),
  ]);
  return runAction('phase', runPhase);
});
