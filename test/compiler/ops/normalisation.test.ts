import { describe, expect, it } from 'vitest';
import { FAMILY } from '../../../compiler/ops/normalisation.ts';
import { FAMILY as SOFTMAX } from '../../../compiler/ops/softmax.ts';
import { entryNamed, flopsOf, inferText, mappingOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;

describe('BatchNormalization', () => {
  const entry = entryNamed(FAMILY, 'BatchNormalization');
  const constants = { inputs: [f('n,8,4,4'), f('8!'), f('8!'), f('8!'), f('8!')] };

  it('keeps the shape; statistics have one entry per channel', () => {
    expect(inferText(entry, constants).slice(0, 2)).toEqual([f('n×8×4×4'), f('8')]);
    const wrong = { inputs: [f('n,8,4,4'), f('9!'), f('9!'), f('9!'), f('9!')] };
    expect(inferText(entry, wrong)[0]).toMatch(/8 channels/);
  });

  it('is One-to-One with constant parameters, One-to-Many with runtime ones, Many-to-Many in training', () => {
    expect(mappingOf(entry, constants)).toEqual({
      node: 'one-to-one',
      edges: ['one-to-one', 'one-to-many', 'one-to-many', 'one-to-many', 'one-to-many'],
    });
    const runtime = { inputs: [f('n,8,4,4'), f('8'), f('8!'), f('8!'), f('8!')] };
    expect(mappingOf(entry, runtime).node).toBe('one-to-many');
    const training = { ...constants, attributes: { training_mode: 1 } };
    expect(mappingOf(entry, training).node).toBe('many-to-many');
  });

  it('counts a multiplication and an addition', () => {
    expect(flopsOf(entry, { inputs: [f('2,8,4,4'), f('8!'), f('8!'), f('8!'), f('8!')] })).toBe(
      '512',
    );
  });
});

describe('LayerNormalization', () => {
  const entry = entryNamed(FAMILY, 'LayerNormalization');
  it('gives statistics with the normalised axes of length 1', () => {
    const spec = { inputs: [f('b,s,768'), f('768!'), f('768!')] };
    expect(inferText(entry, spec)).toEqual([f('b×s×768'), f('b×s×1'), f('b×s×1')]);
    const half = { inputs: ['float16 2,3,4', 'float16 4!'], attributes: { axis: 1 } };
    expect(inferText(entry, half)).toEqual(['float16 2×3×4', f('2×1×1'), f('2×1×1')]);
    expect(inferText(entry, { ...spec, attributes: { axis: 3 } })[0]).toMatch(/axis 3/);
    expect(mappingOf(entry, spec)).toEqual({
      node: 'many-to-many',
      edges: ['many-to-many', 'one-to-many', 'one-to-many'],
    });
  });
});

it('the others keep the shape and are Many-to-Many', () => {
  for (const [name, count] of [
    ['InstanceNormalization', 3],
    ['GroupNormalization', 3],
    ['RMSNormalization', 2],
    ['LRN', 1],
    ['LpNormalization', 1],
    ['MeanVarianceNormalization', 1],
  ] as const) {
    const spec = {
      inputs: [f('n,6,5,5'), f('6!'), f('6!')].slice(0, count),
      attributes: { num_groups: 2, size: 3 },
    };
    const entry = entryNamed(FAMILY, name);
    expect(inferText(entry, spec), name).toEqual([f('n×6×5×5')]);
    expect(mappingOf(entry, spec).node, name).toBe('many-to-many');
  }
});

it('GroupNormalization refuses channels that do not divide', () => {
  const spec = { inputs: [f('1,6,4'), f('6!'), f('6!')], attributes: { num_groups: 4 } };
  expect(inferText(entryNamed(FAMILY, 'GroupNormalization'), spec)[0]).toMatch(/6 channels/);
});

describe('Softmax', () => {
  const entry = entryNamed(SOFTMAX, 'Softmax');
  it.each([
    ['last axis by default', 13, undefined, '2,3,4', 'many-to-many'],
    ['axis of length 1', 13, 1, '2,1,4', 'one-to-one'],
    ['axis of length 1 before opset 13 spans the rest', 11, 1, '2,1,4', 'many-to-many'],
    ['default axis 1 before opset 13', 11, undefined, '2,1,1', 'one-to-one'],
  ])('%s', (_, opset, axis, shape, type) => {
    const attributes: Record<string, number> = axis === undefined ? {} : { axis };
    const spec = { inputs: [f(shape)], opset, attributes };
    expect(mappingOf(entry, spec).node).toBe(type);
    expect(inferText(entry, spec)).toEqual([f(shape.replaceAll(',', '×'))]);
  });

  it('refuses an axis outside the rank', () => {
    expect(inferText(entry, { inputs: [f('2,3')], attributes: { axis: 2 } })[0]).toMatch(/axis 2/);
  });
});
