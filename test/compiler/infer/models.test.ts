// The paper's 15 models: every rank and every static size is found, without a declared type to lean on
// (the files carry none inside), and symbolic batch sizes come through.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import { verifyEcg } from '../../../compiler/ecg/verify.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import { dimSymbol, formatShape, symbolsOf } from '../../../compiler/graph/dim.ts';
import type { Graph, Model, Value } from '../../../compiler/graph/graph.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { openModelFile } from '../../../compiler/onnx/source.ts';

const folder = new URL('../../models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));

function imported(name: string): Model {
  return importModel(openModelFile(fileURLToPath(new URL(name, folder))));
}

/** Without any declared type of a computed value: all must come from inference. */
function undeclared(model: Model): Model {
  const values = model.graph.values.map((value) =>
    value.producer < 0 ? value : { ...value, type: UNKNOWN_TYPE },
  );
  return { ...model, graph: { ...model.graph, values } };
}

function allValues(graph: Graph): Value[] {
  const inner = graph.operators.flatMap((operator) => [...operator.subgraphs.values()]);
  return [...graph.values, ...inner.flatMap(allValues)];
}

function open(graph: Graph): string[] {
  return allValues(graph).flatMap(({ name, type }) => {
    if (type.kind !== 'tensor') return [`${name} is ${type.kind}`];
    if (type.dtype === 'undefined') return [`${name} has no element type`];
    return type.shape === null ? [`${name} has no rank`] : [];
  });
}

describe.each(names)('%s', (name) => {
  const inferred = inferModel(undeclared(imported(name)), { bindings: new Map() });
  const detector = name.includes('rcnn');

  it('has a type and a rank on every tensor, and no problems', () => {
    expect(open(inferred.graph)).toEqual([]);
    const problems = inferred.diagnostics.filter(({ code }) => code !== 'model/external-missing');
    expect(problems).toEqual([]);
  });

  it('has static sizes but for those that the data decides', () => {
    const symbols = new Set<string>();
    for (const { type } of allValues(inferred.graph)) {
      if (type.kind === 'tensor') type.shape?.forEach((dim) => symbolsOf(dim, symbols));
    }
    for (const symbol of symbols) expect(inferred.symbols.get(symbol)?.origin).toBe('data');
    expect(symbols.size > 0).toBe(detector);
  });

  it('makes a sound ECG without a failed or unknown rule', () => {
    const ecg = buildEcg(inferred, new Map());
    expect(verifyEcg(ecg)).toEqual([]);
    expect(ecg.nodes.filter((node) => node.mappingNote?.includes('rule failed'))).toEqual([]);
    expect(ecg.nodes.filter((node) => node.mappingNote === 'unknown operator')).toEqual([]);
  });
});

/** `model` with axis 0 of every input renamed to a symbol, and axis 1 of rank-2 inputs to another. */
function withOpenSizes(model: Model, sizes: ReadonlyMap<number, string>): Model {
  const values = model.graph.values.map((value): Value => {
    if (!value.isInput || value.type.kind !== 'tensor' || value.type.shape === null) return value;
    const shape = value.type.shape.map((dim, axis): Dim => {
      const symbol = sizes.get(axis);
      return symbol === undefined ? dim : dimSymbol(symbol);
    });
    return { ...value, type: tensorType(value.type.dtype, shape) };
  });
  const symbols = new Map(model.symbols);
  for (const [axis, symbol] of sizes) {
    symbols.set(symbol, { name: symbol, origin: 'input', fallback: axis === 0 ? 1 : 64 });
  }
  return undeclared({ ...model, symbols, graph: { ...model.graph, values } });
}

describe('symbolic sizes', () => {
  it('carries a batch through EfficientNet-B0, and binding it gives the static model', () => {
    const model = withOpenSizes(imported('efficientnet-b0.onnx'), new Map([[0, 'batch']]));
    const open = inferModel(model, { bindings: new Map() });
    const output = open.graph.values[open.graph.outputs[0]!]!.type;
    expect(output.kind === 'tensor' && formatShape(output.shape)).toBe('batch×1000');
    expect(open.diagnostics.filter(({ code }) => code.startsWith('shape/'))).toEqual([]);

    const bound = inferModel(model, { bindings: new Map([['batch', 1]]) });
    const fixed = inferModel(undeclared(imported('efficientnet-b0.onnx')), { bindings: new Map() });
    const shapes = ({ graph }: Model): string[] =>
      graph.values.map(({ name, type }) => `${name} ${JSON.stringify(type)}`);
    expect(shapes(bound)).toEqual(shapes(fixed));
  });
});
