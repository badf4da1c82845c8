/** A plan saved for one model meets the model as exported again. */
import { describe, expect, it } from 'vitest';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { Override, PlanEdits } from '../../../compiler/fusion/plan.ts';
import { matchSidecar, NOTHING_RECORDED } from '../../../compiler/sidecar/match.ts';
import type { SidecarMatch } from '../../../compiler/sidecar/match.ts';
import { Neighbourhoods } from '../../../compiler/sidecar/neighbourhood.ts';
import type { OperatorGraph } from '../../../compiler/sidecar/neighbourhood.ts';
import { parseSidecar } from '../../../compiler/sidecar/parse.ts';
import { recordEdits } from '../../../compiler/sidecar/record.ts';
import { serialiseSidecar } from '../../../compiler/sidecar/serialise.ts';
import type { Sidecar } from '../../../compiler/sidecar/sidecar.ts';
import { operatorGraph, renamed } from './graphs.ts';

const model = operatorGraph(`
  stem/conv=Conv(in) stem/relu=Relu(stem/conv) stem/pool=MaxPool(stem/relu)
  left/conv=Conv(stem/pool) left/sigmoid=Sigmoid(left/conv) left/mul=Mul(left/conv,left/sigmoid)
  right/conv=Conv(stem/pool) right/tanh=Tanh(right/conv)
  join=Add(left/mul,right/tanh) head/gemm=Gemm(join) head/softmax=Softmax(head/gemm)`);

const overrides: readonly Override[] = [
  { kind: 'fuse', a: 'stem/relu', b: 'stem/pool' },
  { kind: 'cut', a: 'left/conv', b: 'left/mul' },
  { kind: 'seed', op: 'right/tanh' },
  { kind: 'pin', ops: ['head/gemm', 'head/softmax'] },
];

/** Through the file, as it happens. */
function saved(
  graph: OperatorGraph,
  edits: Partial<PlanEdits>,
  before = NOTHING_RECORDED,
): Sidecar {
  const sidecar = recordEdits({ ...NO_EDITS, ...edits }, graph, 'hash', before);
  const result = parseSidecar(serialiseSidecar(sidecar));
  if (!result.ok) throw new Error(result.diagnostic.message);
  return result.sidecar;
}

function show({ edits, unmatched, moved }: SidecarMatch): string[] {
  const ids = (o: Override): string =>
    o.kind === 'pin' ? o.ops.join('+') : 'op' in o ? o.op : `${o.a}-${o.b}`;
  return [
    ...edits.overrides.map((o) => `${o.kind} ${ids(o)}`),
    `${unmatched.length} unmatched, ${moved} moved`,
  ];
}

describe('matching', () => {
  it('finds everything in the same model', () => {
    const edits = { planner: 'pattern', overrides, replannedAt: 2, bindings: { n: 3 } } as const;
    const match = matchSidecar(saved(model, edits), model);
    expect(match.edits).toEqual(edits);
    expect(match).toMatchObject({ matched: 4, moved: 0, unmatched: [], diagnostics: [] });
  });

  it('finds operators under new names by their surroundings', () => {
    const other = renamed(model, (id) => `exported/${id.toUpperCase()}`);
    expect(show(matchSidecar(saved(model, { overrides }), other))).toEqual([
      'fuse exported/STEM/RELU-exported/STEM/POOL',
      'cut exported/LEFT/CONV-exported/LEFT/MUL',
      'seed exported/RIGHT/TANH',
      'pin exported/HEAD/GEMM+exported/HEAD/SOFTMAX',
      '0 unmatched, 4 moved',
    ]);
  });

  it('keeps what no longer fits, lists it, and finds it again in the old model', () => {
    const other = operatorGraph(`
      stem/conv=Conv(in) stem/relu=Relu(stem/conv) stem/pool=MaxPool(stem/relu)
      L1=Conv(stem/pool) L2=HardSwish(L1)
      right/conv=Conv(stem/pool) right/tanh=Tanh(right/conv)
      join=Add(L2,right/tanh) extra=Gemm(join) H1=Gemm(extra) H2=Softmax(H1)`);
    const match = matchSidecar(saved(model, { overrides, replannedAt: 3 }), other);
    expect(show(match)).toEqual([
      'fuse stem/relu-stem/pool',
      'cut left/conv-left/mul',
      'seed right/tanh',
      'pin head/gemm+head/softmax',
      '2 unmatched, 0 moved',
    ]);
    expect(match.diagnostics[0]?.message).toMatch(/2 of 4 overrides apply; 2 fit no operator/);

    const again = saved(other, match.edits, match.recorded);
    const back = matchSidecar(again, model);
    expect(back.edits.overrides).toEqual(overrides);
    expect(back.edits.replannedAt).toBe(3);
    expect(back.unmatched).toEqual([]);
    expect(back.moved).toBe(0);
  });

  it('keeps a new layer far away from disturbing anything', () => {
    const other = renamed(
      operatorGraph(`
        c=Conv(in) r=Relu(c) p=MaxPool(r) lc=Conv(p) ls=Sigmoid(lc) lm=Mul(lc,ls)
        rc=Conv(p) rt=Tanh(rc) j=Add(lm,rt) g=Gemm(j) s=Softmax(g) new=Log(s)`),
      (id) => `v2/${id}`,
    );
    const match = matchSidecar(saved(model, { overrides: overrides.slice(0, 3) }), other);
    expect(show(match)).toEqual([
      'fuse v2/r-v2/p',
      'cut v2/lc-v2/lm',
      'seed v2/rt',
      '0 unmatched, 3 moved',
    ]);
  });

  it('does not take an id for the same operator when the operator type differs', () => {
    const other = operatorGraph(`a=Conv(in) stem/relu=Tanh(a) stem/pool=MaxPool(stem/relu)`);
    const sidecar = saved(model, { overrides: overrides.slice(0, 1) });
    const match = matchSidecar(sidecar, other);
    expect(show(match)).toEqual(['fuse stem/relu (was Relu)-stem/pool', '1 unmatched, 0 moved']);
    expect(serialiseSidecar(saved(other, match.edits, match.recorded))).toBe(
      serialiseSidecar(sidecar),
    );
  });

  it('keeps unknown fields of overrides and operators', () => {
    const text =
      '{"version":1,"overrides":[{"kind":"seed","op":{"id":"join","mood":1},"why":"tried it"}]}';
    const result = parseSidecar(text);
    if (!result.ok) throw new Error(result.diagnostic.message);
    const match = matchSidecar(result.sidecar, model);
    const written = serialiseSidecar(recordEdits(match.edits, model, 'hash', match.recorded));
    expect(written).toContain('"mood": 1');
    expect(written).toContain('"why": "tried it"');
    expect(written).toContain('"type": "Add"');
  });

  describe('with numbered ids, one layer more at the start', () => {
    // 0 Conv, 1 Relu, 2 Conv, 3 Tanh -> everything moves up by two.
    const before = operatorGraph('t0=Conv(in) t1=Relu(t0) t2=Conv(t1) t3=Tanh(t2)');
    const after = operatorGraph(
      't0=Conv(in) t1=Sigmoid(t0) t2=Conv(t1) t3=Relu(t2) t4=Conv(t3) t5=Tanh(t4)',
    );

    it('follows the surroundings where they are unique', () => {
      const sidecar = saved(before, { overrides: [{ kind: 'fuse', a: 't2', b: 't3' }] });
      expect(show(matchSidecar(sidecar, after))).toEqual(['fuse t4-t5', '0 unmatched, 1 moved']);
    });

    it('stays with the id where they are not there', () => {
      const sidecar = saved(before, { overrides: [{ kind: 'seed', op: 't0' }] });
      expect(show(matchSidecar(sidecar, after))).toEqual(['seed t0', '0 unmatched, 0 moved']);
    });
  });

  it('never lets two recorded operators become one', () => {
    const sidecar: Sidecar = {
      ...saved(model, { overrides: [{ kind: 'fuse', a: 'stem/relu', b: 'stem/pool' }] }),
    };
    const [fuse] = sidecar.overrides;
    const relu = fuse!.operators[0]!;
    const doubled: Sidecar = {
      ...sidecar,
      overrides: [{ kind: 'fuse', operators: [relu, { ...relu, id: 'gone' }] }],
    };
    expect(show(matchSidecar(doubled, model)).at(-1)).toBe('1 unmatched, 0 moved');
  });
});

describe('surroundings', () => {
  it('reach as far as repeated layers need, and stop at twins', () => {
    const chain = operatorGraph(
      Array.from({ length: 30 }, (_, i) => `n${i}=Relu(n${i - 1})`).join(' '),
    );
    const near = new Neighbourhoods(chain);
    expect(near.describe(1)).toMatch(/^2:/);
    expect(near.describe(12)).toMatch(/^16:/);
    expect(near.find(near.describe(12)!)).toBe(12);

    const twins = operatorGraph('a=Conv(in) b=Relu(a) c=Relu(a)');
    expect(new Neighbourhoods(twins).describe(1)).toBeUndefined();
  });

  it('do not depend on the order of operators and edges', () => {
    const one = operatorGraph('a=Conv(in) b=Relu(a) c=Tanh(a) d=Add(b,c)');
    const two = operatorGraph('a=Conv(in) c=Tanh(a) b=Relu(a) d=Add(c,b)');
    expect(new Neighbourhoods(one).describe(1)).toBe(new Neighbourhoods(two).describe(2));
  });

  it('tell producers from consumers', () => {
    const one = operatorGraph('a=Conv(in) b=Relu(a)');
    const two = operatorGraph('b=Relu(in) a=Conv(b)');
    expect(new Neighbourhoods(one).describe(0)).not.toBe(new Neighbourhoods(two).describe(1));
  });

  it.each(['', '2', '5:0123456789abcdef', '2:xyz', '2:0123456789abcdef0', '99:0123456789abcdef'])(
    'ignore a description that is none: %s',
    (near) => {
      expect(new Neighbourhoods(model).find(near)).toBe(-1);
    },
  );
});
