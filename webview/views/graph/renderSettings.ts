/**
 * Settings of the canvas renderer that the library takes only when it starts. They are set on its
 * renderer, which is checked first: with another version of the library the page draws as well, slower.
 */
import type { Core } from 'cytoscape';

/** Above this many elements, measured: dragging shows a texture, and screens of high density draw at 1:1. */
export const MANY_ELEMENTS = 2000;

interface Renderer {
  textureOnViewport: boolean;
  forcedPixelRatio: number | null;
  data: { wheelZooming?: boolean };
}

/** Called whenever the number of elements on the canvas changed. */
export function adaptToSize(cy: Core, elements: number): void {
  const renderer = rendererOf(cy);
  if (!renderer) return;
  const many = elements > MANY_ELEMENTS;
  if (renderer.textureOnViewport === many) return;
  renderer.textureOnViewport = many;
  renderer.forcedPixelRatio = many ? 1 : null;
  cy.resize();
}

function rendererOf(cy: Core): Renderer | undefined {
  const found: unknown = (cy as unknown as { renderer?: () => unknown }).renderer?.();
  const known = typeof found === 'object' && found !== null && 'textureOnViewport' in found;
  return known ? (found as Renderer) : undefined;
}
