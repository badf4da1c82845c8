// Attention in plans of `extended`: one block where the schedule takes a few rows through all of it, and near misses, each with
// its reason.
import { describe, expect, it } from 'vitest';
import type { Ecg } from '../../../compiler/ecg/ecg.ts';
import { explainVerdict } from '../../../compiler/fusion/explain.ts';
import type { FusionPlan, Override } from '../../../compiler/fusion/plan.ts';
import { isAlongLastAxis, reducedRow } from '../../../compiler/fusion/rowReductions.ts';
import { stageNests } from '../../../compiler/schedule/stageNests.ts';
import { markIndependent } from '../../../compiler/schedule/independent.ts';
import { fuseNests } from '../../../compiler/schedule/fuseNests.ts';
import { lowerPlan } from '../../../compiler/lower/runGraph.ts';
import { TARGETS } from '../../../compiler/target/target.ts';
import { planOf, prepareSpec } from '../lower/running.ts';
import type { Bytes, ModelSpec } from '../onnx/protoWriter.ts';
import { input, node, tensor } from '../onnx/protoWriter.ts';

const HEADS = [1, 4, 128, 32];

interface Form {
  readonly between?: readonly Bytes[];
  /** What the Softmax reads. */
  readonly logits?: string;
  readonly axis?: number;
  readonly after?: readonly Bytes[];
  readonly outputs?: readonly string[];
  readonly q?: readonly (number | string)[];
  readonly k?: readonly (number | string)[];
  readonly v?: readonly (number | string)[];
}

/** Scores `s`, probabilities `p`, weighed values `o`. */
function attention(form: Form = {}): ModelSpec {
  const { q = HEADS, k = [1, 4, 32, 128], v = HEADS, between = [], after = [] } = form;
  return {
    opset: 17,
    inputs: [
      input('q', 'float32', q),
      input('k', 'float32', k),
      input('v', 'float32', v),
      input('mask', 'float32', [1, 1, 1, 128]),
      input('kept', 'bool', [1, 1, 1, 128]),
    ],
    nodes: [
      node('MatMul', ['q', 'k'], ['s']),
      ...between,
      node('Softmax', [form.logits ?? 's'], ['p'], { axis: form.axis ?? -1 }),
      node('MatMul', ['p', 'v'], ['o']),
      ...after,
    ],
    outputs: [...(form.outputs ?? ['o'])],
    initializers: [
      tensor('scale', 'float32', [], [0.125]),
      tensor('least', 'float32', [], [-1e9]),
      tensor('rows', 'int64', [4], [1, 4, 128, 128]),
    ],
  };
}

const cut = (a: string, b: string): Override => ({ kind: 'cut', a, b });

function blocksOf(ecg: Ecg, plan: FusionPlan): string[] {
  return plan.blocks.map(({ operators }) =>
    operators.map((operator) => ecg.nodes[operator]!.operator.type).join(' '),
  );
}

/** Blocks, and what every edge says. */
function planned(spec: ModelSpec, overrides: readonly Override[] = []) {
  const { ecg } = prepareSpec(spec);
  const [local, whole] = [0, overrides.length].map((replannedAt) =>
    planOf(ecg, 'extended', { overrides, replannedAt }),
  ) as [FusionPlan, FusionPlan];
  const reasons = ecg.edges.map(({ index }) => explainVerdict(ecg, whole, index));
  return { ecg, local, whole, blocks: blocksOf(ecg, whole), reasons };
}

const masked: Form = { between: [node('Add', ['s', 'mask'], ['m'])], logits: 'm' };
const scaled: Form = {
  between: [node('Mul', ['s', 'scale'], ['d']), node('Where', ['kept', 'd', 'least'], ['m'])],
  logits: 'm',
};

describe('attention is one block', () => {
  const cases: readonly [name: string, form: Form, blocks: readonly string[]][] = [
    ['plain', {}, ['MatMul Softmax MatMul']],
    ['with a mask', masked, ['MatMul Add Softmax MatMul']],
    ['scaled, and masked by Where', scaled, ['MatMul Mul Where Softmax MatMul']],
    [
      'with heads merged behind it',
      {
        ...masked,
        after: [node('Transpose', ['o'], ['y'], { perm: [0, 2, 1, 3] })],
        outputs: ['y'],
      },
      ['MatMul Add Softmax MatMul Transpose'],
    ],
    ['of one head', { q: [128, 64], k: [64, 512], v: [512, 64] }, ['MatMul Softmax MatMul']],
    [
      'of a batch that is not known yet',
      { q: ['b', 4, 128, 32], k: ['b', 4, 32, 128], v: ['b', 4, 128, 32] },
      ['MatMul Softmax MatMul'],
    ],
  ];
  it.each(cases)('%s', (_name, form, blocks) => {
    expect(planned(attention(form)).blocks).toEqual(blocks);
  });

  it('with the split of heads in front of it', () => {
    const { blocks } = planned({
      opset: 17,
      inputs: [input('x', 'float32', [1, 128, 128])],
      nodes: ['q', 'k', 'v']
        .flatMap((name) => [
          node('MatMul', ['x', 'w'], [`${name}0`]),
          node('Reshape', [`${name}0`, 'split'], [`${name}1`]),
          node('Transpose', [`${name}1`], [name], {
            perm: name === 'k' ? [0, 2, 3, 1] : [0, 2, 1, 3],
          }),
        ])
        .concat([
          node('MatMul', ['q', 'k'], ['s']),
          node('Softmax', ['s'], ['p'], { axis: 3 }),
          node('MatMul', ['p', 'v'], ['o']),
          node('Transpose', ['o'], ['t'], { perm: [0, 2, 1, 3] }),
          node('Reshape', ['t', 'merged'], ['y']),
        ]),
      outputs: ['y'],
      initializers: [
        tensor('w', 'float32', [128, 128], new Array<number>(128 * 128).fill(0.01)),
        tensor('split', 'int64', [4], [1, 128, 4, 32]),
        tensor('merged', 'int64', [3], [1, 128, 128]),
      ],
    });
    expect(blocks.sort()).toEqual([
      'MatMul Reshape',
      'MatMul Reshape Transpose',
      'MatMul Reshape Transpose',
      'Transpose MatMul Softmax MatMul Transpose Reshape',
    ]);
  });

  it('which says so, grew from the Softmax, and has a kernel that takes rows through', () => {
    const { model, ecg } = prepareSpec(attention(masked));
    const plan = planOf(ecg, 'extended');
    expect(ecg.nodes[plan.blocks[0]!.seed]!.operator.type).toBe('Softmax');
    expect(explainVerdict(ecg, plan, 1)).toBe(
      'Add → Softmax: fused: one kernel takes row after row through both (attention: 262 kB of scores stay ' +
        'on chip); saves 524 kB of traffic.',
    );
    const [block] = lowerPlan(model, plan);
    const rows = fuseNests(markIndependent(block!.program), new Set());
    expect(stageNests(rows, TARGETS['armeabi-v7a']).staged.size).toBe(1);
    expect(stageNests(rows, TARGETS['arm64-v8a']).staged.size).toBe(1);
  });
});

describe('attention stays apart, and says why', () => {
  const cases: readonly [name: string, form: Form, reason: RegExp][] = [
    [
      'where Softmax runs along queries',
      { axis: 2 },
      /^MatMul → Softmax: not fused: there is no kernel .*another axis than the last/,
    ],
    [
      'where the scores are turned',
      { between: [node('Transpose', ['s'], ['t'], { perm: [0, 1, 3, 2] })], logits: 't' },
      /Transpose moves elements between scores and Softmax/,
    ],
    [
      'where the scores are given another shape',
      {
        between: [
          node('Reshape', ['s', 'rows'], ['r'], { allowzero: 1 }),
          node('Transpose', ['r'], ['t'], { perm: [0, 3, 1, 2] }),
        ],
        logits: 't',
        v: [1, 128, 128, 32],
      },
      /not fused: there is no kernel .*(Reshape|Transpose) moves elements between scores and Softmax/,
    ],
    [
      'where the probabilities are an output as well',
      { outputs: ['p', 'o'] },
      /Softmax → MatMul: not fused: the value is needed elsewhere too \(.*result of Softmax/,
    ],
    [
      'where two products read the probabilities',
      { after: [node('MatMul', ['p', 'v'], ['z'])], outputs: ['o', 'z'] },
      /the value is needed elsewhere too \(.*result of Softmax/,
    ],
    [
      'where the scores are read elsewhere',
      { ...masked, after: [node('Relu', ['s'], ['z'])], outputs: ['o', 'z'] },
      /the value is needed elsewhere too \(.*result of MatMul/,
    ],
    [
      'where all heads have the same values',
      { v: [128, 32] },
      /would not be cheaper \(several heads read the same values\)/,
    ],
    [
      'where the scores are small',
      { q: [1, 4, 32, 32], k: [1, 4, 32, 128], v: HEADS },
      /would not be cheaper \(65\.5 kB of scores stay in a cache anyway\)/,
    ],
    [
      'where rows do not fall into equal blocks',
      { q: [1, 4, 127, 32] },
      /would not be cheaper \(no block of 127 rows fits a cache\)/,
    ],
    [
      'where rows are long',
      { q: [1, 128, 32], k: [1, 32, 8192], v: [1, 8192, 32] },
      /would not be cheaper \(no block of 128 rows fits a cache\)/,
    ],
  ];
  it.each(cases)('%s', (_name, form, reason) => {
    const { blocks, reasons } = planned(attention(form));
    expect(blocks.filter((block) => block.split('MatMul').length > 2)).toEqual([]);
    expect(reasons.filter((text) => reason.test(text))).not.toEqual([]);
  });

  it.each([
    ['a cut', [cut('p', 'o')]],
    ['a cut inside', [cut('s', 'm')]],
    ['a pin', [{ kind: 'pin', ops: ['p'] }]],
    ['a seed elsewhere', [{ kind: 'noSeed', op: 'p' }]],
  ] satisfies [string, Override[]][])(
    'where %s forbids it, at once and as a repair',
    (_n, overrides) => {
      const { ecg, whole, local } = planned(attention(masked), overrides);
      for (const plan of [whole, local]) {
        expect(plan.overrides.map(({ status }) => status)).toEqual(['applied']);
        expect(blocksOf(ecg, plan)).not.toContain('MatMul Add Softmax MatMul');
      }
    },
  );

  it('under the other planners', () => {
    const { ecg } = prepareSpec(attention(masked));
    for (const planner of ['none', 'pattern', 'dnnfusion'] as const) {
      const products = planOf(ecg, planner).blocks.map(
        ({ operators }) => operators.filter((o) => ecg.nodes[o]!.operator.type === 'MatMul').length,
      );
      expect(Math.max(...products), planner).toBe(1);
    }
  });
});

describe('rows that a file names wrongly', () => {
  // Nothing may be counted from such an axis: an array of that length would end the process.
  it.each([-(2 ** 40), -4, 3, 2 ** 40])('an axis of %d is no row', (axis) => {
    const { ecg } = prepareSpec({
      opset: 11,
      inputs: [input('x', 'float32', [2, 3, 4])],
      nodes: [node('Softmax', ['x'], ['y'], { axis: -1 }), node('Relu', ['y'], ['z'])],
      outputs: ['z'],
    });
    const [softmax] = ecg.nodes;
    const attributes = new Map([['axis', { kind: 'int', value: axis } as const]]);
    const wrong = { ...softmax!, operator: { ...softmax!.operator, attributes } };
    expect(reducedRow(ecg, wrong)).toBeUndefined();
    expect(isAlongLastAxis(ecg, wrong)).toBe(false);
    expect(isAlongLastAxis(ecg, softmax!)).toBe(true);
  });
});
