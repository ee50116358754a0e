/** The objects of an earlier release in place of a rendered overlay. */
import type { ReleaseBody } from '../../domain/release/record.ts';
import type { Overlay, OverlayRenderer } from '../../ports/overlay.ts';
import type { StoredRelease } from '../../ports/release-store.ts';

/** Answers as a renderer whose overlay was rendered already; no file is read and no program runs. */
export function recordedOverlay(
  { name, head }: StoredRelease,
  { rendered }: ReleaseBody,
  namespace: string,
): OverlayRenderer {
  const renderer = { name: 'record', version: name, kustomizeVersion: 'unknown' } as const;
  const overlay: Overlay = {
    objects: rendered,
    namespace,
    namespaces: [namespace],
    renderer,
    // The files may have changed since: the overlay is the closest location.
    locate: () => ({ file: `${head.overlay}/kustomization.yaml`, line: 1 }),
  };
  return {
    findRenderers: async () => [renderer],
    render: async () => overlay,
    ownNamespace: () => namespace,
  };
}
