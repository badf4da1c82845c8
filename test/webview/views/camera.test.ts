// What stays in view when the window changes its size. The camera works on anything that zooms and pans.
import { describe, expect, it } from 'vitest';
import type { Core } from 'cytoscape';
import { Camera } from '../../../webview/views/graph/camera.ts';
import type { NodeSpec } from '../../../webview/views/graph/elements.ts';
import { anythingSeen, middleOfRows } from '../../../webview/views/graph/places.ts';

function cameraIn(size: { clientWidth: number; clientHeight: number }): {
  camera: Camera;
  pan: { x: number; y: number };
} {
  const pan = { x: 0, y: 0 };
  const cy = {
    minZoom: () => 0,
    maxZoom: () => 0,
    resize: () => undefined,
    zoom: () => 1,
    pan: (to?: { x: number; y: number }) => Object.assign(pan, to),
    viewport: (to: { pan: { x: number; y: number } }) => Object.assign(pan, to.pan),
    panBy: ({ x, y }: { x: number; y: number }) =>
      Object.assign(pan, { x: pan.x + x, y: pan.y + y }),
  };
  const container = Object.assign(size, { addEventListener: () => undefined });
  return { camera: new Camera(cy as unknown as Core, container as unknown as HTMLElement), pan };
}

describe('a window of another size', () => {
  it('keeps its middle, and its top when the top is seen', () => {
    const size = { clientWidth: 1000, clientHeight: 800 };
    const { camera, pan } = cameraIn(size);
    camera.centre(500, 5000);
    Object.assign(size, { clientWidth: 400, clientHeight: 600 });
    camera.resized(0);
    expect(pan).toEqual({ x: 200 - 500, y: 300 - 5000 });
    camera.goTop(500, 0, 1);
    Object.assign(size, { clientWidth: 1000, clientHeight: 800 });
    camera.resized(0);
    expect(pan).toEqual({ x: 0, y: 24 });
  });
  it('is the same after it was hidden', () => {
    const size = { clientWidth: 1000, clientHeight: 800 };
    const { camera, pan } = cameraIn(size);
    camera.centre(500, 5000);
    const before = { ...pan };
    Object.assign(size, { clientWidth: 0, clientHeight: 0 });
    camera.resized(0);
    Object.assign(size, { clientWidth: 1000, clientHeight: 800 });
    camera.resized(0);
    expect(pan).toEqual(before);
  });
  it('does not move what was placed for the new size already', () => {
    const size = { clientWidth: 1000, clientHeight: 800 };
    const { camera, pan } = cameraIn(size);
    camera.resized(null);
    Object.assign(size, { clientWidth: 600 });
    camera.centre(0, 0);
    camera.resized(0);
    expect(pan).toEqual({ x: 300, y: 400 });
  });
});

describe('a restored view', () => {
  const node = (id: string, x: number, y: number): [string, NodeSpec] => [
    id,
    { id, x, y, w: 100, h: 40, label: '', classes: '' },
  ];
  const elements = { nodes: new Map([node('a', 0, 0), node('b', 200, 60)]), edges: new Map() };
  it('knows that it shows nothing, and where the graph is at its height', () => {
    const beside = { x1: 400, y1: -50, x2: 900, y2: 300 };
    expect(anythingSeen(elements, beside)).toBe(false);
    expect(middleOfRows(elements, beside)).toBe(100);
    expect(anythingSeen(elements, { ...beside, x1: 150 })).toBe(true);
    expect(middleOfRows(elements, { ...beside, y1: 100 })).toBeNull();
  });
});
