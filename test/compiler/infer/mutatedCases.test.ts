// The rules of every operator on inputs that do not belong together: operator cases with other shapes,
// element types, attributes and constant values. Whatever the file says, a rule answers with types or with
// a message for the user; an exception would be an internal error.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import { verifyEcg } from '../../../compiler/ecg/verify.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import { dimSymbol } from '../../../compiler/graph/dim.ts';
import type {
  AttributeValue,
  Graph,
  KnownTensor,
  Model,
  Value,
} from '../../../compiler/graph/graph.ts';
import type { DataType, ValueType } from '../../../compiler/graph/types.ts';
import { DATA_TYPES, tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';

const ROUNDS = 6;

/** Deterministic: a failure names case and round. */
class Random {
  constructor(private state: number) {}
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

const SIZES: readonly Dim[] = [
  0,
  1,
  2,
  3,
  4,
  7,
  64,
  2 ** 31,
  2 ** 52,
  dimSymbol('n'),
  dimSymbol('m'),
];
const NUMBERS = [0, 1, -1, 2, 3, -5, 8, 1000, 2 ** 31 - 1, -(2 ** 31), 2 ** 53, -(2 ** 53), 0.5];
const DTYPES = Object.keys(DATA_TYPES) as DataType[];

function mutateType(random: Random, type: ValueType): ValueType {
  switch (random.below(6)) {
    case 0:
      return UNKNOWN_TYPE;
    case 1:
      return tensorType(random.pick(DTYPES), null);
    case 2:
      return { kind: 'sequence', element: type };
    default:
      return tensorType(
        random.below(3) === 0
          ? random.pick(DTYPES)
          : type.kind === 'tensor'
            ? type.dtype
            : 'float32',
        Array.from({ length: random.below(6) }, () => random.pick(SIZES)),
      );
  }
}

/** A small constant of numbers that exporters would not write. */
function mutateKnown(random: Random, value: Value): Value {
  const dtype = value.type.kind === 'tensor' ? value.type.dtype : 'int64';
  if (dtype === 'string') return value;
  const dims = random.pick([[], [0], [1], [2], [3], [4], [2, 2]]);
  const count = dims.reduce((product, dim) => product * dim, 1);
  const known: KnownTensor = {
    dtype,
    dims,
    data: Array.from({ length: count }, () => random.pick(NUMBERS)),
  };
  const constant = { dtype, dims, source: { kind: 'computed' } } as const;
  return { ...value, isInput: false, type: tensorType(dtype, dims), constant, known };
}

function mutateAttribute(random: Random, attribute: AttributeValue): AttributeValue {
  if (attribute.kind === 'int') return { kind: 'int', value: random.pick(NUMBERS) };
  if (attribute.kind === 'float') return { kind: 'float', value: random.pick(NUMBERS) };
  if (attribute.kind === 'ints') {
    return {
      kind: 'ints',
      value: Array.from({ length: random.below(6) }, () => random.pick(NUMBERS)),
    };
  }
  return attribute.kind === 'string' ? { kind: 'string', value: 'nonsense' } : attribute;
}

function mutate(random: Random, model: Model): Model {
  const { graph } = model;
  const values = graph.values.map((value): Value => {
    if (value.producer >= 0) return { ...value, type: UNKNOWN_TYPE };
    if (!value.isInput || random.below(3) === 0) return value;
    if (random.below(2) === 0) return mutateKnown(random, value);
    return { ...value, type: mutateType(random, value.type) };
  });
  const operators = graph.operators.map((operator) => {
    const attributes = [...operator.attributes].flatMap(([name, attribute]) => {
      if (random.below(8) === 0) return [];
      const kept = random.below(3) > 0;
      return [[name, kept ? attribute : mutateAttribute(random, attribute)] as const];
    });
    return { ...operator, attributes: new Map(attributes) };
  });
  const inputs = graph.inputs.filter((index) => values[index]?.isInput);
  return { ...model, graph: { ...graph, values, operators, inputs } satisfies Graph };
}

describe('rules on inputs that do not belong together', () => {
  it(`answer all cases, ${ROUNDS} times changed`, { timeout: 120_000 }, () => {
    const failures = new Set<string>();
    let seed = 1;
    for (const { name, model } of nodeTestCases()) {
      const imported = importModel(modelFromBytes(readFileSync(model)));
      for (let round = 0; round < ROUNDS; round++) {
        const changed = mutate(new Random(seed++), imported);
        const inferred = inferModel(changed, { bindings: new Map() });
        const ecg = buildEcg(inferred, new Map());
        for (const { code, message } of inferred.diagnostics) {
          if (code === 'internal/error') failures.add(`${name}, round ${round}: ${message}`);
        }
        for (const { operator, mappingNote } of ecg.nodes) {
          if (mappingNote?.includes('rule failed'))
            failures.add(`${name}: mapping of ${operator.type}`);
        }
        for (const problem of verifyEcg(ecg)) failures.add(`${name}, round ${round}: ${problem}`);
      }
    }
    expect([...failures]).toEqual([]);
  });
});
