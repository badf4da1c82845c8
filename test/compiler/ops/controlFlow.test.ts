import { describe, expect, it } from 'vitest';
import type { Dim } from '../../../compiler/graph/dim.ts';
import { dimAdd } from '../../../compiler/graph/dim.ts';
import type { Graph, Value } from '../../../compiler/graph/graph.ts';
import type { ValueType } from '../../../compiler/graph/types.ts';
import { tensorType } from '../../../compiler/graph/types.ts';
import { FAMILY } from '../../../compiler/ops/controlFlow.ts';
import { constant, entryNamed, inferText, mappingOf, typeOf } from './operatorCase.ts';

const f = (shape: string): string => `float32 ${shape}`;
const bool = 'bool scalar';

describe('If', () => {
  const entry = entryNamed(FAMILY, 'If');
  const branches = (a: string, b: string): Record<string, () => ValueType[]> => ({
    then_branch: () => [typeOf(a)],
    else_branch: () => [typeOf(b)],
  });
  it.each([
    ['equal', f('n,4'), f('n,4'), f('n×4')],
    ['one size differs', f('n,4'), f('n,6'), f('n×branch0_1<=6')],
    ['symbolic against known', f('n,4'), f('m,4'), f('branch0_0<=max(m, n)×4')],
    ['ranks differ', f('n,4'), f('n'), f('?')],
    ['sequences', `seq(${f('4')})`, `seq(${f('5')})`, `seq(${f('branch0_0<=5')})`],
    ['element types differ', f('4'), 'int64 4', 'undefined 4'],
  ])('merges branches: %s', (_, a, b, result) => {
    expect(inferText(entry, { inputs: [bool], subgraphs: branches(a, b) })).toEqual([result]);
  });

  it('takes the branch of a constant condition', () => {
    const subgraphs = branches(f('3'), f('2,5'));
    expect(inferText(entry, { inputs: [constant(1, 'bool')], subgraphs })).toEqual([f('3')]);
    expect(inferText(entry, { inputs: [constant(0, 'bool')], subgraphs })).toEqual([f('2×5')]);
    expect(mappingOf(entry, { inputs: [bool], subgraphs }).node).toBe('opaque');
  });
});

describe('Loop', () => {
  const entry = entryNamed(FAMILY, 'Loop');
  const shapeOf = (type: ValueType | undefined): readonly Dim[] =>
    type?.kind === 'tensor' && type.shape ? type.shape : [];

  it('keeps a state that does not change and stacks scan outputs', () => {
    const body = ([, , state]: readonly ValueType[]): ValueType[] => [
      typeOf(bool),
      state as ValueType,
      typeOf(f('n,7')),
    ];
    const spec = { inputs: ['int64 scalar', bool, f('n,4')], subgraphs: { body } };
    expect(inferText(entry, spec)).toEqual([f('n×4'), f('trips×n×7')]);
  });

  it('weakens a state that grows, and tells the last value from the one inside', () => {
    const seen: string[] = [];
    const body = ([, , state]: readonly ValueType[]): ValueType[] => {
      const [rows, columns] = shapeOf(state) as [Dim, Dim];
      seen.push(typeof rows === 'number' ? String(rows) : rows.key);
      return [typeOf(bool), tensorType('float32', [dimAdd(rows, 1), columns])];
    };
    const spec = { inputs: ['int64 scalar', bool, f('0,4')], subgraphs: { body } };
    expect(inferText(entry, spec)).toEqual([f('final0_0×4')]);
    expect(seen).toEqual(['0', 'state0_0']);
  });

  it('gives up on a state whose rank grows', () => {
    const body = ([, , state]: readonly ValueType[]): ValueType[] => [
      typeOf(bool),
      tensorType('float32', shapeOf(state).length > 8 ? null : [1, ...shapeOf(state)]),
    ];
    const spec = { inputs: ['int64 scalar', bool, f('4')], subgraphs: { body } };
    expect(inferText(entry, spec)).toEqual([f('?')]);
  });

  it('knows the trip count only while the condition stays true', () => {
    const body = (): ValueType[] => [typeOf(bool), typeOf(f('7'))];
    const inputs = [constant(5), constant(1, 'bool')];
    const graph = (result: number): Graph => bodyGraph(result);
    const passing = { inputs, subgraphs: { body }, graphs: { body: graph(1) } };
    expect(inferText(entry, passing)).toEqual([f('5×7')]);
    const deciding = { inputs, subgraphs: { body }, graphs: { body: graph(2) } };
    expect(inferText(entry, deciding)).toEqual([f('trips<=5×7')]);
  });

  it('turns an optional sequence that the body always sets into a sequence', () => {
    const body = (): ValueType[] => [typeOf(bool), typeOf(`seq(${f('?')})`)];
    const spec = { inputs: ['', bool, `opt(seq(${f('3')}))`], subgraphs: { body } };
    expect(inferText(entry, spec)).toEqual([`seq(${f('?')})`]);
  });
});

describe('Scan', () => {
  const entry = entryNamed(FAMILY, 'Scan');
  const body = (types: readonly ValueType[]): ValueType[] => [
    types[0] as ValueType,
    types[1] as ValueType,
  ];
  it('slices its inputs and stacks its outputs along the stated axes', () => {
    const spec = {
      inputs: [f('2'), f('3,2')],
      attributes: { num_scan_inputs: 1 },
      subgraphs: { body },
    };
    expect(inferText(entry, spec)).toEqual([f('2'), f('3×2')]);
    const axes = { num_scan_inputs: 1, scan_input_axes: [-1], scan_output_axes: [1] };
    expect(inferText(entry, { ...spec, inputs: [f('2'), f('5,t')], attributes: axes })).toEqual([
      f('2'),
      f('5×t'),
    ]);
  });

  it('has a batch axis in opset 8', () => {
    const spec = {
      opset: 8,
      inputs: ['', f('b,2'), f('b,t,2')],
      attributes: { num_scan_inputs: 1 },
      subgraphs: { body },
    };
    expect(inferText(entry, spec)).toEqual([f('b×2'), f('b×t×2')]);
  });

  it('refuses sequences of different lengths and a wrong count', () => {
    const spec = { inputs: [f('3,2'), f('4,2')], subgraphs: { body } };
    expect(inferText(entry, { ...spec, attributes: { num_scan_inputs: 2 } })[0]).toMatch(/3 and 4/);
    expect(inferText(entry, { ...spec, attributes: { num_scan_inputs: 9 } })[0]).toMatch(/is 9/);
  });
});

it('SequenceMap infers its body on one element', () => {
  const entry = entryNamed(FAMILY, 'SequenceMap');
  const body = (types: readonly ValueType[]): ValueType[] => [...types];
  const spec = { inputs: [`seq(${f('n,3')})`, f('m')], subgraphs: { body } };
  expect(inferText(entry, spec)).toEqual([`seq(${f('element0_0×3')})`, `seq(${f('m')})`]);
});

/** A body whose condition output is value `result`; value 1 is the condition that came in. */
function bodyGraph(result: number): Graph {
  const value = (index: number): Value => ({
    index,
    name: `v${index}`,
    type: typeOf(bool),
    producer: -1,
    slot: 0,
    consumers: [],
    isInput: index < 2,
    isOutput: index === result,
  });
  return {
    path: 'op/body',
    name: 'body',
    values: [value(0), value(1), value(2)],
    operators: [],
    inputs: [0, 1],
    outputs: [result],
  };
}
