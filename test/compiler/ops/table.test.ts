// The operator table against the reference list (test/fixtures/operators.tsv): every operator is there, with
// the opsets at which it changed and the mapping type of its default case.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OperatorEntry } from '../../../compiler/ops/define.ts';
import { lookupOperator, OPERATORS } from '../../../compiler/ops/index.ts';
import { MAPPING_TYPE_NAMES } from '../../../compiler/mapping/mappingTypes.ts';
import type { ViewSpec } from './tableView.ts';
import { view } from './tableView.ts';

interface Row {
  readonly name: string;
  readonly since: readonly number[];
  readonly mapping: string;
  readonly later: boolean;
}

const rows: readonly Row[] = readFileSync(
  new URL('../../fixtures/operators.tsv', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', since = '', mapping = '', , , note = ''] = line.split('\t');
    return {
      name,
      since: since.split(',').map(Number),
      mapping,
      later: note.startsWith('opset>21'),
    };
  });

/** The newest opset that the list covers in full. */
const LISTED = 21;
const SHAPE = [2, 4, 6, 8];

/** What the default case of a row needs beside equal runtime inputs. */
const DEFAULTS: Readonly<Record<string, Partial<ViewSpec>>> = {
  CumSum: { inputs: [SHAPE, []], constants: { 1: [1] } },
  CumProd: { inputs: [SHAPE, []], constants: { 1: [1] } },
  CenterCropPad: { inputs: [SHAPE, [4]], constants: { 1: [2, 4, 4, 4] } },
  Einsum: {
    inputs: [
      [2, 4],
      [4, 6],
    ],
    attributes: { equation: 'ij,jk->ik' },
    outputs: [[2, 6]],
  },
  Expand: { inputs: [[1, 4], [2]], constants: { 1: [3, 4] }, outputs: [[3, 4]] },
  Gemm: {
    inputs: [
      [2, 4],
      [4, 6],
    ],
    outputs: [[2, 6]],
  },
  MatMul: {
    inputs: [
      [2, 4],
      [4, 6],
    ],
    outputs: [[2, 6]],
  },
  OneHot: { inputs: [[4], [], [2]], constants: { 1: [5] }, outputs: [[4, 5]] },
  Pad: { inputs: [[4], [2]], constants: { 1: [1, 1] }, outputs: [[6]] },
  Resize: {
    inputs: [SHAPE, undefined, [4]],
    constants: { 2: [1, 1, 2, 2] },
    outputs: [[2, 4, 12, 16]],
  },
  Upsample: { inputs: [SHAPE, [4]], constants: { 1: [1, 1, 2, 2] }, outputs: [[2, 4, 12, 16]] },
  ReverseSequence: { inputs: [SHAPE, [4]], constants: { 1: [1, 2, 3, 4] } },
  Slice: { inputs: [[4], [1], [1]], constants: { 1: [1], 2: [3] }, outputs: [[2]] },
  Tile: { inputs: [[4], [1]], constants: { 1: [2] }, outputs: [[8]] },
  Transpose: { inputs: [SHAPE], outputs: [[8, 6, 4, 2]] },
  BatchNormalization: { inputs: [SHAPE, [4], [4], [4], [4]], weights: [1, 2, 3, 4] },
  PRelu: { inputs: [SHAPE, [4, 1, 1]], weights: [1] },
  DequantizeLinear: { inputs: [SHAPE, [], []], weights: [1, 2] },
  QuantizeLinear: { inputs: [SHAPE, [], []], weights: [1, 2] },
  RotaryEmbedding: { inputs: [SHAPE, [16, 4], [16, 4]], weights: [1, 2] },
  BitCast: { inputs: [SHAPE], attributes: { to: 1 } },
};

/** ONNX Runtime's optimiser writes these into ai.onnx although the specification has no such version. */
const RUNTIME_VERSIONS: Readonly<Record<string, number>> = { LayerNormalization: 1 };
const RUNTIME_OPERATORS = ['SimplifiedLayerNormalization'];

/**
 * Rows whose condition column decides for the form that the importer leaves: not decomposed, hence Opaque;
 * rotation in halves (the attribute's default), hence Shuffle.
 */
const BY_CONDITION: Readonly<Record<string, string>> = {
  DynamicQuantizeLinear: 'Opaque',
  RotaryEmbedding: 'Shuffle',
};

function defaultView(entry: OperatorEntry): ReturnType<typeof view> {
  const [fewest, most] = entry.inputs;
  const count = most > 1000 ? Math.max(fewest, 2) : fewest;
  const inputs = Array.from({ length: count }, () => SHAPE);
  return view({ type: entry.name, inputs, ...DEFAULTS[entry.name] });
}

function find(name: string): OperatorEntry | undefined {
  return lookupOperator('', name) ?? lookupOperator('ai.onnx.preview', name);
}

describe('the operator table', () => {
  it('reads a list of 203 operators', () => {
    expect(rows).toHaveLength(203);
  });

  it('holds every operator of the list', () => {
    expect(rows.filter(({ name }) => !find(name)).map(({ name }) => name)).toEqual([]);
  });

  it('agrees on the opsets at which they changed', () => {
    const differences = rows.flatMap(({ name, since, later }) => {
      const stated = (find(name)?.since ?? []).filter((v) => v !== RUNTIME_VERSIONS[name]);
      const comparable = later ? stated.slice(0, since.length) : stated.filter((v) => v <= LISTED);
      return String(comparable) === String(since) ? [] : [`${name} ${stated} is not ${since}`];
    });
    expect(differences).toEqual([]);
  });

  it('agrees on the mapping type of the default case', () => {
    const differences = rows.flatMap(({ name, mapping }) => {
      const entry = find(name);
      if (!entry) return [];
      const found = entry.source
        ? 'Source'
        : MAPPING_TYPE_NAMES[entry.mapping(defaultView(entry)).node];
      const expected = BY_CONDITION[name] ?? mapping;
      return found === expected ? [] : [`${name}: ${found}, the list says ${expected}`];
    });
    expect(differences).toEqual([]);
  });

  it('gives one mapping type per input', () => {
    for (const entry of OPERATORS) {
      const op = defaultView(entry);
      expect(entry.mapping(op).edges, entry.name).toHaveLength(op.inputCount);
    }
  });

  it('states sensible arities and ascending opsets', () => {
    for (const { name, since, inputs, outputs } of OPERATORS) {
      expect(inputs[0], name).toBeLessThanOrEqual(inputs[1]);
      expect(outputs[0], name).toBeLessThanOrEqual(outputs[1]);
      expect(
        [...since].sort((a, b) => a - b),
        name,
      ).toEqual(since);
    }
  });

  it('lists nothing of ai.onnx that the list lacks', () => {
    const listed = new Set(rows.map(({ name }) => name));
    const extra = OPERATORS.filter(({ domain, name }) => domain === '' && !listed.has(name));
    expect(extra.map(({ name }) => name)).toEqual(RUNTIME_OPERATORS);
  });
});
