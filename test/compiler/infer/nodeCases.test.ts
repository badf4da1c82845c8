// The second judge of inference: ONNX's own operator cases. Types are inferred without the outputs' declared
// ones, once as the case stands and once with its inputs as constants (which also checks folded values).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import { verifyEcg } from '../../../compiler/ecg/verify.ts';
import type { Bindings } from '../../../compiler/graph/dim.ts';
import type { KnownTensor, Model } from '../../../compiler/graph/graph.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import { importModel } from '../../../compiler/onnx/importModel.ts';
import { modelFromBytes } from '../../../compiler/onnx/source.ts';
import type { NodeTestCase } from '../../setup/nodeTests.ts';
import { nodeTestCases } from '../../setup/nodeTests.ts';
import {
  contradiction,
  isFullyInferred,
  readExpected,
  readKnown,
  withKnownInputs,
  withoutDeclaredResults,
} from './nodeCases.ts';

const UNBOUND: Bindings = new Map();
/** Domains outside the project's scope (classical machine learning, training). */
const FOREIGN = new Set(['ai.onnx.ml', 'ai.onnx.preview.training']);

const cases = nodeTestCases().map((entry) => ({
  ...entry,
  imported: importModel(modelFromBytes(readFileSync(entry.model))),
}));

interface Case extends NodeTestCase {
  readonly imported: Model;
}

/** Contradictions between the inferred outputs and the expected ones, one line each. */
function contradictions({ name, imported, dataSets }: Case, inferred: Model): string[] {
  return imported.graph.outputs.flatMap((output, i) => {
    const declared = imported.graph.values[output]!.type;
    const type = inferred.graph.values[inferred.graph.outputs[i]!]!.type;
    if (declared.kind !== 'tensor') {
      return type.kind === declared.kind || type.kind === 'unknown' ? [] : [`${name} ${type.kind}`];
    }
    return dataSets.flatMap(({ outputs }) => {
      if (outputs[i] === undefined) return [];
      const problem = contradiction(type, readExpected(outputs[i]));
      return problem === undefined ? [] : [`${name}, output ${i}: ${problem}`];
    });
  });
}

function hasFullTypes({ imported }: Case, inferred: Model): boolean {
  return imported.graph.outputs.every((output, i) => {
    const type = inferred.graph.values[inferred.graph.outputs[i]!]!.type;
    const { kind } = imported.graph.values[output]!.type;
    return kind === 'tensor' ? isFullyInferred(type) : type.kind === kind;
  });
}

function problems({ diagnostics }: Model): string[] {
  return diagnostics
    .filter(({ code }) => !code.startsWith('model/') && code !== 'operator/unknown-domain')
    .map(({ code, message }) => `${code}: ${message}`);
}

describe('inference on the operator cases', () => {
  it('never contradicts an expected output, with inputs as declared', () => {
    let full = 0;
    for (const entry of cases) {
      const inferred = inferModel(withoutDeclaredResults(entry.imported), { bindings: UNBOUND });
      expect(contradictions(entry, inferred)).toEqual([]);
      expect(problems(inferred)).toEqual([]);
      if (hasFullTypes(entry, inferred)) full++;
    }
    console.log(`operator cases with fully inferred outputs: ${full} of ${cases.length}`);
    // The rest reads axes, sizes or counts from inputs that only a run knows.
    expect(full / cases.length).toBeGreaterThan(0.79);
  });

  it('never contradicts what the models declare', () => {
    for (const { imported } of cases) {
      const inferred = inferModel(imported, { bindings: UNBOUND });
      const differs = inferred.diagnostics.filter(({ code }) => code === 'shape/declared-differs');
      expect(differs).toEqual([]);
    }
  });

  it('finds nearly every shape, and the right values, when inputs are constants', () => {
    let full = 0;
    let folded = 0;
    for (const entry of cases) {
      const set = entry.dataSets[0]!;
      const model = withKnownInputs(withoutDeclaredResults(entry.imported), set.inputs);
      const inferred = inferModel(model, { bindings: UNBOUND });
      expect(contradictions({ ...entry, dataSets: [set] }, inferred)).toEqual([]);
      expect(problems(inferred)).toEqual([]);
      if (hasFullTypes(entry, inferred)) full++;
      inferred.graph.outputs.forEach((output, i) => {
        const { known } = inferred.graph.values[output]!;
        const expected = known && readKnown(set.outputs[i]!);
        if (!known || !expected) return;
        folded++;
        expect(wrongElements(known, expected), `${entry.name}, output ${i}`).toEqual([]);
      });
    }
    console.log(`with constant inputs: ${full} of ${cases.length}; ${folded} outputs folded`);
    expect(full / cases.length).toBeGreaterThan(0.95);
    expect(folded).toBeGreaterThan(300);
  });

  it('makes a sound ECG of every case', () => {
    for (const { name, imported } of cases) {
      const inferred = inferModel(withoutDeclaredResults(imported), { bindings: UNBOUND });
      const ecg = buildEcg(inferred, UNBOUND);
      expect(verifyEcg(ecg), name).toEqual([]);
      const failed = ecg.nodes.filter((node) => node.mappingNote?.includes('failed'));
      expect(failed, name).toEqual([]);
    }
  });

  it('knows every operator of the cases', () => {
    const unknown = new Set<string>();
    for (const { imported } of cases) {
      const inferred = inferModel(imported, { bindings: UNBOUND });
      const { operators } = inferred.graph;
      for (const { code, node } of inferred.diagnostics) {
        if (!code.startsWith('operator/unknown')) continue;
        const operator = operators.find(({ id }) => id === node);
        if (operator && !FOREIGN.has(operator.domain)) unknown.add(operator.type);
      }
    }
    expect([...unknown]).toEqual([]);
  });
});

/** Elements that differ by more than rounding; `-0` equals `0`, NaN equals NaN. */
function wrongElements(known: KnownTensor, expected: KnownTensor): string[] {
  return known.data.flatMap((element, i) => {
    const wanted = expected.data[i] as number;
    if (element === undefined) return [];
    if (typeof element !== 'number') return [`element ${i} is ${element.key}`];
    if (element === wanted || (Number.isNaN(element) && Number.isNaN(wanted))) return [];
    const close = Math.abs(element - wanted) <= 2e-6 * Math.max(1, Math.abs(wanted));
    return close ? [] : [`element ${i}: ${element}, expected ${wanted}`];
  });
}
