import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../src/inputs/nearest-name.ts';
import { inputs } from '../../../src/inputs/registry.ts';

const names = inputs.map((entry) => entry.name);

describe('nearestName', () => {
  it.each([
    ['time-out', 'timeout'],
    ['timout', 'timeout'],
    ['dryrun', 'dry-run'],
    ['dry_run', 'dry-run'],
    ['overlays', 'overlay'],
    ['name-space', 'namespace'],
    ['health-retry', 'health-retries'],
    ['kube-config', 'kubeconfig'],
    ['allow-remote-base', 'allow-remote-bases'],
  ])('%s means %s', (wrong, meant) => {
    expect(nearestName(wrong, names)).toBe(meant);
  });

  it.each(['completely-else', 'x', 'zzzzzzzzzzzz'])('%s means nothing', (wrong) => {
    expect(nearestName(wrong, names)).toBeUndefined();
  });

  it('finds every name after one wrong letter', () => {
    const misspelt = fc
      .tuple(fc.constantFrom(...names), fc.nat(), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'))
      .map(([name, at, letter]) => {
        const place = at % name.length;
        return { name, wrong: name.slice(0, place) + letter + name.slice(place + 1) };
      })
      .filter(({ name, wrong }) => !names.some((other) => other !== name && other === wrong));
    fc.assert(
      fc.property(misspelt, ({ name, wrong }) => {
        expect(nearestName(wrong, names)).toBe(name);
      }),
    );
  });
});
