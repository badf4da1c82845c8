// Shortcuts of the inference tests: a model as text in, inferred facts as text out.
import { expect } from 'vitest';
import { formatDim } from '../../../compiler/graph/dim.ts';
import type { Graph, Model } from '../../../compiler/graph/graph.ts';
import { printType } from '../../../compiler/graph/print.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import type { DataType } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { formulas, importSpec, valueNamed } from '../onnx/importing.ts';
import type { Bytes, ModelSpec } from '../onnx/protoWriter.ts';
import { tensor } from '../onnx/protoWriter.ts';

export function inferSpec(spec: ModelSpec, bindings: Readonly<Record<string, number>> = {}): Model {
  const inferred = inferModel(importSpec(spec), { bindings: new Map(Object.entries(bindings)) });
  expect(verifyGraph(inferred.graph)).toEqual([]);
  return inferred;
}

/** `float32 1×3`, by the name of the value. */
export function typeOf({ graph }: Model, name: string): string {
  return printType(valueNamed(graph, name).type);
}

/** Elements as text, `?` where one is not known; `-` when nothing is. */
export function knownOf({ graph }: Model, name: string): string {
  const { known } = valueNamed(graph, name);
  if (!known) return '-';
  return known.data.map((dim) => (dim === undefined ? '?' : formatDim(dim))).join(', ');
}

/** The operators that are left. */
export function left({ graph }: Model): string[] {
  return formulas(graph);
}

export function messages({ diagnostics }: Model): string[] {
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

/** A one-dimensional int64 initialiser; a scalar for a plain number. */
export function ints(name: string, data: number | readonly number[]): Bytes {
  return constant(name, 'int64', data);
}

export function constant(name: string, dtype: DataType, data: number | readonly number[]): Bytes {
  if (typeof data === 'number') return tensor(name, dtype, [], [data]);
  return tensor(name, dtype, [data.length], data);
}

export function allOperators(graph: Graph): number {
  const inner = graph.operators.flatMap((operator) => [...operator.subgraphs.values()]);
  return inner.reduce((sum, body) => sum + allOperators(body), graph.operators.length);
}
