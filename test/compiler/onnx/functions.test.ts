import { describe, expect, it } from 'vitest';
import { failure, formulas, importSpec, valueNamed } from './importing.ts';
import { input, model, modelFunction, node, tensor } from './protoWriter.ts';
import type { FunctionSpec } from './protoWriter.ts';

const x = input('x', 'float32', [4]);
const opset = { '': 18, local: 1 };
const local = { domain: 'local' };

const gelu: FunctionSpec = {
  domain: 'local',
  name: 'Gelu',
  inputs: ['X'],
  outputs: ['Y'],
  attributes: ['alpha'],
  defaults: { beta: { float: 0.5 } },
  nodes: [
    node('Elu', ['X'], ['t'], { alpha: { ref: 'alpha', kind: 1 } }),
    node('Constant', [], ['c'], { value_float: { ref: 'beta', kind: 1 } }),
    node('Mul', ['t', 'c'], ['Y']),
  ],
};

describe('model-local functions', () => {
  it('are inlined; ids stand under the caller', () => {
    const { graph } = importSpec({
      opset,
      inputs: [x],
      functions: [gelu],
      nodes: [
        node('Gelu', ['x'], ['a'], { alpha: { float: 2 } }, local),
        node('Gelu', ['a'], ['y'], { beta: { float: 0.25 } }, local),
      ],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual([
      'a/t = Elu(x)',
      'a = Mul(a/t, a/c)',
      'y/t = Elu(a)',
      'y = Mul(y/t, y/c)',
    ]);
    expect(graph.operators.map(({ id }) => id)).toEqual(['a/t', 'a', 'y/t', 'y']);
  });

  it('resolve attribute references, defaults and absent ones', () => {
    const { graph } = importSpec({
      opset,
      inputs: [x],
      functions: [gelu],
      nodes: [
        node('Gelu', ['x'], ['a'], { alpha: { float: 2 } }, local),
        node('Gelu', ['a'], ['y'], { beta: { float: 0.25 } }, local),
      ],
      outputs: ['y'],
    });
    expect(graph.operators[0]?.attributes.get('alpha')).toEqual({ kind: 'float', value: 2 });
    expect(graph.operators[2]?.attributes.has('alpha')).toBe(false);
    expect(valueNamed(graph, 'a/c').known?.data).toEqual([0.5]);
    expect(valueNamed(graph, 'y/c').known?.data).toEqual([0.25]);
  });

  it('nest, with references handed through and their own opset', () => {
    const { graph } = importSpec({
      opset: { '': 18, local: 1 },
      inputs: [x],
      functions: [
        {
          ...gelu,
          name: 'Outer',
          defaults: {},
          nodes: [
            node('Inner', ['X'], ['i'], { axis: { ref: 'alpha', kind: 2 } }, local),
            node('Squeeze', ['i'], ['Y'], { axes: [0] }),
          ],
          opsets: { '': 11, local: 1 },
        },
        {
          domain: 'local',
          name: 'Inner',
          inputs: ['A'],
          outputs: ['B'],
          attributes: ['axis'],
          nodes: [node('Softmax', ['A'], ['B'], { axis: { ref: 'axis', kind: 2 } })],
        },
      ],
      nodes: [node('Outer', ['x'], ['y'], { alpha: 1 }, local)],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual(['y/i = Softmax(x)', 'y = Squeeze(y/i, y/axes)']);
    expect(graph.operators.map(({ opset: version }) => version)).toEqual([18, 11]);
    expect(graph.operators[0]?.attributes.get('axis')).toEqual({ kind: 'int', value: 1 });
    expect(graph.operators[0]?.originalIds).toContain('y');
  });

  it('are chosen by overload', () => {
    const variant = (overload: string, type: string): FunctionSpec => ({
      domain: 'local',
      name: 'F',
      overload,
      inputs: ['X'],
      outputs: ['Y'],
      nodes: [node(type, ['X'], ['Y'])],
    });
    const { graph } = importSpec({
      opset,
      inputs: [x],
      functions: [variant('', 'Abs'), variant('2', 'Neg')],
      nodes: [
        node('F', ['x'], ['a'], {}, local),
        node('F', ['a'], ['y'], {}, { ...local, overload: '2' }),
      ],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual(['a = Abs(x)', 'y = Neg(a)']);
  });

  it('pass inputs through, leave out optional ones, ignore outputs that nobody wants', () => {
    const { graph } = importSpec({
      opset,
      inputs: [x],
      functions: [
        {
          domain: 'local',
          name: 'F',
          inputs: ['A', 'B'],
          outputs: ['A', 'C', 'D'],
          nodes: [node('Clip', ['A', '', 'B'], ['C']), node('Neg', ['A'], ['D'])],
        },
      ],
      nodes: [
        node('F', ['x'], ['same', 'clipped'], {}, local),
        node('Add', ['same', 'clipped'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual([
      'clipped = Clip(x)',
      'same/D = Neg(x)',
      'y = Add(x, clipped)',
    ]);
  });

  it('see nothing of their caller', () => {
    const bytes = model({
      opset,
      inputs: [x],
      functions: [
        { domain: 'local', name: 'F', outputs: ['Y'], nodes: [node('Neg', ['x'], ['Y'])] },
      ],
      nodes: [node('F', [], ['y'], {}, local)],
      outputs: ['y'],
    });
    expect(failure(bytes)).toMatch(/^model\/dangling-input: .*"x"/);
  });

  it('may hold subgraphs that read parameters, and take graphs as attributes', () => {
    const { graph } = importSpec({
      opset,
      inputs: [x, input('flag', 'bool', [])],
      initializers: [tensor('w', 'float32', [4], [1, 2, 3, 4])],
      functions: [
        {
          domain: 'local',
          name: 'Choose',
          inputs: ['F', 'X'],
          outputs: ['Y'],
          attributes: ['body'],
          nodes: [
            node('Neg', ['X'], ['n']),
            node('If', ['F'], ['Y'], {
              then_branch: { graph: { nodes: [node('Abs', ['n'], ['t'])], outputs: ['t'] } },
              else_branch: { ref: 'body', kind: 5 },
            }),
          ],
        },
      ],
      nodes: [
        node(
          'Choose',
          ['flag', 'x'],
          ['y'],
          {
            body: { graph: { nodes: [node('Add', ['x', 'w'], ['e'])], outputs: ['e'] } },
          },
          local,
        ),
      ],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual([
      'y/n = Neg(x)',
      'y = If(flag) then_branch{t = Abs(y/n); -> t} else_branch{e = Add(x, w); -> e}',
    ]);
    const choose = graph.operators[1];
    expect(choose?.captures.map((index) => graph.values[index]?.name)).toEqual(['y/n', 'x', 'w']);
  });

  it('refuse recursion, missing outputs and endless growth', () => {
    const call = (name: string, inner: string, times = 1): FunctionSpec => ({
      domain: 'local',
      name,
      inputs: ['X'],
      outputs: [`Y${times}`],
      nodes: Array.from({ length: times }, (_, i) =>
        node(inner, [i === 0 ? 'X' : `Y${i}`], [`Y${i + 1}`], {}, local),
      ),
    });
    const calling = (functions: FunctionSpec[], name: string): Uint8Array =>
      model({
        opset,
        inputs: [x],
        functions,
        nodes: [node(name, ['x'], ['y'], {}, local)],
        outputs: ['y'],
      });
    expect(failure(calling([call('A', 'B'), call('B', 'A')], 'A'))).toMatch(
      /^model\/function: Function "A" calls itself/,
    );
    expect(failure(calling([{ domain: 'local', name: 'A', outputs: ['Y'] }], 'A'))).toMatch(
      /^model\/function: .* does not produce/,
    );
    const chain = Array.from({ length: 100 }, (_, i) => call(`F${i}`, `F${i + 1}`));
    expect(failure(calling(chain, 'F0'))).toMatch(/^model\/function: .*levels deep/);
    const bomb = Array.from({ length: 30 }, (_, i) => call(`F${i}`, `F${i + 1}`, 10));
    expect(failure(calling(bomb, 'F0'))).toMatch(/^model\/too-large: /);
  });

  it('report a second definition', () => {
    const imported = importSpec({
      opset,
      inputs: [x],
      functions: [modelFunction(gelu), modelFunction(gelu)],
      nodes: [node('Gelu', ['x'], ['y'], {}, local)],
      outputs: ['y'],
    });
    expect(imported.diagnostics.map(({ code }) => code)).toEqual(['model/function']);
  });
});
