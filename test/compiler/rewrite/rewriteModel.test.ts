// The engine: the published examples, what is saved and recorded, what settings keep off, names and ids that stay.
import { describe, expect, it } from 'vitest';
import { printModel } from '../../../compiler/graph/print.ts';
import { verifyGraph } from '../../../compiler/graph/verify.ts';
import { buildEcg } from '../../../compiler/ecg/buildEcg.ts';
import type { Model } from '../../../compiler/graph/graph.ts';
import { parsePattern } from '../../../compiler/rewrite/pattern.ts';
import { DEFAULT_REWRITES } from '../../../compiler/rewrite/rewrite.ts';
import { rewriteModel } from '../../../compiler/rewrite/rewriteModel.ts';
import { rules } from '../../../compiler/rewrite/rule.ts';
import { inferModel } from '../../../compiler/infer/inferModel.ts';
import type { Tensor } from '../../../compiler/lower/runGraph.ts';
import { importSpec } from '../onnx/importing.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';
import type { GraphText } from './rewriting.ts';
import { build, differenceOf, rewrite, run, SIZES, typesOf } from './rewriting.ts';

const [m, n] = [SIZES['m']!, SIZES['n']!];
const FAST = { fastMath: true };

function flopsOf(model: Model): number {
  return buildEcg(model, new Map()).nodes.reduce(
    (sum, { flopsEstimate }) => sum + flopsEstimate,
    0,
  );
}

const ROOTS: GraphText = {
  inputs: { a: 'm n', b: 'm n', c: 'm n' },
  nodes: 'r = Sqrt(b); s = Sqrt(b); p = Mul(a, r); q = Mul(s, c); y = Mul(p, q)',
};

describe('published examples', () => {
  it.each([
    ['P2, associative: 5mn to 2mn', ROOTS, 5 * m * n, 2 * m * n],
    [
      'P9, commutative: 2mn to mn + m',
      { inputs: { a: 'm n' }, nodes: 't = Exp(a); y = ReduceProd(t) {axes=[1]}' },
      2 * m * n,
      m * n + m,
    ],
    [
      'P5, distributive: 3mn to 2mn',
      {
        inputs: { a: 'm n', b: 'm n', c: 'm n' },
        nodes: 'p = Mul(a, c); q = Mul(a, b); y = Add(p, q)',
      },
      3 * m * n,
      2 * m * n,
    ],
    [
      'P4: 5mn to 3mn + m',
      {
        inputs: { a: 'm n', b: 'm n', c: 'm n' },
        constants: { i: 'int64 1 = 1' },
        nodes:
          'r = ReduceSum(b, i); s = ReduceSum(b, i); p = Mul(a, r); q = Mul(s, c); y = Mul(p, q)',
      },
      5 * m * n,
      3 * m * n + m,
    ],
    [
      'P7: 5mn to 3mn',
      {
        inputs: { a: 'm n', b: 'm n', c: 'm n' },
        nodes: 's = Add(a, b); p = Mul(s, s); t = Add(a, b); q = Mul(t, c); y = Sub(p, q)',
      },
      5 * m * n,
      3 * m * n,
    ],
    [
      'P8: 2mn to mn + m',
      {
        inputs: { a: 'uint32 m n' },
        constants: { k: 'uint32 = 2', i: 'int64 1 = 1' },
        nodes: 't = BitShift(a, k) {direction=LEFT}; y = ReduceSum(t, i)',
      },
      2 * m * n,
      m * n + m,
    ],
  ] as const)('%s', (_, text, before, after) => {
    const { model } = build(text);
    expect(flopsOf(model)).toBe(before);
    expect(flopsOf(rewrite(text, FAST).model)).toBe(after);
  });

  it('leaves the domain of values alone without fast-math, and says what it would do', () => {
    const { applications, declined } = rewrite(ROOTS);
    expect(applications.map(({ rule }) => rule)).toEqual([
      'common-subexpression',
      'square-of-shared-factor',
    ]);
    expect(declined.every(({ rule }) => rule !== 'common-subexpression')).toBe(true);
    const only = rewrite(ROOTS, { offRules: ['square-of-shared-factor'] });
    expect(only.declined.map(({ rule }) => rule)).toContain('product-of-roots');
  });
});

const CHAIN: GraphText = {
  inputs: { x: 'm n' },
  constants: { c: 'n', d: 'n', one: ' = 1' },
  nodes: 't = Add(x, c); u = Add(t, d); v = Mul(u, one); y = Exp(v)',
};

describe('applications', () => {
  it('say what they are about', () => {
    const { applications, model } = rewrite(CHAIN);
    expect(typesOf({ model })).toBe('Add Exp');
    const merged = applications.find(({ rule }) => rule === 'merged-constants')!;
    expect(merged.id).toBe('merged-constants@u');
    expect(merged.ruleClass).toBe('associative');
    expect(merged.removed).toEqual(['u', 't']);
    expect(merged.added).toEqual(['u']);
    expect(merged.originalIds).toEqual(['t', 'u']);
    expect(merged.saves).toEqual({ flops: m * n, bytes: 2 * m * n * 4, operators: 1 });
    const labels = merged.before.nodes.map(({ role, label }) => `${role} ${label}`);
    expect(labels.sort()).toEqual([
      'constant 4',
      'constant 4',
      'input 3×4',
      'operator Add',
      'operator Add',
    ]);
    expect(merged.before.edges).toHaveLength(4);
    expect(merged.after.nodes.map(({ id }) => id)).toContain('u');
  });

  it('add up to what the graph saves', () => {
    const { model } = build(CHAIN);
    const result = rewrite(CHAIN);
    const saved = result.applications.reduce((sum, { saves }) => sum + saves.flops, 0);
    expect(flopsOf(model) - flopsOf(result.model)).toBe(saved);
  });

  it('keep ids of operators, names of outputs, and the ONNX nodes they came from', () => {
    const { model } = rewrite({
      inputs: { x: 'm n' },
      constants: { one: ' = 1' },
      nodes: 't = Exp(x); y = Mul(t, one)',
    });
    const [exp] = model.graph.operators;
    expect(model.graph.values[model.graph.outputs[0]!]?.name).toBe('y');
    expect(exp).toMatchObject({ id: 't', type: 'Exp', originalIds: ['t', 'y'] });
    expect(verifyGraph(model.graph)).toEqual([]);
  });

  it('leave an output that is an input, and inputs of the graph, in place', () => {
    const { model, applications } = rewrite({
      inputs: { x: 'm n' },
      constants: { one: ' = 1' },
      nodes: 'y = Mul(x, one)',
    });
    expect(typesOf({ model })).toBe('Mul');
    expect(applications).toEqual([]);
  });
});

describe('settings', () => {
  it('keep off a class, a rule, an application', () => {
    const count = (settings: Partial<typeof DEFAULT_REWRITES>): string =>
      rewrite(CHAIN, settings)
        .applications.map(({ id }) => id)
        .sort()
        .join(' ');
    expect(count({})).toBe('merged-constants@u neutral-factor@v');
    expect(count({ offClasses: ['associative'] })).toBe('neutral-factor@v');
    expect(count({ offRules: ['neutral-factor'] })).toBe('merged-constants@u');
    expect(count({ offApplications: ['merged-constants@u'] })).toBe('neutral-factor@v');
    expect(count({ enabled: false })).toBe('');
    const { declined } = rewrite(CHAIN, { offApplications: ['merged-constants@u'] });
    expect(declined.map(({ id }) => id)).toEqual(['merged-constants@u']);
    expect(declined[0]!.before.nodes.length).toBeGreaterThan(0);
  });

  it('give the same graph again', () => {
    const { model } = build(CHAIN);
    const print = (): string => printModel(rewriteModel(model, DEFAULT_REWRITES).model);
    expect(print()).toBe(print());
  });

  it('end where they began: a second pass finds nothing', () => {
    const { model } = rewrite(CHAIN);
    expect(rewriteModel(model, DEFAULT_REWRITES).applications).toEqual([]);
  });
});

describe('rules as text', () => {
  it('refuse what is no pattern', () => {
    expect(() => parsePattern('(Mul ?a')).toThrow();
    expect(() => parsePattern('(Mul ?a ?b) ?c')).toThrow();
    expect(() => parsePattern('(Mul a)')).toThrow();
  });

  it('refuse a right side that uses what is not bound', () => {
    const rule = (before: string, after: string) => () =>
      rules('identity', [{ name: 'r', row: '', precision: 'exact', forms: [[before, after]] }]);
    expect(rule('(Mul ?a ?b)', '(Mul ?a ?c)')).toThrow('c, which is not bound');
    expect(rule('(Mul ?a ?b)', '(=f ?a)')).toThrow('=f');
    expect(rule('(Mul ?a ?b)', '!c')).toThrow('!c');
    expect(rule('(Mul:f ?a ?b)', '(=f{axis=last} ?a ?b)')).toThrow('last');
    expect(rule('?a', '?a')).toThrow('does not start with an operator');
    expect(rule('(Mul:f ?a ?b)', '(=f ?b ?a)')).not.toThrow();
  });
});

describe('open sizes', () => {
  it('stay open, and rules apply all the same', () => {
    const spec = {
      opset: 17,
      inputs: [input('x', 'float32', ['batch', 3, 4])],
      nodes: [
        node('Reshape', ['x', 'r'], ['s']),
        node('Unsqueeze', ['s', 'i'], ['t']),
        node('Add', ['t', 'c'], ['u']),
        node('Add', ['u', 'd'], ['y']),
      ],
      outputs: ['y'],
      initializers: [
        tensor('r', 'int64', [2], [0, -1]),
        tensor('i', 'int64', [1], [1]),
        tensor(
          'c',
          'float32',
          [12],
          Array.from({ length: 12 }, (_, i) => i),
        ),
        tensor('d', 'float32', [], [0.5]),
      ],
    };
    const model = inferModel(importSpec(spec), { bindings: new Map() });
    const result = rewriteModel(model, DEFAULT_REWRITES);
    expect(typesOf(result)).toBe('Reshape Add');
    expect(verifyGraph(result.model.graph)).toEqual([]);
    const x: Tensor = {
      storage: 'f32',
      dims: [2, 3, 4],
      elements: Array.from({ length: 24 }, (_, i) => i),
    };
    expect(differenceOf(run(model, [x]), run(result.model, [x]), 1e-6)).toBeUndefined();
  });
});
