import { describe, expect, test } from 'vitest';
import { chooseRenderer, judgeTools, type Renderer } from '../../../../src/domain/checks/tools.ts';

const renderer = (name: Renderer['name'], kustomizeVersion: string): Renderer => ({
  name,
  version: 'v1',
  kustomizeVersion,
});

describe('chooseRenderer', () => {
  test.each(['v4.5.0', 'v4.5.7', 'v4.10.1', 'v5.0.0', '5.8.1', 'v10.0.0', 'unknown', '(devel)'])(
    'takes kustomize %s',
    (version) => {
      const only = renderer('kustomize', version);
      expect(chooseRenderer([only])).toBe(only);
    },
  );

  test.each(['v4.4.1', '4.2.0', 'v3.9.9', 'v0.5.0'])(
    'refuses kustomize %s, by name and versions',
    (version) => {
      expect(() => chooseRenderer([renderer('kubectl', version)])).toThrow(
        expect.objectContaining({
          reason: 'tool-version',
          message: expect.stringContaining(`kubectl v1 renders with kustomize ${version}`),
        }),
      );
    },
  );

  test('prefers the first that is recent enough to an older one before it', () => {
    const [old, first, second] = [
      renderer('kubectl', 'v4.4.0'),
      renderer('kustomize', 'v4.5.0'),
      renderer('kustomize', 'v5.8.0'),
    ];
    expect(chooseRenderer([old, first, second])).toBe(first);
    expect(chooseRenderer([second, first])).toBe(second);
  });

  test('says that there is none', () => {
    expect(() => chooseRenderer([])).toThrow(expect.objectContaining({ reason: 'tool-missing' }));
  });
});

describe('judgeTools', () => {
  test('names the renderer and the kustomize in it', () => {
    expect(judgeTools([renderer('kubectl', 'v5.8.1')])).toMatchObject([
      { level: 'pass', message: 'kubectl v1 renders (kustomize v5.8.1).' },
    ]);
  });

  test('names the release where nothing is rendered', () => {
    const record = { name: 'record', version: 'orion-shop-7', kustomizeVersion: 'unknown' } as const;
    expect(judgeTools([record])).toMatchObject([
      { level: 'pass', message: 'Nothing has to be rendered: the objects are those of orion-shop-7.' },
    ]);
  });
});
