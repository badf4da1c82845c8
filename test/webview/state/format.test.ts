// Numbers as short texts: units change where the text would be a thousand.
import { expect, it } from 'vitest';
import { formatBytes, formatCount, formatFlops } from '../../../webview/state/format.ts';

it('gives bytes in decimal units, as the planner does', () => {
  expect([0, 999, 1000, 2048, 65_536, 999_499, 999_600, 2 ** 30].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.00 kB',
    '2.05 kB',
    '65.5 kB',
    '999 kB',
    '1.00 MB',
    '1.07 GB',
  ]);
});

it('counts operations', () => {
  expect([12, 1500, 4.2e9].map(formatFlops)).toEqual(['12 FLOPs', '1.50 KFLOPs', '4.20 GFLOPs']);
  expect([12, 1_234_567, 999_950].map(formatCount)).toEqual(['12', '1.23 M', '1.00 M']);
  expect(formatCount(Number.NaN)).toBe('–');
});
