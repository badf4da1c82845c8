// Labels of edges keep clear of boxes and of each other.
import { describe, expect, it } from 'vitest';
import { LabelPlaces } from '../../../webview/views/graph/labelPlaces.ts';

const label = '1×32×112';
/** Down beside a box, as routed edges go. */
const points = [0, 0, 60, 40, 60, 300, 0, 340];

describe('labels', () => {
  it('stay in the middle when it is free', () => {
    expect(new LabelPlaces([]).place({ label, points })).toEqual({ dx: 0, dy: 0 });
    expect(new LabelPlaces([]).place({ label, points: [0, 0, 0, 40] })).toEqual({ dx: 0, dy: 0 });
  });
  it('step along the line to where no box is', () => {
    const box = { x: 0, y: 170, w: 100, h: 80 };
    const offset = new LabelPlaces([box]).place({ label, points })!;
    expect(offset.dx).toBe(0);
    expect(Math.abs(offset.dy)).toBeGreaterThanOrEqual(48);
    expect(Math.abs(offset.dy)).toBeLessThan(60);
  });
  it('are not shown where there is no place', () => {
    const wall = { x: 0, y: 170, w: 400, h: 1000 };
    expect(new LabelPlaces([wall]).place({ label, points })).toBeNull();
  });
  it('keep clear of labels before them', () => {
    const places = new LabelPlaces([]);
    places.place({ label, points });
    const second = places.place({ label, points })!;
    expect(Math.abs(second.dy)).toBeGreaterThanOrEqual(16);
  });
});
