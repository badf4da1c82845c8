// Every rule on graphs made for it: it applies where it should and nowhere near, and both sides give the same on the
// interpreter, bit for bit where the rule says so.
import { describe, expect, it } from 'vitest';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { printGraph } from '../../../compiler/graph/print.ts';
import { rewriteModel } from '../../../compiler/rewrite/rewriteModel.ts';
import { ALL_RULES } from '../../../compiler/rewrite/rules/index.ts';
import { Random } from '../../fuzz/random.ts';
import { ASSOCIATIVE_EXAMPLES } from './associativeExamples.ts';
import { CONVOLUTION_EXAMPLES } from './convolutionExamples.ts';
import { DISTRIBUTIVE_EXAMPLES } from './distributiveExamples.ts';
import { IDENTITY_EXAMPLES } from './identityExamples.ts';
import { MATRIX_PRODUCT_EXAMPLES } from './matrixProductExamples.ts';
import { MOVEMENT_EXAMPLES } from './movementExamples.ts';
import { RECOGNISED_EXAMPLES } from './recognisedExamples.ts';
import { REDUCTION_EXAMPLES } from './reductionExamples.ts';
import type { GraphText } from './rewriting.ts';
import { build, differenceOf, only, randomSizes, run, SIZES, typesOf } from './rewriting.ts';

const EXAMPLE_LIST = [
  ...IDENTITY_EXAMPLES,
  ...ASSOCIATIVE_EXAMPLES,
  ...DISTRIBUTIVE_EXAMPLES,
  ...REDUCTION_EXAMPLES,
  ...CONVOLUTION_EXAMPLES,
  ...MATRIX_PRODUCT_EXAMPLES,
  ...RECOGNISED_EXAMPLES,
  ...MOVEMENT_EXAMPLES,
];
/** Of the largest element: rounding in another order, over at most a few dozen terms. */
const ROUNDING = 2e-5;
const TRIALS = Number(process.env['REWRITE_TRIALS'] ?? 5);

const ruleNamed = new Map(ALL_RULES.map((rule) => [rule.name, rule]));

function check(name: string, text: GraphText, sizes = SIZES, seed = 1): number {
  const rule = ruleNamed.get(name)!;
  const { model, feeds } = build(text, sizes, seed);
  expect(model.diagnostics).toEqual([]);
  const result = rewriteModel(model, only(name));
  const changed = printGraph(result.model.graph);
  expect(verifyGraph(result.model.graph), changed).toEqual([]);
  for (const { saves, rule: applied } of result.applications) {
    expect(applied).toBe(name);
    expect(saves.flops).toBeGreaterThanOrEqual(0);
    expect(saves.bytes).toBeGreaterThanOrEqual(0);
    expect(saves.flops > 0 || saves.bytes > 0 || saves.operators > 0).toBe(true);
  }
  if (result.applications.length === 0) return 0;
  const tolerance = rule.precision === 'exact' ? 0 : ROUNDING;
  const difference = differenceOf(run(model, feeds), run(result.model, feeds), tolerance);
  expect(difference, `${printGraph(model.graph)}\n${changed}`).toBeUndefined();
  return result.applications.length;
}

describe('rules', () => {
  it('all have examples', () => {
    const named = EXAMPLE_LIST.map(({ rule }) => rule).sort();
    expect(named).toEqual([...ruleNamed.keys()].sort());
  });

  it.each(EXAMPLE_LIST.map((example) => [example.rule, example] as const))(
    '%s',
    (name, { fires, misses }) => {
      for (const text of fires) {
        expect(check(name, text), text.nodes).toBeGreaterThan(0);
        const random = new Random(name.length * 31 + text.nodes.length);
        for (let trial = 0; trial < TRIALS; trial++) {
          check(name, text, randomSizes(random), random.below(1e6));
        }
      }
      for (const text of misses) {
        const { model } = build(text);
        expect(model.diagnostics).toEqual([]);
        const result = rewriteModel(model, only(name));
        expect(result.applications, `${text.nodes} became ${typesOf(result)}`).toEqual([]);
      }
    },
  );
});
