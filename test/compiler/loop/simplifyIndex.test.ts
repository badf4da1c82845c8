// The index simplifier: random expressions keep their value over whole domains, and what data movement
// composes to loses every div and mod. FUSION_SWEEP=n runs n times as many random expressions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Facts } from '../../../compiler/loop/facts.ts';
import type { Index, IndexCondition } from '../../../compiler/loop/indexExpr.ts';
import {
  add,
  atMost,
  choose,
  constant,
  equal,
  evaluateIndex,
  floorDiv,
  less,
  max,
  min,
  mod,
  multiply,
  product,
  size,
  subtract,
  variable,
} from '../../../compiler/loop/indexExpr.ts';
import { printIndex } from '../../../compiler/loop/print.ts';
import {
  assuming,
  decide,
  insideLoop,
  isWithin,
  simplifyIndex,
} from '../../../compiler/loop/simplifyIndex.ts';

const sweep = Number(process.env.FUSION_SWEEP ?? 1);

/** `i<12 j<n`: facts of nested loops. */
function loops(text: string, least: Readonly<Record<string, number>> = {}): Facts {
  return text
    .split(' ')
    .filter(Boolean)
    .reduce(
      (facts, part) => {
        const [name, extent] = part.split('<') as [string, string];
        return insideLoop(facts, name, parseDim(extent));
      },
      Facts.of(new Map(Object.entries(least))),
    );
}

function parseDim(text: string): Index {
  return product(
    text.split('*').map((part) => (/^\d+$/.test(part) ? constant(+part) : size(part))),
  );
}

function simplified(index: Index, facts: Facts): string {
  return printIndex(simplifyIndex(index, facts));
}

const [i, j, k, n, m] = [variable('i'), variable('j'), variable('k'), size('n'), size('m')];

describe('simplifyIndex', () => {
  it.each([
    ['i', floorDiv(add(multiply(i, 12), j), 12), 'i<5 j<12'],
    ['j', mod(add(multiply(i, 12), j), 12), 'i<5 j<12'],
    ['i', floorDiv(add(multiply(i, n), j), n), 'i<5 j<n'],
    ['j', mod(add(multiply(i, n), j), n), 'i<m j<n'],
    ['i div 2', floorDiv(add(multiply(i, 12), j), 24), 'i<6 j<12'],
    ['i mod 2 * 12 + j', mod(add(multiply(i, 12), j), 24), 'i<6 j<12'],
    ['i', add(multiply(floorDiv(i, 7), 7), mod(i, 7)), 'i<100'],
    ['i div 12', floorDiv(floorDiv(i, 3), 4), 'i<100'],
    ['i mod 4', mod(mod(i, 12), 4), 'i<100'],
    ['(i div 4) mod 3', floorDiv(mod(i, 12), 4), 'i<100'],
    ['0', mod(multiply(i, n), n), 'i<5'],
    ['i + 1', add(floorDiv(i, 1), 1), 'i<5'],
    ['-1', floorDiv(subtract(i, 7), 7), 'i<7'],
    ['i', min(i, 4), 'i<5'],
    ['min(i, 3)', min(i, 3), 'i<5'],
    ['i', max(i, 0), 'i<n'],
    ['n - 1', max(subtract(n, 1), i), 'i<n'],
    ['i', choose(less(i, n), i, constant(0)), 'i<n'],
    ['0', choose(equal(i, j), j, i), 'i<1 j<1'],
    ['i * 2', add(i, i), 'i<n'],
  ] as readonly (readonly [string, Index, string])[])('%s', (expected, index, facts) => {
    expect(simplified(index, loops(facts))).toBe(expected);
  });

  it('uses what a branch says', () => {
    const facts = assuming(loops('i<10'), less(i, 4));
    expect(simplified(floorDiv(i, 4), facts)).toBe('0');
    const otherwise = assuming(loops('i<8'), less(i, 4), false);
    expect(simplified(floorDiv(i, 4), otherwise)).toBe('1');
    expect(decide(atMost(4, i), otherwise)).toBe(true);
  });

  it('knows least sizes', () => {
    expect(decide(less(constant(0), n), loops(''))).toBe(true);
    expect(decide(less(constant(0), n), loops('', { n: 0 }))).toBeUndefined();
    expect(decide(less(constant(2), n), loops('', { n: 3 }))).toBe(true);
  });

  it('finds accesses in range', () => {
    const facts = loops('i<n j<m');
    expect(isWithin(add(multiply(i, m), j), multiply(n, m), facts)).toBe(true);
    expect(isWithin(add(multiply(i, m), add(j, 1)), multiply(n, m), facts)).toBe(false);
    expect(isWithin(floorDiv(i, 2), n, facts)).toBe(true);
    expect(isWithin(min(i, subtract(m, 1)), m, facts)).toBe(true);
  });

  it('leaves hostile expressions as they are, quickly', () => {
    let index: Index = i;
    for (let round = 0; round < 40; round++) index = mod(multiply(add(index, j), add(index, k)), n);
    const start = performance.now();
    simplifyIndex(index, loops('i<n j<n k<n'));
    // Seconds would mean that work is not bounded; it takes milliseconds.
    expect(performance.now() - start).toBeLessThan(5000);
    const huge = product(Array.from({ length: 30 }, (_, at) => add(variable(`v${at}`), n)));
    expect(simplifyIndex(huge, Facts.of())).toBe(huge);
  });
});

describe('data movement composes to no div and no mod', () => {
  /** Row-major position of an index. */
  const flatten = (at: readonly Index[], dims: readonly Index[]): Index =>
    at.reduce((sum, part, axis) => add(multiply(sum, dims[axis]!), part), constant(0));
  const unflatten = (position: Index, dims: readonly Index[]): Index[] =>
    dims.map((dim, axis) => {
      const inner = floorDiv(position, product(dims.slice(axis + 1)));
      return axis === 0 ? inner : mod(inner, dim);
    });
  const reshape = (at: readonly Index[], from: readonly Index[], to: readonly Index[]): Index[] =>
    unflatten(flatten(at, to), from);
  const dims = (text: string): Index[] => text.split(' ').map(parseDim);
  const at = (text: string): Index[] => text.split(' ').map(variable);
  const printed = (index: readonly Index[], facts: Facts): string =>
    index.map((part) => simplified(part, facts)).join(', ');

  it.each([
    ['merge, split back', '3 4', '12', '3 4', 'x<3 y<4', 'x y', 'x, y'],
    ['merge, split back, symbolic', 'n m', 'n*m', 'n m', 'x<n y<m', 'x y', 'x, y'],
    ['split, merge', '12', '3 4', '12', 'x<12', 'x', 'x'],
    ['split, merge, symbolic', 'n*m', 'n m', 'n*m', 'x<n*m', 'x', 'x'],
    ['there and back', '6 4', '8 3', '6 4', 'x<6 y<4', 'x y', 'x, y'],
    ['there and back, symbolic', 'n 6', 'n*2 3', 'n 6', 'x<n y<6', 'x y', 'x, y'],
    ['heads', 'n 64 768', 'n 64 12 64', 'n 64 768', 'x<n y<64 z<768', 'x y z', 'x, y, z'],
    [
      'heads split',
      '1 s 768',
      '1 s 12 64',
      '1 s 12 64',
      'x<1 y<s z<12 w<64',
      'x y z w',
      '0, y, z * 64 + w',
    ],
    ['batch and rows', 'n s 8', 'n*s 8', 'n s 8', 'x<n y<s z<8', 'x y z', 'x, y, z'],
    [
      'channel shuffle groups',
      'n 24 h w',
      'n 3 8 h w',
      'n 24 h w',
      'x<n y<24 z<h u<w',
      'x y z u',
      'x, y, z, u',
    ],
    ['drop ones', '1 c 1 1', 'c', '1 c 1 1', 'x<1 y<c z<1 u<1', 'x y z u', '0, y, 0, 0'],
    [
      'flatten features',
      'n 16 7 7',
      'n 784',
      'n 784',
      'x<n y<784',
      'x y',
      'x, y div 49, (y div 7) mod 7, y mod 7',
    ],
  ])('%s', (_, first, second, third, facts, names, expected) => {
    const [a, b, c] = [dims(first), dims(second), dims(third)];
    const index = reshape(reshape(at(names), b, c), a, b);
    expect(printed(index, loops(facts))).toBe(expected);
  });

  it('transposes between two reshapes: attention heads', () => {
    // [1, s, 768] -> [1, s, 12, 64] -> transpose 0,2,1,3 -> [1, 12, s, 64], read at (b, h, t, e).
    const facts = loops('b<1 h<12 t<s e<64');
    const [b, h, t, e] = at('b h t e') as [Index, Index, Index, Index];
    const source = reshape([b, t, h, e], dims('1 s 768'), dims('1 s 12 64'));
    expect(printed(source, facts)).toBe('0, t, h * 64 + e');
  });

  it('depth to space and back', () => {
    // DCR with blocks of 2: x[n, c, h, w] with h = y div 2 ..., then SpaceToDepth.
    const facts = loops('b<n c<12 y<h x<w');
    const [b, c, y, x] = at('b c y x') as [Index, Index, Index, Index];
    // SpaceToDepth reads DepthToSpace's output at (b, c mod 3, 2y + c div 6, 2x + c div 3 mod 2).
    const inner = mod(c, 3);
    const row = add(multiply(y, 2), floorDiv(floorDiv(c, 3), 2));
    const column = add(multiply(x, 2), mod(floorDiv(c, 3), 2));
    // DepthToSpace (DCR) reads its input at channel (row mod 2 * 2 + column mod 2) * 3 + inner.
    const block = add(multiply(mod(row, 2), 2), mod(column, 2));
    const source = [b, add(multiply(block, 3), inner), floorDiv(row, 2), floorDiv(column, 2)];
    expect(printed(source, facts)).toBe('b, c, y, x');
  });

  it('channel shuffle: reshape, transpose, reshape', () => {
    // [n, 24, h] as [n, 3, 8, h], axes 1 and 2 swapped, back to 24 channels; read at c = g * 3 + o.
    const facts = loops('b<n g<8 o<3 y<h');
    const [b, g, o, y] = at('b g o y') as [Index, Index, Index, Index];
    const split = reshape([b, add(multiply(g, 3), o), y], dims('n 8 3 h'), dims('n 24 h'));
    const [p, q, r, s] = split as [Index, Index, Index, Index];
    const source = reshape([p, r, q, s], dims('n 24 h'), dims('n 3 8 h'));
    expect(printed(source, facts)).toBe('b, o * 8 + g, y');
  });

  it('random reshape chains that return give the identity', () => {
    const factorings = fc
      .array(fc.constantFrom(2, 3, 4, 5, 6), { minLength: 2, maxLength: 4 })
      .chain((factors) => {
        const grouping = fc.array(fc.boolean(), {
          minLength: factors.length - 1,
          maxLength: factors.length - 1,
        });
        return fc.tuple(grouping, grouping).map(([a, b]) => [group(factors, a), group(factors, b)]);
      });
    fc.assert(
      fc.property(factorings, ([a, b]) => {
        const first = a!.map(constant);
        const names = a!.map((_, axis) => `v${axis}`);
        const facts = loops(a!.map((extent, axis) => `v${axis}<${extent}`).join(' '));
        const there = reshape(
          reshape(names.map(variable), b!.map(constant), first),
          first,
          b!.map(constant),
        );
        const expected = names.map((name, axis) => (a![axis] === 1 ? '0' : name)).join(', ');
        expect(printed(there, facts)).toBe(expected);
      }),
      { numRuns: 300 * sweep },
    );
  });
});

function group(factors: readonly number[], joins: readonly boolean[]): number[] {
  const dims = [factors[0]!];
  joins.forEach((join, at) => {
    if (join) dims[dims.length - 1]! *= factors[at + 1]!;
    else dims.push(factors[at + 1]!);
  });
  return dims;
}

describe('random expressions', () => {
  const names = ['i', 'j', 'k'];
  const { index } = fc.letrec<{ index: Index; condition: IndexCondition }>((tie) => ({
    index: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.integer({ min: -9, max: 9 }).map(constant),
      fc.constantFrom(...names).map(variable),
      fc.constantFrom('n', 'm').map(size),
      fc.tuple(tie('index'), tie('index')).map(([a, b]) => add(a, b)),
      fc.tuple(tie('index'), tie('index')).map(([a, b]) => subtract(a, b)),
      fc.tuple(tie('index'), fc.integer({ min: -4, max: 12 })).map(([a, b]) => multiply(a, b)),
      fc.tuple(tie('index'), fc.constantFrom(n, m, i)).map(([a, b]) => multiply(a, b)),
      fc.tuple(tie('index'), divisors()).map(([a, b]) => floorDiv(a, b)),
      fc.tuple(tie('index'), divisors()).map(([a, b]) => mod(a, b)),
      fc.tuple(tie('index'), tie('index')).map(([a, b]) => min(a, b)),
      fc.tuple(tie('index'), tie('index')).map(([a, b]) => max(a, b)),
      fc
        .tuple(tie('condition'), tie('index'), tie('index'))
        .map(([condition, a, b]) => choose(condition, a, b)),
    ),
    condition: fc
      .tuple(
        fc.constantFrom('lt' as const, 'le' as const, 'eq' as const),
        tie('index'),
        tie('index'),
      )
      .map(([op, a, b]) => ({ op, a, b })),
  }));

  function divisors() {
    return fc.oneof(
      fc.integer({ min: 1, max: 12 }).map(constant),
      fc.constantFrom(n, m, multiply(n, m), multiply(n, 2), add(m, 1), multiply(add(n, 1), m)),
    );
  }

  const domain = fc.record({
    i: fc.integer({ min: 1, max: 6 }),
    j: fc.integer({ min: 1, max: 5 }),
    symbolicK: fc.boolean(),
  });

  it('keep their value over the whole domain', () => {
    fc.assert(
      fc.property(index, domain, (expression, extents) => {
        const text = `i<${extents.i} j<${extents.j} k<${extents.symbolicK ? 'n' : '4'}`;
        const result = simplifyIndex(expression, loops(text));
        forEachPoint(extents, (variables, sizes) => {
          const value = (of: Index): number =>
            evaluateIndex(
              of,
              (v) => variables[v]!,
              (s) => sizes[s]!,
            );
          if (value(result) !== value(expression)) {
            throw new Error(`${printIndex(expression)} is not ${printIndex(result)}`);
          }
        });
      }),
      { numRuns: 4000 * sweep },
    );
  }, 120_000);

  it('are decided rightly, and conditions assumed rightly', () => {
    const conditions = fc.tuple(
      fc.constantFrom('lt' as const, 'le' as const, 'eq' as const),
      index,
      index,
    );
    fc.assert(
      fc.property(conditions, index, domain, ([op, a, b], expression, extents) => {
        const condition = { op, a, b };
        const text = `i<${extents.i} j<${extents.j} k<${extents.symbolicK ? 'n' : '4'}`;
        const facts = loops(text);
        const decided = decide(condition, facts);
        const both = [true, false].map((holds) =>
          simplifyIndex(expression, assuming(facts, condition, holds)),
        );
        forEachPoint(extents, (variables, sizes) => {
          const value = (of: Index): number =>
            evaluateIndex(
              of,
              (v) => variables[v]!,
              (s) => sizes[s]!,
            );
          const [x, y] = [value(a), value(b)];
          const held = op === 'lt' ? x < y : op === 'le' ? x <= y : x === y;
          if (decided !== undefined && held !== decided) throw new Error(`decided ${decided}`);
          const result = both[held ? 0 : 1]!;
          if (value(result) !== value(expression)) {
            throw new Error(`${printIndex(expression)} is not ${printIndex(result)}`);
          }
        });
      }),
      { numRuns: 2000 * sweep },
    );
  }, 120_000);

  function forEachPoint(
    extents: { readonly i: number; readonly j: number; readonly symbolicK: boolean },
    visit: (variables: Record<string, number>, sizes: Record<string, number>) => void,
  ): void {
    for (const n of [1, 2, 5]) {
      for (const m of [1, 3]) {
        for (let i = 0; i < extents.i; i++) {
          for (let j = 0; j < extents.j; j++) {
            for (let k = 0; k < (extents.symbolicK ? n : 4); k++) visit({ i, j, k }, { n, m });
          }
        }
      }
    }
  }
});
