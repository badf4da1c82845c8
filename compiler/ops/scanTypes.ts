/**
 * Types of Scan 25 (and Scan 8, which has a batch axis and a sequence length per batch entry in front):
 * states first, then the sequences that the body sees slice by slice.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual } from '../graph/dim.ts';
import type { ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import { normaliseAxis } from './axes.ts';
import type { InferContext } from './define.ts';
import { inferStates } from './loopState.ts';

export function scanTypes(op: InferContext): readonly ValueType[] {
  const batched = op.opset < 9;
  const all = Array.from({ length: op.inputCount }, (_, input) => op.inputType(input));
  // Scan 8: the first input is the optional list of sequence lengths.
  const inputs = batched ? all.slice(1) : all;
  const scanCount = op.int('num_scan_inputs', 1);
  if (scanCount < 1 || scanCount > inputs.length) {
    op.fail(`num_scan_inputs is ${scanCount} but the node has ${inputs.length} inputs`);
  }
  const stateCount = inputs.length - scanCount;
  const strip = (type: ValueType): ValueType => (batched ? withoutAxis(op, type, 0) : type);
  const states = inputs.slice(0, stateCount).map(strip);
  const sequences = inputs.slice(stateCount).map(strip);
  const axes = batched ? [] : (op.ints('scan_input_axes') ?? []);
  const slices = sequences.map((type, i) => withoutAxis(op, type, axes[i] ?? 0));
  const steps = stepCount(op, sequences, axes);
  const { finals, body } = inferStates(
    op,
    states,
    (types) => op.inferSubgraph('body', [...types, ...slices]),
    (outputs) => outputs.slice(0, stateCount),
    steps,
  );
  const outputAxes = batched ? [] : (op.ints('scan_output_axes') ?? []);
  const scans = body
    .slice(stateCount)
    .map((type, i) => withAxis(op, type, outputAxes[i] ?? 0, steps));
  const results = [...finals, ...scans];
  if (!batched) return results;
  const batch = batchSize(inputs) ?? op.dataDim('batch');
  return results.map((type) => withAxis(op, type, 0, batch));
}

/** All scanned sequences have one length. */
function stepCount(
  op: InferContext,
  sequences: readonly ValueType[],
  axes: readonly number[],
): Dim {
  let steps: Dim | undefined;
  sequences.forEach((type, i) => {
    if (type.kind !== 'tensor' || !type.shape) return;
    const length = type.shape[normaliseAxis(op, axes[i] ?? 0, type.shape.length)] as Dim;
    const clash = typeof steps === 'number' && typeof length === 'number';
    if (clash && !dimEqual(steps as Dim, length)) {
      op.fail(`its sequences have ${String(steps)} and ${String(length)} steps`);
    }
    if (steps === undefined || typeof length === 'number') steps = length;
  });
  return steps ?? op.dataDim('steps');
}

function batchSize(inputs: readonly ValueType[]): Dim | undefined {
  for (const type of inputs) if (type.kind === 'tensor' && type.shape) return type.shape[0];
  return undefined;
}

function withoutAxis(op: InferContext, type: ValueType, axis: number): ValueType {
  if (type.kind !== 'tensor') return UNKNOWN_TYPE;
  if (!type.shape) return type;
  const cut = normaliseAxis(op, axis, type.shape.length);
  return tensorType(
    type.dtype,
    type.shape.filter((_, at) => at !== cut),
  );
}

function withAxis(op: InferContext, type: ValueType, axis: number, size: Dim): ValueType {
  if (type.kind !== 'tensor') return UNKNOWN_TYPE;
  if (!type.shape) return type;
  const at = normaliseAxis(op, axis, type.shape.length + 1);
  return tensorType(type.dtype, [...type.shape.slice(0, at), size, ...type.shape.slice(at)]);
}
