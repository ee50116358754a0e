import { describe, expect, it } from 'vitest';
import { createYamlFiles } from '../../../src/kustomize/files/yaml-source.ts';
import { renderFailure } from '../../../src/kustomize/render-failure.ts';

const nested =
  "accumulating resources: accumulation err='accumulating resources from '../../w/o': '/w/o' must resolve to a file': recursed accumulation of path '/w/o': accumulating resources: accumulation err='accumulating resources from '../base': '/w/base' must resolve to a file': recursed accumulation of path '/w/base': accumulating resources: accumulating resources from 'd.yaml': MalformedYAMLError: yaml: line 2: mapping values are not allowed in this context in File: d.yaml";

function failure(stderr: string) {
  const files = createYamlFiles();
  return renderFailure({ stderr, overlay: '/w/o', wrapper: '/t/orion-render-x', workspace: '/w', files });
}

describe('renderFailure', () => {
  it.each([
    ['kubectl', `error: ${nested}\n`],
    ['kustomize', `Error: ${nested}\n`],
    [
      'kustomize with a warning',
      `# Warning: 'bases' is deprecated. Please use 'resources' instead.\nError: ${nested}\n`,
    ],
    ['a log line', `E1123 18:03:29.918556   19794 run.go:72] "command failed" err="${nested}"\n`],
    ['a log block', `E1123 18:03:29.918556   19794 run.go:72] "command failed" err=<\n\t${nested}\n >\n`],
  ])('reads what %s writes', (_, stderr) => {
    const { message, location } = failure(stderr);
    expect(message).toBe(
      'The overlay does not render: base/d.yaml is not valid YAML in line 2 or before: mapping values are not allowed in this context.',
    );
    expect(location).toStrictEqual({ file: 'base/d.yaml', line: 2 });
  });

  it('defuses and shortens what it does not know', () => {
    const { message } = failure(
      `Error: \u001b[31mred\u0007 in /t/orion-render-x/kustomization.yaml ${'x'.repeat(1000)}\n::error::second line\n`,
    );
    expect(message).toMatch(/^The overlay does not render: {2}\[31mred {2}in kustomization\.yaml x{20}/);
    expect(message).not.toMatch(/second line|\p{Cc}/u);
    expect(message.length).toBeLessThan(500);
  });

  it('says something when the renderer says nothing', () => {
    expect(failure('').message).toBe(
      'The overlay does not render: the renderer failed without a message (o/kustomization.yaml).',
    );
  });
});
