// What a case must give: the interpreter, operator by operator. Targets round in other places (fused multiply-adds, sums in
// another order), so the same run is repeated with every float result moved by a few units in the last place: outputs
// that then leave the tolerance (a jump nearby, a difference of nearly equal numbers) cannot tell right from wrong.
import type { Cells } from '../../../compiler/loop/memory.ts';
import { interpret } from '../../../compiler/loop/interpret.ts';
import type { Tensor as ReferenceTensor } from '../../../compiler/lower/runGraph.ts';
import { runGraph } from '../../../compiler/lower/runGraph.ts';
import { constantBytes } from '../../../compiler/bundle/computedConstants.ts';
import { compareTensors } from '../../../compiler/tensor/compare.ts';
import type { Tensor } from '../../../compiler/tensor/tensor.ts';
import {
  dtypeOf,
  makeTensor,
  scalarsOf,
  storageOfDtype,
  tensorOf,
} from '../../../compiler/tensor/tensor.ts';
import type { FuzzCase } from './fuzzCase.ts';

export interface Reference {
  readonly outputs: readonly Tensor[];
  /** By output: a difference beyond the tolerance is a mistake. */
  readonly stable: readonly boolean[];
}

const MOST_STEPS = 2e7;
/** Of a result, and of the numbers that were added to make it: about two units in the last place. */
const NOISE = 2.5e-7;

/** Results that are sums: exact zeros and equal results among them are luck. */
const SUMS = new Set([
  ...['Add', 'Sub', 'MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'CumSum', 'Resize', 'AveragePool'],
  ...['ReduceSum', 'ReduceMean', 'GlobalAveragePool', 'LayerNormalization', 'Softmax'],
  ...['InstanceNormalization', 'BatchNormalization', 'LogSoftmax'],
]);

/** Results that are elements of operands, unchanged. */
const COPIES = new Set([
  ...['Identity', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Concat', 'Split', 'Slice'],
  ...[
    'Pad',
    'Expand',
    'Tile',
    'Gather',
    'DepthToSpace',
    'Relu',
    'Abs',
    'Neg',
    'Max',
    'Min',
    'Clip',
  ],
  ...['ReduceMax', 'ReduceMin', 'MaxPool', 'GlobalMaxPool', 'TopK', 'Where', 'ArgMax', 'ArgMin'],
  ...['Floor', 'Ceil', 'Round', 'Sign', 'Cast', 'Less', 'Greater', 'LessOrEqual'],
]);

export function referenceOf(fuzzCase: FuzzCase): Reference {
  const outputs = run(fuzzCase, interpret);
  const moved = [1, 2].map((salt) => run(fuzzCase, movingResults(fuzzCase, salt)));
  const stable = outputs.map((output, i) =>
    moved.every((results) => compareTensors(results[i]!, output).worstOfTolerance <= 0.25),
  );
  return { outputs, stable };
}

function run(fuzzCase: FuzzCase, how: typeof interpret): readonly Tensor[] {
  const { bound, plans, inputs, source } = fuzzCase;
  const constantOf = (value: number): ReferenceTensor | undefined => {
    const { constant, known } = bound.model.graph.values[value]!;
    if (constant === undefined) return undefined;
    const { dtype, dims } = constant;
    return forInterpreter(makeTensor(dtype, dims, constantBytes(constant, source, known)));
  };
  const options = { maxSteps: MOST_STEPS, run: how, constantOf };
  const results = runGraph(bound.model, plans[0]!.plan, inputs.map(forInterpreter), options);
  return results.map(({ storage, dims, elements }) => tensorOf(dtypeOf(storage), dims, elements));
}

function forInterpreter(tensor: Tensor): ReferenceTensor {
  const { dtype, dims } = tensor;
  return { storage: storageOfDtype(dtype)!, dims, elements: scalarsOf(tensor) };
}

/** Equal elements stay equal: copies of a value are moved alike. */
function movingResults({ bound, plans }: FuzzCase, salt: number): typeof interpret {
  const { operators } = bound.model.graph;
  const { blocks } = plans[0]!.plan;
  return (program, sizes, memory, options) => {
    interpret(program, sizes, memory, options);
    const block = blocks[Number(program.name.replace('block', ''))]!;
    const { type } = operators[block.operators[0]!]!;
    if (COPIES.has(type)) return;
    const scale = SUMS.has(type)
      ? Math.max(0, ...program.inputs.map(({ name }) => largest(memory.get(name)!)))
      : 0;
    for (const { name, storage } of program.outputs) {
      if (storage !== 'f32') continue;
      const cells = memory.get(name)!;
      for (let at = 0; at < cells.length; at++) {
        const value = Number(cells.get(at));
        cells.set(at, Math.fround(value + NOISE * noise(value, salt) * (Math.abs(value) + scale)));
      }
    }
  };
}

function largest(cells: Cells): number {
  if (cells.storage !== 'f32') return 0;
  let most = 0;
  for (let at = 0; at < cells.length; at++) {
    const size = Math.abs(Number(cells.get(at)));
    if (size > most && Number.isFinite(size)) most = size;
  }
  return most;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** In [-1, 1), from the bits of the number. */
function noise(value: number, salt: number): number {
  single[0] = value;
  let bits = Math.imul(word[0]! ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 31 - 1;
}
