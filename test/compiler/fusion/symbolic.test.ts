// Dim bindings only rank: copies of the models with symbolic batch and sequence give the same blocks.
import { describe, expect, it } from 'vitest';
import { dimSymbol, formatDim } from '../../../compiler/graph/dim.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import type { KnownTensor, Model, SymbolInfo, Value } from '../../../compiler/graph/graph.ts';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { NO_EDITS, PLANNERS } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { modelEcg } from './modelEcg.ts';

const BATCH = dimSymbol('batch');
const SEQUENCE = dimSymbol('sequence');

function withSymbols(model: Model, change: (value: Value) => Value, sequence = 64): Model {
  const input = (name: string, fallback: number): [string, SymbolInfo] => [
    name,
    { name, origin: 'input', fallback },
  ];
  const symbols = new Map([...model.symbols, input('batch', 1), input('sequence', sequence)]);
  const values = model.graph.values.map(change);
  return { ...model, symbols, graph: { ...model.graph, values } };
}

function withShape(value: Value, change: (shape: readonly Dim[]) => readonly Dim[]): Value {
  if (value.type.kind !== 'tensor' || value.type.shape === null) return value;
  return { ...value, type: { ...value.type, shape: change(value.type.shape) } };
}

/** Inputs get a symbolic batch. Outputs lose what the file says of them. */
function symbolicBatch(model: Model): Model {
  return withSymbols(model, (value) => {
    if (value.isInput) return withShape(value, ([, ...rest]) => [BATCH, ...rest]);
    return value.isOutput ? { ...value, type: { kind: 'unknown' } } : value;
  });
}

/**
 * Batch and sequence of inputs, and of what the exporter computed from them: target shapes of Reshape and
 * Expand, and the index tensors of the position embedding and the attention mask.
 */
function symbolicSequence(length: number, fallback = 64): (model: Model) => Model {
  const renamed = (dims: readonly Dim[]): Dim[] => {
    const isShape = dims.includes(length);
    return dims.map((dim, axis) => {
      if (dim === length) return SEQUENCE;
      return isShape && axis === 0 && dim === 1 && dims.length > 2 ? BATCH : dim;
    });
  };
  return (model) =>
    withSymbols(
      model,
      (value) => {
        if (value.isInput) return withShape(value, () => [BATCH, SEQUENCE]);
        if (value.isOutput) return { ...value, type: { kind: 'unknown' } };
        if (value.constant?.dtype !== 'int64') return value;
        const { known } = value;
        const target = known?.dims.length === 1 && known.data.includes(length);
        if (!target) {
          if (!value.constant.dims.includes(length)) return value;
          // Its elements follow the sequence too, so nothing is known of them any more. No file can say
          // that a constant has a symbolic size; it stands for what an export with dynamic axes computes.
          const { known: _dropped, ...rest } = value;
          const dims = renamed(value.constant.dims) as number[];
          return { ...withShape(rest, renamed), constant: { ...value.constant, dims } };
        }
        const data: KnownTensor['data'] = renamed(known.data as readonly Dim[]);
        return { ...value, known: { ...known, data } };
      },
      fallback,
    );
}

/**
 * Blocks of all planners as ids, one line a block. Operators on constants alone are left out: the static
 * model's are folded away, those on tensors of symbolic size are not.
 */
function blocks(ecg: Ecg): string[] {
  return PLANNERS.flatMap((planner) => {
    const plan = planGraph(ecg, { ...NO_EDITS, planner });
    const lines = plan.blocks.map(({ operators, seed, mapping }) => {
      const members = operators.filter((operator) => !ecg.nodes[operator]!.isConstant);
      const names = members.map((o) => `${ecg.nodes[o]!.operator.id}${o === seed ? '*' : ''}`);
      return members.length === 0 ? '' : `${planner} ${mapping} ${names.join(' ')}`;
    });
    return lines.filter((line) => line !== '').sort();
  });
}

function symbolicShare(ecg: Ecg): number {
  const symbolic = ecg.nodes.filter(({ irs }) => typeof irs !== 'number');
  return symbolic.length / ecg.nodes.length;
}

describe('symbolic dims', () => {
  it.each(['efficientnet-b0', 'vgg-16', 'c3d', 's3d'])(
    '%s with a symbolic batch has the blocks of the static one',
    (name) => {
      const symbolic = modelEcg(name, symbolicBatch);
      expect(symbolicShare(symbolic)).toBeGreaterThan(0.8);
      expect(blocks(symbolic)).toEqual(blocks(modelEcg(name)));
    },
  );

  it('bert-base with symbolic batch and sequence has the blocks of the static one', () => {
    const symbolic = modelEcg('bert-base', symbolicSequence(384));
    expect(symbolicShare(symbolic)).toBeGreaterThan(0.95);
    expect(symbolic.nodes.some(({ irs }) => formatDim(irs).includes('sequence'))).toBe(true);
    const expected = blocks(modelEcg('bert-base'));
    expect(blocks(symbolic)).toEqual(expected);
    for (const size of [128, 512]) {
      expect(blocks(modelEcg('bert-base', symbolicSequence(384, size))), `${size}`).toEqual(
        expected,
      );
    }
  });
});
