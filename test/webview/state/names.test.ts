// Display of untrusted names, and the page's copies of the compiler's tables.
import { describe, expect, it } from 'vitest';
import { PLANNERS, VERDICT_REASONS } from '../../../compiler/fusion/plan.ts';
import { MAPPING_TYPES, MAPPING_TYPE_NAMES } from '../../../compiler/mapping/mappingTypes.ts';
import * as names from '../../../webview/state/names.ts';

describe('tables', () => {
  it('equal the compiler’s', () => {
    expect(names.MAPPING_TYPES).toEqual(MAPPING_TYPES);
    expect(names.PLANNERS).toEqual(PLANNERS);
    expect(names.VERDICT_REASONS).toEqual(VERDICT_REASONS);
    expect(names.MAPPING_NAMES).toEqual(MAPPING_TYPES.map((type) => MAPPING_TYPE_NAMES[type]));
    expect(new Set(names.MAPPING_CODES).size).toBe(MAPPING_TYPES.length);
  });
});

describe('displayName', () => {
  it('makes control, bidi and zero-width characters visible', () => {
    expect(names.displayName('a\u202Eb\u200Bc\nd\u0000')).toBe('a\uFFFDb\uFFFDc\uFFFDd\uFFFD');
  });
  it('keeps ordinary names of any script', () => {
    expect(names.displayName('畳み込み/conv_1:0')).toBe('畳み込み/conv_1:0');
  });
  it('cuts the middle of a long name and never half a character', () => {
    expect(names.displayName('abcdefghij', 5)).toBe('ab…ij');
    expect(names.displayName('😀'.repeat(10), 4)).toBe('😀😀…😀');
  });
});

it('shortens operator types', () => {
  expect(names.shortType('BatchNormalization')).toBe('BatchNorm');
  expect(names.shortType('com.microsoft.FusedConv')).toBe('FusedConv');
});
