import type { Finding } from '../checks.ts';

export interface Renderer {
  readonly name: 'kubectl' | 'kustomize';
  /** `v1.36.3`; `unknown` when the program does not say. */
  readonly version: string;
  /** The version of the kustomize inside. Origin annotations need 4.2. */
  readonly kustomizeVersion: string;
}

const oldestMajor = 4;
const oldestMinor = 2;

/** Only what rendering needs is a tool; curl and jq are not. */
export function judgeTools(renderers: readonly Renderer[]): readonly Finding[] {
  const usable = renderers.filter((renderer) => isRecent(renderer.kustomizeVersion));
  const chosen = usable[0];
  if (chosen !== undefined) {
    return [
      {
        level: 'pass',
        reason: 'ok',
        message: `${chosen.name} ${chosen.version} renders (kustomize ${chosen.kustomizeVersion}).`,
        remedy: '',
      },
    ];
  }
  const old = renderers[0];
  if (old !== undefined) {
    return [
      {
        level: 'fail',
        reason: 'tool-version',
        message: `${old.name} brings kustomize ${old.kustomizeVersion}, which cannot say where an object comes from.`,
        remedy: `Install kubectl 1.22 or newer, or kustomize ${oldestMajor}.${oldestMinor} or newer, on the runner.`,
      },
    ];
  }
  return [
    {
      level: 'fail',
      reason: 'tool-missing',
      message: 'Neither kubectl nor kustomize is on PATH, so the overlay cannot be rendered.',
      remedy:
        'Use a runner that has kubectl (ubuntu-latest does), or add azure/setup-kubectl before this step.',
    },
  ];
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
