import { describe, expect, it } from 'vitest';
import { HEAT_STEPS, formatMs, heatOf } from '../../../webview/state/times.ts';

describe('times', () => {
  it('read with three digits in the unit that fits', () => {
    expect(
      [0, 0.0000042, 0.0004, 0.00996, 0.84, 0.9999, 12.345, 999.6, 1234, NaN].map(formatMs),
    ).toEqual([
      '0 µs',
      '0.004 µs',
      '0.4 µs',
      '10 µs',
      '840 µs',
      '1.00 ms',
      '12.3 ms',
      '1.00 s',
      '1.23 s',
      '–',
    ]);
  });

  it('have a heat between none and the hottest', () => {
    expect(heatOf(10, 10)).toBe(HEAT_STEPS - 1);
    expect(heatOf(0, 10)).toBe(0);
    expect(heatOf(NaN, 10)).toBe(-1);
    expect(heatOf(1, 10)).toBeGreaterThan(heatOf(0.1, 10));
    expect(heatOf(0, 0)).toBe(0);
  });
});
