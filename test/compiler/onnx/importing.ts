// Shortcuts of the import tests: bytes in, graph facts out as text.
import { expect } from 'vitest';
import { ModelError } from '../../../compiler/diagnostics.ts';
import type { Graph, Model, Operator, Value } from '../../../compiler/graph/graph.ts';
import { printName } from '../../../compiler/graph/print.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { model } from './protoWriter.ts';
import type { ModelSpec } from './protoWriter.ts';

/** Imports and checks that the graph is sound. */
export function importBytes(bytes: Uint8Array): Model {
  const imported = importModel(modelFromBytes(bytes));
  expect(verifyGraph(imported.graph)).toEqual([]);
  return imported;
}

export function importSpec(spec: ModelSpec): Model {
  return importBytes(model(spec));
}

/** `y = Relu(x)` per operator, subgraphs in braces. */
export function formulas(graph: Graph): string[] {
  return graph.operators.map((operator) => formula(graph, operator));
}

export function formula(graph: Graph, operator: Operator): string {
  const name = (index: number): string => {
    const value = graph.values[index];
    return value ? printName(value.name) : '-';
  };
  const bodies = [...operator.subgraphs].map(
    ([key, body]) => ` ${key}{${[...formulas(body), `-> ${outputs(body)}`].join('; ')}}`,
  );
  const results = operator.outputs.map(name).join(', ');
  return `${results} = ${operator.type}(${operator.inputs.map(name).join(', ')})${bodies.join('')}`;
}

export function outputs(graph: Graph): string {
  return graph.outputs.map((index) => graph.values[index]?.name).join(', ');
}

export function valueNamed(graph: Graph, name: string): Value {
  const value = graph.values.find((candidate) => candidate.name === name);
  if (value === undefined) throw new Error(`no value ${name}`);
  return value;
}

export function codes(imported: Model): string[] {
  return imported.diagnostics.map(({ code }) => code);
}

/** The ModelError that importing ends with, as `code: message`. */
export function failure(bytes: Uint8Array): string {
  try {
    importModel(modelFromBytes(bytes));
  } catch (error) {
    if (error instanceof ModelError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'imported';
}
