// The ECG of small models as text, its estimates, and what its checks find.
import { describe, expect, it } from 'vitest';
import { expectGolden } from '../../goldens.ts';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { printEcg } from '../../../compiler/ecg/print.ts';
import { verifyEcg } from '../../../compiler/ecg/verify.ts';
import { inferSpec, ints } from '../infer/inferring.ts';
import type { ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';

function ecgOf(spec: ModelSpec, bindings: Readonly<Record<string, number>> = {}): Ecg {
  const ecg = buildEcg(inferSpec(spec, bindings), new Map(Object.entries(bindings)));
  expect(verifyEcg(ecg)).toEqual([]);
  return ecg;
}

/** One convolution block with a residual, a head that reduces, and attention-like broadcasting. */
const network: ModelSpec = {
  inputs: [
    input('x', 'float32', ['batch', 8, 16, 16]),
    input('mask', 'float32', ['batch', 1, 1, 16]),
  ],
  initializers: [
    tensor('w', 'float32', [8, 8, 3, 3], new Array<number>(576).fill(0)),
    tensor('b', 'float32', [8], new Array<number>(8).fill(0)),
    tensor('slope', 'float32', [8, 1, 1], new Array<number>(8).fill(0)),
    tensor('half', 'float32', [], [0.5]),
    ints('spatial', [2, 3]),
    ints('last', [-1]),
    ints('zero', [0]),
  ],
  nodes: [
    node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
    node('PRelu', ['c', 'slope'], ['r']),
    node('Add', ['r', 'x'], ['a']),
    node('Mul', ['a', 'half'], ['h']),
    node('Add', ['h', 'mask'], ['m']),
    node('Transpose', ['m'], ['t'], { perm: [0, 2, 3, 1] }),
    node('ReduceMean', ['m', 'spatial'], ['pooled'], { keepdims: 0 }),
    node('Shape', ['x'], ['s']),
    node('Slice', ['s', 'zero', 'spatial0', 'zero'], ['front']),
    node('Concat', ['front', 'last'], ['target'], { axis: 0 }),
    node('Reshape', ['t', 'target'], ['flat']),
    node('TopK', ['pooled', 'k'], ['best', '']),
  ],
  outputs: ['flat', 'best'],
};
const spec: ModelSpec = {
  ...network,
  initializers: [...(network.initializers ?? []), ints('spatial0', [1]), ints('k', [3])],
};

describe('the extended computational graph', () => {
  it('carries mapping types, properties, FLOPs and result sizes', () => {
    expectGolden(new URL('./network.ecg.txt', import.meta.url), printEcg(ecgOf(spec)));
  });

  it('ranks with default sizes while they are open, with the bound ones else', () => {
    const [open] = ecgOf(spec).nodes;
    expect(open?.flopsEstimate).toBe(2 * 72 * 2048 + 2048);
    expect(open?.irsEstimate).toBe(2048 * 4);
    const [bound] = ecgOf(spec, { batch: 4 }).nodes;
    expect(bound?.irs).toBe(4 * 2048 * 4);
    expect(bound?.irsEstimate).toBe(4 * 2048 * 4);
  });

  it('has one edge per tensor and consumer, with all slots that read it', () => {
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [4])],
      nodes: [node('Exp', ['x'], ['e']), node('Mul', ['e', 'e'], ['y'])],
      outputs: ['y'],
    });
    expect(ecg.edges).toHaveLength(1);
    expect(ecg.edges[0]).toMatchObject({ from: 0, to: 1, slots: [0, 1], bytes: 16 });
    expect(ecg.nodes[0]).toMatchObject({ consumers: [1], producers: [], isGraphOutput: false });
    expect(ecg.nodes[1]).toMatchObject({ consumers: [], producers: [0], isGraphOutput: true });
  });

  it('shows what subgraphs read as edges without slots', () => {
    const body = { nodes: [node('Relu', ['e'], ['t'])], outputs: ['t'] };
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [4]), input('c', 'bool', [])],
      nodes: [
        node('Exp', ['x'], ['e']),
        node('If', ['c'], ['y'], { then_branch: { graph: body }, else_branch: { graph: body } }),
      ],
      outputs: ['y'],
    });
    expect(ecg.edges).toMatchObject([{ from: 0, to: 1, slots: [], mapping: 'opaque' }]);
  });

  it('has an edge without bytes where only a size that the data decides is read', () => {
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [8]), input('z', 'float32', [1])],
      nodes: [
        node('NonZero', ['x'], ['found']),
        node('Shape', ['found'], ['s'], { start: 1 }),
        node('Expand', ['z', 's'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(ecg.nodes.map(({ operator }) => operator.type)).toEqual(['NonZero', 'Expand']);
    expect(ecg.edges).toMatchObject([{ from: 0, to: 1, slots: [], bytes: 0, mapping: 'opaque' }]);
    expect(ecg.nodes[1]?.producers).toEqual([0]);
  });

  it('takes an expression of sizes for an immediate, as it does a number', () => {
    const scaled = (bindings: Readonly<Record<string, number>>): string[] =>
      ecgOf(
        {
          inputs: [input('x', 'float32', ['n', 4])],
          initializers: [ints('zero', 0)],
          nodes: [
            node('Shape', ['x'], ['s']),
            node('Gather', ['s', 'zero'], ['size']),
            node('Cast', ['x'], ['i'], { to: 7 }),
            node('Mul', ['i', 'size'], ['y']),
          ],
          outputs: ['y'],
        },
        bindings,
      ).nodes.map(({ operator, mapping }) => `${operator.type} ${mapping}`);
    expect(scaled({})).toEqual(['Cast one-to-one', 'Mul one-to-one']);
    expect(scaled({ n: 3 })).toEqual(scaled({}));
  });

  it('marks what is computed from constants alone', () => {
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [5000])],
      initializers: [tensor('w', 'float32', [5000], new Array<number>(5000).fill(1))],
      nodes: [node('Abs', ['w'], ['v']), node('Mul', ['x', 'v'], ['y'])],
      outputs: ['y'],
    });
    expect(ecg.nodes.map(({ isConstant }) => isConstant)).toEqual([true, false]);
  });

  it('shows unknown operators as opaque', () => {
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [4])],
      nodes: [node('Strange', ['x'], ['y'], {}, { domain: 'other' })],
      outputs: ['y'],
      opset: { '': 18, other: 1 },
    });
    expect(ecg.nodes[0]).toMatchObject({
      mapping: 'opaque',
      edgeMappings: ['opaque'],
      mappingNote: 'unknown operator',
    });
  });

  it('counts packed element types by their bits', () => {
    const ecg = ecgOf({
      inputs: [input('x', 'float32', [5]), input('s', 'float32', [])],
      initializers: [tensor('z', 'int4', [], [0])],
      nodes: [node('QuantizeLinear', ['x', 's', 'z'], ['y'])],
      outputs: ['y'],
      opset: 21,
    });
    expect(ecg.nodes[0]?.irs).toBe(3);
  });
});

describe('its checks', () => {
  it('find an edge that does not fit its ends', () => {
    const ecg = ecgOf(spec);
    const [first, ...rest] = ecg.edges;
    const broken: Ecg = { ...ecg, edges: [{ ...first!, from: first!.to }, ...rest] };
    expect(verifyEcg(broken)).toContain("edge 0 does not start at its value's producer");
  });

  it('find a missing mapping type', () => {
    const ecg = ecgOf(spec);
    const [first, ...rest] = ecg.nodes;
    const broken: Ecg = { ...ecg, nodes: [{ ...first!, edgeMappings: [] }, ...rest] };
    expect(verifyEcg(broken)).toEqual(['node 0 has 0 edge mappings']);
  });
});
