import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';
import { integerRangeOf, randomTensor } from '../../../compiler/tensor/randomInput.ts';
import { scalarsOf } from '../../../compiler/tensor/tensor.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';

function rangesOf(name: string) {
  const path = fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
  const source = openModelFile(path);
  const { graph } = inferModel(importModel(source), { bindings: new Map() });
  source.close();
  return graph.inputs.map((input) => integerRangeOf(graph, input));
}

describe('made-up inputs', () => {
  it('are the same for a seed and others for another', () => {
    const [a, b, c] = [3, 3, 4].map((seed) => randomTensor('float32', [50], seed));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('are floats that fill [-2, 2] evenly', () => {
    const numbers = scalarsOf(randomTensor('float32', [4000], 1)).map(Number);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(2);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(-2);
    for (let quarter = -2; quarter < 2; quarter++) {
      const inside = numbers.filter((x) => x >= quarter && x < quarter + 1).length;
      expect(Math.abs(inside - 1000)).toBeLessThan(120);
    }
  });

  it.each(['int64', 'int8', 'uint32', 'bool'] as const)('%s stay in their range', (dtype) => {
    const range = dtype === 'bool' ? undefined : { least: 3, most: 9 };
    const found = new Set(scalarsOf(randomTensor(dtype, [500], 1, range)).map(Number));
    expect([...found].sort()).toEqual(dtype === 'bool' ? [0, 1] : [3, 4, 5, 6, 7, 8, 9]);
  });

  it('ids stay inside the tables that the models look them up in', () => {
    const bits = { least: 0, most: 1 };
    expect(rangesOf('bert-base')).toEqual([{ least: 0, most: 30521 }, bits, bits]);
    expect(rangesOf('gpt-2')[0]).toEqual({ least: 0, most: 50256 });
    expect(rangesOf('vgg-16')).toEqual([bits]);
  });
});
