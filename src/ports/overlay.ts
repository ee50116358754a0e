/** The rendered overlay. */
import type { Renderer } from '../domain/checks/tools.ts';
import type { KubernetesObject, ObjectReference } from '../domain/kubernetes/objects.ts';
import type { FieldPath, SourceLocation } from '../domain/kubernetes/source-location.ts';

export interface Overlay {
  readonly objects: readonly KubernetesObject[];
  /** The namespace that the overlay sets, or the only one that its objects name. */
  readonly namespace?: string;
  /** Every namespace that objects name. */
  readonly namespaces: readonly string[];
  readonly renderer: Renderer;
  locate(reference: ObjectReference, path?: FieldPath): SourceLocation;
}

export interface OverlayRenderer {
  findRenderers(): Promise<readonly Renderer[]>;
  render(): Promise<Overlay>;
  /** The namespace that the overlay's own kustomization sets; nothing is rendered. Throws as `render` if there is no overlay. */
  ownNamespace(): string | undefined;
}
