import { describe, expect, it } from 'vitest';
import { COMBINATIONS } from '../../../compiler/mapping/mappingTypes.ts';
import type { MappingType } from '../../../compiler/mapping/mappingTypes.ts';
import { DEFAULT_CONTEXT } from '../../../compiler/fusion/context.ts';
import type { PlanContext } from '../../../compiler/fusion/context.ts';
import { blockKey } from '../../../compiler/fusion/blockKey.ts';
import { NO_EDITS } from '../../../compiler/fusion/plan.ts';
import type { VerdictReason } from '../../../compiler/fusion/plan.ts';
import { planGraph } from '../../../compiler/fusion/planGraph.ts';
import { blocksText, ecgOf, FIXTURE_MAPPINGS } from './ecgFixture.ts';

function blocks(text: string, context?: PlanContext): string {
  const ecg = ecgOf(text);
  return blocksText(ecg, planGraph(ecg, NO_EDITS, context));
}

function reasons(text: string): Record<string, VerdictReason> {
  const ecg = ecgOf(text);
  const { verdicts } = planGraph(ecg, NO_EDITS);
  const name = (operator: number): string => ecg.nodes[operator]!.operator.id;
  return Object.fromEntries(
    ecg.edges.map(({ from, to, index }) => [`${name(from)}->${name(to)}`, verdicts[index]!.reason]),
  );
}

describe('Listing 1', () => {
  const cases: readonly [name: string, graph: string, expected: string][] = [
    ['grows forward along a chain', 'a:Relu -> b:Add -> c:Mul -> d:Sigmoid', 'a b c d'],
    ['grows backward to a Many-to-Many', 'a:Conv -> b:Add -> c:Relu', 'a b c'],
    ['takes the next Many-to-Many first', 'a:Conv -> b:Relu -> c:Conv', 'a | b c'],
    [
      'stops at a second Many-to-Many through a One-to-One: the type is the block’s',
      'a:Conv -> b:Relu[1x1x1x1] -> c:Conv -> d:Relu -> e:Conv',
      'a | b c d | e',
    ],
    [
      'starts at the smallest intermediate result',
      'a:Relu -> b:Conv -> c:Relu[1] -> d:Conv',
      'a b | c d',
    ],
    ['breaks ties by topological index', 'a:Conv -> b:Relu -> c:Conv -> d:Relu', 'a | b c d'],
    [
      'fuses a diamond of One-to-One',
      'a:Relu -> b:Add; a -> c:Sigmoid -> d:Mul; b -> d',
      'a b d c',
    ],
    [
      'fuses the body of a diamond with an opaque join',
      'a:Relu -> b:Add; a -> c:Sigmoid -> d:NonZero; b -> d',
      'a b c | d',
    ],
    [
      'leaves a residual apart whose branch is opaque',
      'a:Relu -> b:NonZero -> c:Add; a -> c',
      'a | b | c',
    ],
    [
      'fuses a residual after its branch has joined',
      'a:Relu -> c:Mul; a -> b:Sigmoid -> d:Add; c -> d',
      'a c b d',
    ],
    ['keeps opaque operators alone', 'a:Relu -> b:NonZero -> c:Relu', 'a | b | c'],
    ['does not feed One-to-Many to Many-to-Many', 'a:Relu -> b:Expand -> c:Conv', 'a b | c'],
    ['leaves Many-to-Many without One-to-One single', 'a:Conv -> b:Conv', 'a | b'],
    ['leaves chains without One-to-One single', 'a:Conv -> b:Reshape -> c:Transpose', 'a | b | c'],
    [
      'counts Reorganize and Shuffle as ways through',
      'a:Conv -> b:Reshape -> c:Transpose -> d:Relu -> e:Reshape -> f:MatMul',
      'a | b c d e f',
    ],
    ['does not fuse operators of unknown rank', 'a:Relu -> b:Add[?] -> c:Relu', 'a | b | c'],
    ['plans an empty graph', '', ''],
  ];
  it.each(cases)('%s', (_name, graph, expected) => {
    const sorted = (text: string): string[] =>
      text.split(' | ').map((block) => block.split(' ').sort().join(' '));
    expect(sorted(blocks(graph)).sort()).toEqual(sorted(expected).sort());
  });

  it('gives every edge its reason', () => {
    expect(
      reasons('a:Conv -> b:Relu -> c:Conv; b -> d:NonZero; e:Relu -> f:Expand -> g:Conv'),
    ).toEqual({
      'a->b': 'red',
      'b->c': 'green',
      'b->d': 'opaque',
      'e->f': 'green',
      'f->g': 'red',
    });
    expect(reasons('a:Relu -> b:NonZero -> c:Add; a -> c')).toMatchObject({ 'a->c': 'cycle' });
    expect(reasons('a:Relu -> b:Add; a -> c:Sigmoid -> d:Mul; b -> d')).toMatchObject({
      'a->b': 'green',
      'b->d': 'joined',
      'a->c': 'green',
      'c->d': 'green',
    });
    expect(reasons('a:Relu -> b:Add[?]')).toEqual({ 'a->b': 'unbound-shape' });
    expect(reasons('a:Conv -> b:Reshape -> c:MatMul')).toEqual({
      'a->b': 'no-seed',
      'b->c': 'no-seed',
    });
    expect(reasons('a:Relu -> b:Reshape -> c:MatMul')).toEqual({
      'a->b': 'green',
      'b->c': 'yellow-estimated',
    });
  });

  it('stores the value of a producer that others read too', () => {
    const ecg = ecgOf('a:Conv -> b:Relu -> c:Conv; a -> d:NonZero; b -> e:NonZero');
    const plan = planGraph(ecg, NO_EDITS);
    const stored = ecg.graph.values.filter(({ index }) => plan.removable[index] === 0);
    expect(stored.map(({ name }) => name)).toEqual(['x', 'a', 'b', 'c', 'd', 'e']);
    const chain = ecgOf('a:Conv -> b:Relu! -> c:Mul -> d:Relu');
    const { removable } = planGraph(chain, NO_EDITS);
    expect([...removable]).toEqual([0, 1, 0, 1, 0]);
  });

  it('limits the size of a block', () => {
    const chain = Array.from({ length: 150 }, (_, i) => `n${i}:Relu`).join(' -> ');
    const plan = planGraph(ecgOf(chain), NO_EDITS);
    expect(plan.blocks.map(({ operators }) => operators.length)).toEqual([64, 64, 22]);
    expect(plan.verdicts[63]).toMatchObject({ fused: false, reason: 'constraint-size' });
  });
});

describe('Table 3', () => {
  const example: Record<Exclude<MappingType, 'opaque'>, string> = {
    'one-to-one': 'Relu',
    'one-to-many': 'Expand',
    'many-to-many': 'Conv',
    reorganize: 'Reshape',
    shuffle: 'Transpose',
  };
  const types = Object.keys(example) as (keyof typeof example)[];
  const cells = types.flatMap((first) => types.map((second) => [first, second] as const));

  it.each(cells)('%s then %s', (first, second) => {
    const { colour, result } = COMBINATIONS[first][second];
    const text = `a:${example[first]} -> b:${example[second]}`;
    expect(FIXTURE_MAPPINGS[example[first]]).toBe(first);
    const ecg = ecgOf(text);
    // Seeds are One-to-One by the listing; a seed override makes any pair start growing.
    const edits = {
      ...NO_EDITS,
      overrides: [{ kind: 'seed', op: 'a' } as const],
      replannedAt: 1,
    };
    const plan = planGraph(ecg, edits);
    const fused = plan.blocks.length === 1;
    expect(fused).toBe(colour !== 'red');
    if (fused) expect(plan.blocks[0]!.mapping).toBe(result);
    const expected = { green: 'green', yellow: 'yellow-estimated', red: 'red' } as const;
    expect(plan.verdicts[0]!.reason).toBe(expected[colour]);

    // Yellow and only yellow cells ask the profile database.
    const asked: string[] = [];
    const slower: PlanContext = {
      ...DEFAULT_CONTEXT,
      profile: {
        isEmpty: false,
        lookup: (_device, key) => {
          asked.push(key);
          const together = key === blockKey(ecg, [0, 1]);
          return { latency: together ? 300 : 100, deviation: 1, runs: 10 };
        },
      },
    };
    const profiled = planGraph(ecg, edits, slower);
    expect(asked.length > 0).toBe(colour === 'yellow');
    expect(profiled.blocks.length).toBe(colour === 'green' ? 1 : 2);
    if (colour === 'yellow') expect(profiled.verdicts[0]!.reason).toBe('yellow-not-profitable');
  });
});

describe('cost model', () => {
  it('fuses an upsampling after a convolution up to eight copies', () => {
    const pair = (size: string): number =>
      planGraph(ecgOf(`a:Relu[1x8x4x4] -> b:Conv[1x8x4x4] -> c:Resize[${size}]`), NO_EDITS).blocks
        .length;
    expect(pair('1x8x8x8')).toBe(1);
    expect(pair('1x8x16x16')).toBe(2);
  });

  it('lets whole axes be repeated for nothing', () => {
    expect(blocks('a:Relu[1x8x4x1] -> b:Conv[1x8x4x1] -> c:Expand[1x8x4x4096]')).toBe('a b c');
  });
});
