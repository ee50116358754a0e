/** The rendered overlay. */
import type { Renderer } from '../domain/checks/tools.ts';
import type { KubernetesObject, ObjectReference } from '../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../domain/kubernetes/source-location.ts';

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

export interface OverlayRenderer {
  findRenderers(): Promise<readonly Renderer[]>;
  render(): Promise<Overlay>;
  /** The namespace that the overlay's own kustomization sets; nothing is rendered. Throws as `render` if there is no overlay. */
  ownNamespace(): string | undefined;
}
