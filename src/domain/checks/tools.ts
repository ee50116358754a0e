import { Fault } from '../failure/fault.ts';
import type { Finding } from './finding.ts';

/** What the objects were rendered with, as the check of tools and the result document name it. */
export interface Renderer {
  /** `record`: nothing is rendered, the objects are those of the release in `version`. */
  readonly name: 'kubectl' | 'kustomize' | 'record';
  /** `v1.36.3`; `unknown` when the program does not say. */
  readonly version: string;
  /** The version of the kustomize inside. */
  readonly kustomizeVersion: string;
}

/** The kustomize version that writes all origin annotations; included in kubectl since 1.25. */
const oldest = { major: 4, minor: 5 };

/** @throws Fault `tool-missing` or `tool-version`, which the tools check reports. */
export function chooseRenderer<Found extends Renderer>(renderers: readonly Found[]): Found {
  const usable = renderers.find((renderer) => isRecent(renderer.kustomizeVersion));
  if (usable !== undefined) return usable;
  const [old] = renderers;
  if (old !== undefined) {
    throw new Fault(
      'tool-version',
      `${old.name} ${old.version} renders with kustomize ${old.kustomizeVersion}, which does not record the origin of objects.`,
      'Install kubectl 1.25 or kustomize 4.5 or later on the runner.',
    );
  }
  throw new Fault(
    'tool-missing',
    'Neither kubectl nor kustomize is on PATH, so the overlay cannot be rendered.',
    'Use a runner that has kubectl (ubuntu-latest does), or add azure/setup-kubectl before this step.',
  );
}

/** Only the renderer is required; curl and jq are not. */
export function judgeTools(renderers: readonly Renderer[]): readonly Finding[] {
  const chosen = chooseRenderer(renderers);
  const message =
    chosen.name === 'record'
      ? `Nothing has to be rendered: the objects are those of ${chosen.version}.`
      : `${chosen.name} ${chosen.version} renders (kustomize ${chosen.kustomizeVersion}).`;
  return [{ level: 'pass', reason: 'ok', message, remedy: '' }];
}

/** A program of unknown version is tried. */
function isRecent(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return true;
  return Number(major) > oldest.major || (Number(major) === oldest.major && Number(minor) >= oldest.minor);
}
