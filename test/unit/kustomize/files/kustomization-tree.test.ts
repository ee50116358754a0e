import { describe, expect, it } from 'vitest';
import { isRemote } from '../../../../src/kustomize/files/kustomization-tree.ts';

describe('isRemote', () => {
  it.each([
    'https://example.test/base',
    'HTTP://example.test/base.yaml',
    'ssh://git@example.test:2222/orion/base',
    'file:///srv/base.git',
    'git::https://example.test/orion/base',
    'git@github.com:orion/base',
    'git@example.test/orion/base',
    'deploy@example.test:orion/base.git',
    'gh:orion/base',
    'github.com/orion/base',
    'www.github.com/orion/base',
    'gitlab.com/orion/base//deploy?ref=main',
    'bitbucket.org:orion/base',
    'example.test/orion/base.git',
    'example.test/orion/_git/base',
    'example.test/orion//deploy',
    'orion/base?ref=v1',
    'orion/base?timeout=90s&submodules=false',
  ])('%s is fetched', (value) => {
    expect(isRemote(value)).toBe(true);
  });

  it.each([
    '.',
    '..',
    '../base',
    './base',
    'deployment.yaml',
    'v1.2/base',
    '../v1.2//base',
    'components/a@2x/icons.yaml',
    'a:b.yaml',
    'C/d.yaml',
    'base/github.com/notes.yaml',
    'apiVersion: v1\nkind: Secret\nstringData: {url: "https://example.test"}',
  ])('%j is a file', (value) => {
    expect(isRemote(value)).toBe(false);
  });
});
