// What fusion blocks become, as text, and that fused and unfused agree on them.
import { describe, expect, it } from 'vitest';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { floats, oneBlock, planOf, prepareSpec, programTexts, runPrepared } from './running.ts';

function program(spec: Omit<ModelSpec, 'opset'>): string[] {
  const prepared = prepareSpec({ opset: 17, ...spec });
  const [text] = programTexts(prepared, oneBlock(prepared.model));
  return text!.split('\n').filter((line) => line.startsWith('  ') && !/^ {2}(in|out) /.test(line));
}

describe('lowerBlock', () => {
  it('fuses pointwise chains, common sub-trees once', () => {
    expect(
      program({
        inputs: [input('x', 'float32', ['n', 4]), input('b', 'float32', [4])],
        nodes: [
          node('Add', ['x', 'b'], ['s']),
          node('Sigmoid', ['s'], ['g']),
          node('Mul', ['s', 'g'], ['y']),
        ],
        outputs: ['y'],
      }),
    ).toMatchInlineSnapshot(`
      [
        "  for i0 < size0 parallel",
        "    for i1 < 4",
        "      let x2: f32 = in0[i0, i1]",
        "      let x3: f32 = in1[i1]",
        "      let add_4: f32 = (x2 + x3)",
        "      let sigmoid_5: f32 = (1 / (1 + exp(neg(add_4))))",
        "      out0[i0, i1] = (add_4 * sigmoid_5)",
      ]
    `);
  });

  it('computes the exponentials of a softmax once', () => {
    expect(
      program({
        inputs: [input('x', 'float32', ['n', 8])],
        nodes: [node('Softmax', ['x'], ['y'])],
        outputs: ['y'],
      }),
    ).toMatchInlineSnapshot(`
      [
        "  local f32 softmax_t2[size0, 8]",
        "  for i3 < size0 parallel",
        "    var acc6: f32 = -Infinity",
        "    for k7 < 8",
        "      let x8: f32 = in0[i3, k7]",
        "      acc6 = max(acc6, x8)",
        "    for i4 < 8",
        "      let x5: f32 = in0[i3, i4]",
        "      softmax_t2[i3, i4] = exp((x5 - acc6))",
        "  for i0 < size0 parallel",
        "    var acc10: f32 = 0",
        "    for k11 < 8",
        "      let softmax_12: f32 = softmax_t2[i0, k11]",
        "      acc10 = (acc10 + softmax_12)",
        "    let softmax_13: f32 = (1 / acc10)",
        "    for i1 < 8",
        "      let softmax_9: f32 = softmax_t2[i0, i1]",
        "      out0[i0, i1] = (softmax_9 * softmax_13)",
      ]
    `);
  });

  it('dissolves reshapes and transposes in index maps', () => {
    expect(
      program({
        inputs: [input('x', 'float32', ['s', 12])],
        nodes: [
          node('Unsqueeze', ['x', 'axis'], ['u']),
          node('Transpose', ['u'], ['t'], { perm: [1, 0, 2] }),
          node('Flatten', ['t'], ['f']),
          node('Relu', ['f'], ['y']),
        ],
        outputs: ['y'],
        initializers: [tensor('axis', 'int64', [1], [1])],
      }),
    ).toMatchInlineSnapshot(`
      [
        "  for i0 < size0 * 12 parallel",
        "    let x1: f32 = in0[i0 div 12, i0 mod 12]",
        "    out0[0, i0] = max(x1, 0)",
      ]
    `);
  });

  it('cuts loops at the segments of Concat', () => {
    expect(
      program({
        inputs: [input('a', 'float32', ['n', 2]), input('b', 'float32', ['n', 3])],
        nodes: [node('Concat', ['a', 'b'], ['c'], { axis: 1 }), node('Relu', ['c'], ['y'])],
        outputs: ['y'],
      }),
    ).toMatchInlineSnapshot(`
      [
        "  for i0 < size0 parallel",
        "    for i1 < 2",
        "      let x2: f32 = in0[i0, i1]",
        "      out0[i0, i1] = max(x2, 0)",
        "  for i3 < size0 parallel",
        "    for i4 < 3",
        "      let x5: f32 = in1[i3, i4]",
        "      out0[i3, i4 + 2] = max(x5, 0)",
      ]
    `);
  });

  it('puts prologue and epilogue around a product', () => {
    expect(
      program({
        inputs: [
          input('x', 'float32', ['m', 'k']),
          input('w', 'float32', ['k', 'n']),
          input('b', 'float32', ['n']),
        ],
        nodes: [
          node('Relu', ['x'], ['r']),
          node('MatMul', ['r', 'w'], ['p']),
          node('Add', ['p', 'b'], ['y']),
        ],
        outputs: ['y'],
      }),
    ).toMatchInlineSnapshot(`
      [
        "  local f32 relu_t4[size0, size1]",
        "  for i5 < size0 parallel",
        "    for i6 < size1",
        "      let x7: f32 = in0[i5, i6]",
        "      relu_t4[i5, i6] = max(x7, 0)",
        "  for i0 < size0 parallel",
        "    for i1 < size2",
        "      var acc2: f32 = 0",
        "      for k3 < size1",
        "        let relu_8: f32 = relu_t4[i0, k3]",
        "        let x9: f32 = in1[k3, i1]",
        "        acc2 = (acc2 + (relu_8 * x9))",
        "      let x10: f32 = in2[i1]",
        "      out0[i0, i1] = (acc2 + x10)",
      ]
    `);
  });

  it('stores what would be computed more than once', () => {
    const lines = program({
      inputs: [input('x', 'float32', [3, 4, 5])],
      nodes: [node('Softmax', ['x'], ['y'], { axis: 1 })],
      outputs: ['y'],
    });
    expect(lines.filter((line) => line.includes('local'))).toHaveLength(3);
  });
});

describe('runGraph', () => {
  it('gives the same, fused and unfused', () => {
    const prepared = prepareSpec({
      opset: 17,
      inputs: [input('x', 'float32', ['n', 4])],
      nodes: [
        node('ReduceMean', ['x'], ['m'], { axes: [1] }),
        node('Sub', ['x', 'm'], ['c']),
        node('Mul', ['c', 'c'], ['q']),
        node('ReduceMean', ['q'], ['v'], { axes: [1] }),
        node('Sqrt', ['v'], ['d']),
        node('Div', ['c', 'd'], ['y']),
      ],
      outputs: ['y'],
    });
    const x = floats([2, 4], [1, 2, 3, 6, -1, 0, 0.5, 3]);
    const [unfused] = runPrepared(prepared, planOf(prepared.ecg, 'none'), [x]);
    const [fused] = runPrepared(prepared, oneBlock(prepared.model), [x]);
    expect(fused).toEqual(unfused);
    const row = [1, 2, 3, 6].map((v) => (v - 3) / Math.sqrt(14 / 4));
    fused!.elements.slice(0, 4).forEach((v, i) => expect(v).toBeCloseTo(row[i]!, 5));
  });
});
