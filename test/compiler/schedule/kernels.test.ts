// Scheduled kernels as text, for people to review: npx vitest run -u test/compiler/schedule/kernels.test.ts.
import { describe, expect, it } from 'vitest';
import { layoutKey } from '../../../compiler/loop/layout.ts';
import { printProgram } from '../../../compiler/loop/print.ts';
import { blockContext, lowerBlock } from '../../../compiler/lower/block.ts';
import { channelLayout } from '../../../compiler/schedule/channelBlock.ts';
import { scheduleProgram } from '../../../compiler/schedule/scheduleProgram.ts';
import { oneBlock, prepareSpec } from '../lower/running.ts';
import type { Bytes } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import { SMALL_TARGET } from './runScheduled.ts';

interface Kernel {
  readonly name: string;
  readonly x: readonly number[];
  readonly nodes: readonly Bytes[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
}

const KERNELS: readonly Kernel[] = [
  {
    name: 'gemm-bias-gelu',
    x: [12, 20],
    nodes: [
      node('MatMul', ['x', 'w'], ['c']),
      node('Add', ['c', 'b'], ['a']),
      node('Gelu', ['a'], ['y']),
    ],
    weights: { w: [20, 24], b: [24] },
  },
  {
    name: 'conv3x3-bn-relu',
    x: [1, 8, 12, 12],
    nodes: [
      node('Conv', ['x', 'w'], ['c'], { pads: [1, 1, 1, 1] }),
      node('BatchNormalization', ['c', 's', 'b', 'm', 'v'], ['n']),
      node('Relu', ['n'], ['y']),
    ],
    weights: { w: [8, 8, 3, 3], s: [8], b: [8], m: [8], v: [8] },
  },
  {
    name: 'depthwise3x3',
    x: [1, 8, 12, 12],
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { pads: [1, 1, 1, 1], group: 8 })],
    weights: { w: [8, 1, 3, 3], b: [8] },
  },
  { name: 'softmax', x: [6, 32], nodes: [node('Softmax', ['x'], ['y'])], weights: {} },
  {
    name: 'layer-norm',
    x: [6, 32],
    nodes: [node('LayerNormalization', ['x', 's', 'b'], ['y'])],
    weights: { s: [32], b: [32] },
  },
];

describe('scheduled kernels', () => {
  it.each(KERNELS)('$name', async ({ name, x, nodes, weights }) => {
    const { model } = prepareSpec({
      opset: 20,
      inputs: [input('x', 'float32', x)],
      nodes,
      outputs: ['y'],
      initializers: Object.entries(weights).map(([weight, dims]) => {
        const elements = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i + 0.5);
        return tensor(weight, 'float32', dims, elements);
      }),
    });
    const { operators } = oneBlock(model).blocks[0]!;
    const { program, inputs } = lowerBlock(blockContext(model), operators, name.replace(/-/g, '_'));
    const constants = new Set(
      program.inputs.flatMap((buffer, i) =>
        model.graph.values[inputs[i]!]?.constant ? [buffer.name] : [],
      ),
    );
    const layouts = new Map(
      [...program.inputs, ...program.outputs].flatMap((buffer) => {
        const layout = channelLayout(buffer, SMALL_TARGET);
        return layout && !constants.has(buffer.name) ? [[buffer.name, layout] as const] : [];
      }),
    );
    const scheduled = scheduleProgram(program, { target: SMALL_TARGET, constants, layouts });
    const packed = [...scheduled.packed].map(
      ([buffer, layout]) => `${buffer}: ${layoutKey(layout)}`,
    );
    const text = `${printProgram(program)}\n${printProgram(scheduled.program)}\n${packed.join('\n')}\n`;
    await expect(text).toMatchFileSnapshot(`./kernels/${name}.txt`);
  });
});
