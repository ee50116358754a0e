/** The rendered overlay. */
import type { Renderer } from '../domain/checks/tools.ts';
import type { KubernetesObject, ObjectReference } from '../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../domain/kubernetes/source-location.ts';

/** The objects of an overlay as Kustomize rendered them, and where in its files each field comes from. */
export interface Overlay {
  readonly objects: readonly KubernetesObject[];
  /** The `namespace:` of the overlay's kustomization, else the only namespace that objects name. */
  readonly namespace?: string;
  /** Every namespace that objects name, sorted. */
  readonly namespaces: readonly string[];
  readonly renderer: Renderer;
  /**
   * The line to edit to change the field (without `path`: the object), relative to the workspace. Falls back to the
   * overlay's kustomization file.
   */
  locate(reference: ObjectReference, path?: FieldPath): SourceLocation;
}

/** Renders the overlay of this run. */
export interface OverlayRenderer {
  /** The programs on this machine that can render, preferred first; empty without any. */
  findRenderers(): Promise<readonly Renderer[]>;
  render(): Promise<Overlay>;
  /** The namespace that the overlay's own kustomization sets; nothing is rendered. Throws as `render` if there is no overlay. */
  ownNamespace(): string | undefined;
}
