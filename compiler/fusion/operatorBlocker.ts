/**
 * Why one operator can share a block with no other one, whatever the other is: no mapping type, types that
 * no kernel computes with, or tensors whose rank is not known. Symbolic sizes are no obstacle.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { DataType, ValueType } from '../graph/types.ts';
import type { CompileReason } from './plan.ts';

export interface Blocker {
  readonly reason: CompileReason;
  /** Completes "... cannot be fused: <detail>". Plain text. */
  readonly detail: string;
}

const UNSUPPORTED_TYPES: ReadonlySet<DataType> = new Set(['string', 'complex64', 'complex128']);

/** ECGs are immutable and planners ask again and again: answers are kept as long as the ECG. */
const answers = new WeakMap<Ecg, readonly (Blocker | undefined)[]>();

export function operatorBlocker(ecg: Ecg, operator: number): Blocker | undefined {
  let known = answers.get(ecg);
  if (known === undefined) {
    known = ecg.nodes.map(({ index }) => findBlocker(ecg, index));
    answers.set(ecg, known);
  }
  return known[operator];
}

function findBlocker(ecg: Ecg, operator: number): Blocker | undefined {
  const node = ecg.nodes[operator]!;
  const name = node.operator.type;
  if (node.mapping === 'opaque') {
    return {
      reason: 'opaque',
      detail: `${name} is opaque (${node.mappingNote ?? 'no mapping type'})`,
    };
  }
  for (const value of [...node.operator.inputs, ...node.operator.outputs]) {
    if (value < 0) continue;
    const { type, name: tensor } = ecg.graph.values[value]!;
    const blocker = typeBlocker(type, `${name} touches "${tensor}"`);
    if (blocker !== undefined) return blocker;
  }
  return undefined;
}

function typeBlocker(type: ValueType, who: string): Blocker | undefined {
  switch (type.kind) {
    case 'tensor':
      if (type.shape === null) return { reason: 'unbound-shape', detail: `${who} of unknown rank` };
      if (type.dtype === 'undefined') {
        return { reason: 'unbound-shape', detail: `${who} of unknown element type` };
      }
      if (UNSUPPORTED_TYPES.has(type.dtype)) {
        return { reason: 'no-kernel', detail: `${who} of type ${type.dtype}` };
      }
      return undefined;
    case 'unknown':
      return { reason: 'unbound-shape', detail: `${who} of unknown type` };
    case 'sequence':
    case 'optional':
    case 'other':
      return { reason: 'no-kernel', detail: `${who}, which is no tensor` };
  }
}
