import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../compiler/graph/build.ts';
import type { Graph, Operator, Value } from '../../../compiler/graph/graph.ts';
import { printGraph, printName } from '../../../compiler/graph/print.ts';
import { tensorType } from '../../../compiler/graph/types.ts';
import { assertSound, verifyGraph } from '../../../compiler/graph/verify.ts';

const vector = tensorType('float32', [4]);

/** y = x + relu(x), and an If that reads y. */
function sample(): Graph {
  const inner = new GraphBuilder('z/then_branch', 'then');
  const y = inner.outer('y', 'y', vector);
  const [t] = inner.operator({
    id: 'z/then_branch/t',
    type: 'Neg',
    opset: 18,
    inputs: [y],
    outputs: [{ name: 't' }],
  });
  inner.output(t as number);

  const graph = new GraphBuilder('', 'sample');
  const x = graph.input('x', vector);
  const flag = graph.constant(
    'flag',
    tensorType('bool', []),
    { dtype: 'bool', dims: [], source: { kind: 'computed' } },
    { dtype: 'bool', dims: [], data: [1] },
  );
  const [r] = graph.operator({
    id: 'r',
    type: 'Relu',
    opset: 18,
    inputs: [x],
    outputs: [{ name: 'r', type: vector }],
  });
  const [sum] = graph.operator({
    id: 'y',
    type: 'Add',
    opset: 18,
    inputs: [x, r as number],
    outputs: [{ name: 'y', type: vector }],
  });
  const [z] = graph.operator({
    id: 'z',
    type: 'If',
    opset: 18,
    inputs: [flag],
    captures: [sum as number],
    subgraphs: new Map([['then_branch', inner.finish()]]),
    outputs: [{ name: 'z' }],
  });
  graph.output(z as number);
  return graph.finish();
}

describe('GraphBuilder', () => {
  it('records producers, slots and consumers', () => {
    const graph = sample();
    expect(verifyGraph(graph)).toEqual([]);
    expect(
      graph.values.map(({ name, producer, consumers }) => [name, producer, consumers]),
    ).toEqual([
      ['x', -1, [0, 1]],
      ['flag', -1, [2]],
      ['r', 0, [1]],
      ['y', 1, [2]],
      ['z', 2, []],
    ]);
  });

  it('refuses operands that are not there yet', () => {
    const graph = new GraphBuilder();
    expect(() =>
      graph.operator({ id: 'a', type: 'Relu', opset: 1, inputs: [3], outputs: [{ name: 'a' }] }),
    ).toThrow('no value 3');
  });

  it('prints', () => {
    expect(printGraph(sample())).toBe(
      [
        'graph sample',
        '  input x: float32 4',
        '  const flag: bool scalar = 1 (computed)',
        '  r: float32 4 = Relu@18(x)',
        '  y: float32 4 = Add@18(x, r)',
        '  z: ? = If@18(flag) captures y',
        '    then_branch:',
        '      graph then at z/then_branch',
        '        outer y: float32 4 = y',
        '        t: ? = Neg@18(y) id z/then_branch/t',
        '        output t',
        '  output z',
      ].join('\n'),
    );
  });

  it('prints hostile names on one line', () => {
    expect(printName('/model/layer.0/Add_output:0')).toBe('/model/layer.0/Add_output:0');
    expect(printName('a\nb <script>')).toBe('"a\\nb <script>"');
  });
});

describe('verifyGraph', () => {
  const change = <T>(items: readonly T[], at: number, facts: Partial<T>): T[] =>
    items.map((item, index) => (index === at ? { ...item, ...facts } : item));
  const values = (graph: Graph, at: number, facts: Partial<Value>): Graph => ({
    ...graph,
    values: change(graph.values, at, facts),
  });
  const operators = (graph: Graph, at: number, facts: Partial<Operator>): Graph => ({
    ...graph,
    operators: change(graph.operators, at, facts),
  });

  it.each<[string, (graph: Graph) => Graph]>([
    ['indices are places', (g) => values(g, 2, { index: 3 })],
    ['references exist', (g) => operators(g, 0, { inputs: [99] })],
    ['references exist', (g) => ({ ...g, outputs: [-1] })],
    ['every value has one origin', (g) => values(g, 2, { isInput: true })],
    ['producers and outputs agree', (g) => values(g, 2, { slot: 1 })],
    ['producers and outputs agree', (g) => operators(g, 0, { outputs: [3] })],
    ['operators stand in topological order', (g) => operators(g, 0, { inputs: [4] })],
    ['consumers are those that read', (g) => values(g, 0, { consumers: [0] })],
    ['inputs and outputs are marked', (g) => values(g, 4, { isOutput: false })],
    ['names are unique', (g) => values(g, 2, { name: 'x' })],
    ['operator ids are unique', (g) => operators(g, 0, { id: 'y' })],
    [
      'known elements fit their dims',
      (g) => values(g, 1, { known: { dtype: 'bool', dims: [2], data: [1] } }),
    ],
    ['captures are what subgraphs read', (g) => operators(g, 2, { captures: [] })],
  ])('finds that it is not true that %s', (name, breakIt) => {
    const broken = breakIt(sample());
    expect(verifyGraph(broken).some((problem) => problem.includes(`not true that ${name}:`))).toBe(
      true,
    );
    expect(() => assertSound(broken, 'somePass')).toThrow(/^after somePass: main graph/);
  });

  it('looks into subgraphs', () => {
    const graph = sample();
    const inner = graph.operators[2]?.subgraphs.get('then_branch') as Graph;
    const broken = operators(graph, 2, {
      subgraphs: new Map([['then_branch', values(inner, 0, { index: 7 })]]),
    });
    expect(verifyGraph(broken)[0]).toMatch(/^graph z\/then_branch: /);
  });
});
