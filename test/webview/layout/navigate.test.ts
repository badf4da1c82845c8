// Arrow keys on a fork and join: 0 -> 1, 2, 3 -> 4, with a skip 0 -> 5 after 4.

import { describe, expect, it } from 'vitest';

import { layout } from '../../../webview/layout/layout.ts';
import { createNavigator } from '../../../webview/layout/navigate.ts';
import { toInput } from './graphs.ts';

const edges: [number, number][] = [
  [0, 1],
  [0, 2],
  [0, 3],
  [1, 4],
  [2, 4],
  [3, 4],
  [4, 5],
  [0, 5],
  [5, 5],
];
const input = toInput({ count: 7, edges });
const result = layout(input);
const walk = createNavigator(input, result);
const [left, middle, right] = [1, 2, 3].sort((a, b) => result.x[a]! - result.x[b]!) as [
  number,
  number,
  number,
];

describe('navigator', () => {
  it('lists neighbours from left to right, once each and without self loops', () => {
    expect(walk.consumers(0).filter((v) => v !== 5)).toEqual([left, middle, right]);
    expect(walk.producers(5).sort()).toEqual([0, 4]);
  });

  it('goes down to the consumer straight below and up again', () => {
    expect(walk.next(0, 'down')).toBe(middle);
    expect(walk.next(middle, 'down')).toBe(4);
    expect(walk.next(4, 'up')).toBe(middle);
    expect(walk.next(left, 'up')).toBe(0);
  });

  it('prefers the nearer of two that stand straight above', () => {
    expect(walk.next(5, 'up')).toBe(4);
  });

  it('goes along the row', () => {
    expect(walk.next(left, 'right')).toBe(middle);
    expect(walk.next(middle, 'right')).toBe(right);
    expect(walk.next(right, 'left')).toBe(middle);
    expect(walk.next(left, 'left')).toBe(-1);
  });

  it('ends at the ends, at lonely nodes and for unknown nodes', () => {
    expect(walk.next(0, 'up')).toBe(-1);
    expect(walk.next(5, 'down')).toBe(-1);
    expect(walk.next(6, 'down')).toBe(-1);
    expect(walk.next(-1, 'left')).toBe(-1);
    expect(walk.next(99, 'up')).toBe(-1);
  });
});
