import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../compiler/graph/graph.ts';
import { failure, formulas, importSpec, valueNamed } from './importing.ts';
import { input, model, node, tensor } from './protoWriter.ts';
import type { GraphSpec } from './protoWriter.ts';

const x = input('x', 'float32', [4]);
const flag = input('flag', 'bool', []);

function branches(then: GraphSpec, other: GraphSpec = then): Record<string, { graph: GraphSpec }> {
  return { then_branch: { graph: then }, else_branch: { graph: other } };
}

function subgraph(graph: Graph, operator: number, name: string): Graph {
  const found = graph.operators[operator]?.subgraphs.get(name);
  if (!found) throw new Error(`no subgraph ${name}`);
  return found;
}

describe('subgraphs', () => {
  it('capture values of the graphs around them, through several levels', () => {
    const inner: GraphSpec = { nodes: [node('Add', ['x', 'a'], ['i'])], outputs: ['i'] };
    const outer: GraphSpec = {
      nodes: [node('Neg', ['x'], ['a']), node('If', ['flag'], ['o'], branches(inner))],
      outputs: ['o'],
    };
    const { graph } = importSpec({
      inputs: [x, flag],
      nodes: [node('If', ['flag'], ['y'], branches(outer))],
      outputs: ['y'],
    });
    expect(graph.operators[0]?.captures.map((i) => graph.values[i]?.name)).toEqual(['x', 'flag']);
    const then = subgraph(graph, 0, 'then_branch');
    expect(then.path).toBe('y/then_branch');
    expect(then.operators.map(({ id }) => id)).toEqual(['y/then_branch/a', 'y/then_branch/o']);
    expect(then.operators[1]?.captures.map((i) => then.values[i]?.name)).toEqual(['x', 'a']);
    const deepest = subgraph(then, 1, 'else_branch');
    expect(deepest.operators[0]?.id).toBe('y/then_branch/o/else_branch/i');
    expect(
      deepest.values.filter(({ outer: o }) => o !== undefined).map(({ outer: o }) => o),
    ).toEqual(['x', 'a']);
  });

  it('count as readers when operators are sorted', () => {
    const { graph } = importSpec({
      inputs: [x, flag],
      nodes: [
        node(
          'If',
          ['flag'],
          ['y'],
          branches({ nodes: [node('Abs', ['late'], ['t'])], outputs: ['t'] }),
        ),
        node('Neg', ['x'], ['late']),
      ],
      outputs: ['y'],
    });
    expect(graph.operators.map(({ type }) => type)).toEqual(['Neg', 'If']);
    expect(valueNamed(graph, 'late').consumers).toEqual([1]);
  });

  it('that read the result of their own operator are a cycle', () => {
    const bytes = model({
      inputs: [flag],
      nodes: [
        node(
          'If',
          ['flag'],
          ['y'],
          branches({ nodes: [node('Abs', ['y'], ['t'])], outputs: ['t'] }),
        ),
      ],
      outputs: ['y'],
    });
    expect(failure(bytes)).toMatch(/^model\/cycle: /);
  });

  it('may shadow names; copies of the outer value do not mix with the inner one', () => {
    const { graph } = importSpec({
      inputs: [x, flag],
      nodes: [
        node('Identity', ['x'], ['copy']),
        node(
          'If',
          ['flag'],
          ['y'],
          branches({
            nodes: [node('Neg', ['copy'], ['x']), node('Add', ['x', 'copy'], ['t'])],
            outputs: ['t'],
          }),
        ),
      ],
      outputs: ['y'],
    });
    const then = subgraph(graph, 0, 'then_branch');
    expect(formulas(then)).toEqual(['x = Neg(x#2)', 't = Add(x, x#2)']);
    expect(valueNamed(then, 'x#2').outer).toBe('x');
  });

  it('may give out a value of the outside or a constant', () => {
    const { graph } = importSpec({
      inputs: [x, flag],
      nodes: [
        node(
          'If',
          ['flag'],
          ['y'],
          branches(
            { outputs: ['x'] },
            {
              initializers: [tensor('k', 'float32', [1], [3])],
              nodes: [node('Identity', ['x'], ['e'])],
              outputs: ['e'],
            },
          ),
        ),
      ],
      outputs: ['y'],
    });
    expect(subgraph(graph, 0, 'then_branch').outputs.length).toBe(1);
    expect(formulas(subgraph(graph, 0, 'else_branch'))).toEqual(['e = Identity(x)']);
    expect(subgraph(graph, 0, 'else_branch').values.map(({ name }) => name)).not.toContain('k');
  });

  it('keep what is known of captured constants', () => {
    const { graph } = importSpec({
      inputs: [x, flag],
      initializers: [tensor('shape', 'int64', [2], [2, 2])],
      nodes: [
        node(
          'If',
          ['flag'],
          ['y'],
          branches({ nodes: [node('Reshape', ['x', 'shape'], ['t'])], outputs: ['t'] }),
        ),
      ],
      outputs: ['y'],
    });
    const shape = valueNamed(subgraph(graph, 0, 'then_branch'), 'shape');
    expect(shape.known?.data).toEqual([2, 2]);
    expect(shape.outer).toBe('shape');
  });

  it('of Loop have inputs of their own', () => {
    const body: GraphSpec = {
      inputs: [input('i', 'int64', []), input('c', 'bool', []), input('s', 'float32', [null])],
      nodes: [node('Add', ['s', 'x'], ['next']), node('Identity', ['c'], ['again'])],
      outputs: ['again', 'next', 'next'],
    };
    const { graph } = importSpec({
      inputs: [x, flag],
      nodes: [node('Loop', ['', 'flag', 'x'], ['y', 'trace'], { body: { graph: body } })],
      outputs: ['y', 'trace'],
    });
    const inner = subgraph(graph, 0, 'body');
    expect(inner.inputs).toHaveLength(3);
    expect(inner.outputs).toHaveLength(3);
    expect(inner.values.filter(({ outer }) => outer !== undefined)).toHaveLength(1);
  });
});
