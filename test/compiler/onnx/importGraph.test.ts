import { describe, expect, it } from 'vitest';
import { formatShape } from '../../../compiler/graph/dim.ts';
import { printModel } from '../../../compiler/graph/print.ts';
import { expectGolden } from '../../goldens.ts';
import { codes, failure, formulas, importSpec, outputs, valueNamed } from './importing.ts';
import {
  input,
  model,
  node,
  optionalTypeProto,
  sequenceTypeProto,
  tensor,
  tensorTypeProto,
  valueInfo,
} from './protoWriter.ts';

const x = input('x', 'float32', [1, 3]);

describe('names and order', () => {
  it('sorts nodes and keeps the order of the file where it can', () => {
    const { graph } = importSpec({
      inputs: [x],
      nodes: [
        node('Add', ['b', 'c'], ['y']),
        node('Neg', ['x'], ['a']),
        node('Abs', ['a'], ['c']),
        node('Relu', ['a'], ['b']),
      ],
      outputs: ['y'],
    });
    expect(formulas(graph)).toEqual(['a = Neg(x)', 'b = Relu(a)', 'c = Abs(a)', 'y = Add(b, c)']);
  });

  it('names the node and the value of a dangling input', () => {
    const bytes = model({
      inputs: [x],
      nodes: [node('Relu', ['missing'], ['y'], {}, { name: 'act' })],
      outputs: ['y'],
    });
    expect(failure(bytes)).toBe(
      'model/dangling-input: Node "act" (Relu) reads "missing", which no node, input or initializer provides.',
    );
  });

  it('refuses an output that nothing produces', () => {
    expect(failure(model({ inputs: [x], outputs: ['nothing'] }))).toMatch(
      /^model\/dangling-input: The graph output "nothing"/,
    );
  });

  it('refuses cycles, those of copies too', () => {
    const ring = (type: string): Uint8Array =>
      model({ nodes: [node(type, ['b'], ['a']), node(type, ['a'], ['b'])], outputs: ['a'] });
    expect(failure(ring('Relu'))).toMatch(/^model\/cycle: /);
    expect(failure(ring('Identity'))).toMatch(/^model\/cycle: /);
    expect(failure(model({ nodes: [node('Relu', ['a'], ['a'])], outputs: ['a'] }))).toMatch(
      /^model\/cycle: /,
    );
  });

  it('keeps the first of two values of one name and reports the second', () => {
    const imported = importSpec({
      inputs: [x],
      nodes: [node('Relu', ['x'], ['a']), node('Neg', ['x'], ['a']), node('Abs', ['a'], ['y'])],
      outputs: ['y'],
    });
    expect(formulas(imported.graph)).toEqual(['a = Relu(x)', 'a#2 = Neg(x)', 'y = Abs(a)']);
    expect(codes(imported)).toEqual(['model/duplicate-name']);
  });

  it('drops a node without outputs, and says so', () => {
    const imported = importSpec({
      inputs: [x],
      nodes: [node('Print', ['x'], []), node('Relu', ['x'], ['y'])],
      outputs: ['y'],
    });
    expect(formulas(imported.graph)).toEqual(['y = Relu(x)']);
    expect(codes(imported)).toEqual(['model/unsupported']);
  });

  it('marks absent optional inputs and outputs', () => {
    const { graph } = importSpec({
      inputs: [x],
      nodes: [node('Op', ['', 'x', ''], ['', 'y', ''], {}, { domain: 'custom' })],
      outputs: ['y'],
      opset: { '': 18, custom: 1 },
    });
    expect(formulas(graph)).toEqual(['-, y = Op(-, x)']);
    expect(graph.operators[0]?.id).toBe('y');
  });

  it('shortens very long names, the same way for every reader', () => {
    const long = 'n'.repeat(100_000);
    const { graph } = importSpec({
      inputs: [x],
      nodes: [node('Relu', ['x'], [long]), node('Neg', [long], ['y'])],
      outputs: ['y'],
    });
    expect(graph.values.every(({ name }) => name.length <= 512)).toBe(true);
    expect(graph.operators[1]?.inputs).toEqual(graph.operators[0]?.outputs);
  });

  it('takes names like __proto__ for names', () => {
    const { graph } = importSpec({
      inputs: [input('__proto__', 'float32', ['constructor'])],
      nodes: [
        node('toString', ['__proto__'], ['hasOwnProperty'], { __proto__: 1, constructor: 2 }),
      ],
      outputs: ['hasOwnProperty'],
    });
    expect(graph.operators[0]?.type).toBe('toString');
    expect(graph.operators[0]?.attributes.get('constructor')).toEqual({ kind: 'int', value: 2 });
    expect(({} as Record<string, unknown>)['value']).toBeUndefined();
  });

  it('stays linear with 100,000 nodes in reverse order', () => {
    const count = 100_000;
    const nodes = Array.from({ length: count }, (_, i) =>
      node('Relu', [i === count - 1 ? 'x' : `v${i + 1}`], [`v${i}`]),
    );
    const started = performance.now();
    const { graph } = importSpec({ inputs: [x], nodes, outputs: ['v0'] });
    expect(graph.operators).toHaveLength(count);
    // Quadratic work would take minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('inputs, constants, types', () => {
  it('takes an input that is also an initialiser for a constant, and drops unused initialisers', () => {
    const { graph } = importSpec({
      inputs: [x, input('w', 'float32', [3])],
      initializers: [tensor('w', 'float32', [3], [1, 2, 3]), tensor('unused', 'float32', [1], [0])],
      nodes: [node('Mul', ['x', 'w'], ['y'])],
      outputs: ['y'],
    });
    expect(graph.inputs.map((index) => graph.values[index]?.name)).toEqual(['x']);
    expect(graph.values.map(({ name }) => name)).toEqual(['x', 'w', 'y']);
    expect(valueNamed(graph, 'w').known?.data).toEqual([1, 2, 3]);
  });

  it('names open dims and gives them sizes for ranking', () => {
    const imported = importSpec({
      inputs: [
        input('ids', 'int64', ['batch', 'seq', null]),
        input('past:0', 'float32', [2, 'batch', ' seq ', '2*seq + 1', -1]),
      ],
      nodes: [node('Relu', ['past:0'], ['y'])],
      outputs: [input('y', 'float32', ['out', null])],
    });
    const shapes = imported.graph.inputs.map((index) => {
      const type = imported.graph.values[index]?.type;
      return type?.kind === 'tensor' ? formatShape(type.shape) : '';
    });
    expect(shapes).toEqual(['batch×seq×ids.2', '2×batch×seq×2·seq + 1×past:0.4']);
    expect(
      [...imported.symbols.values()].map((s) => `${s.name} ${s.origin} ${s.fallback}`),
    ).toEqual([
      'batch input 1',
      'seq input 64',
      'ids.2 input 64',
      'past:0.4 input 64',
      'out data 1',
      'y.1 data 64',
    ]);
  });

  it('reads container types', () => {
    const { graph } = importSpec({
      inputs: [
        valueInfo('s', sequenceTypeProto(tensorTypeProto('float32'))),
        valueInfo('o', optionalTypeProto(tensorTypeProto('int4', [2]))),
        valueInfo('nothing'),
        input('scalar', 'float8e4m3fn', []),
      ],
      nodes: [node('Op', ['s', 'o', 'nothing', 'scalar'], ['y'])],
      outputs: ['y'],
    });
    expect(graph.values.map(({ type }) => type)).toMatchObject([
      { kind: 'sequence', element: { kind: 'tensor', dtype: 'float32', shape: null } },
      { kind: 'optional', element: { dtype: 'int4', shape: [2] } },
      { kind: 'unknown' },
      { kind: 'tensor', dtype: 'float8e4m3fn', shape: [] },
      { kind: 'unknown' },
    ]);
  });

  it('turns every form of Constant into a constant', () => {
    const { graph } = importSpec({
      nodes: [
        node('Constant', [], ['a'], { value: { tensor: tensor('', 'int64', [2], [1, -1]) } }),
        node('Constant', [], ['b'], { value_float: { float: 0.5 } }),
        node('Constant', [], ['c'], { value_floats: { floats: [1, 2] } }),
        node('Constant', [], ['d'], { value_int: 7 }),
        node('Constant', [], ['e'], { value_ints: [1, 2, 3] }),
        node('Constant', [], ['f'], { value_string: 'text' }),
        node('Op', ['a', 'b', 'c', 'd', 'e', 'f'], ['y']),
      ],
      outputs: ['y', 'd'],
    });
    const facts = graph.operators[0]?.inputs.map((index) => {
      const value = graph.values[index];
      const { dtype, dims } = value?.constant ?? {};
      return `${dtype} [${dims?.join()}] ${value?.known?.data.join(' ') ?? 'unknown'}`;
    });
    expect(facts).toEqual([
      'int64 [2] 1 -1',
      'float32 [] 0.5',
      'float32 [2] 1 2',
      'int64 [] 7',
      'int64 [3] 1 2 3',
      'string [] unknown',
    ]);
    expect(outputs(graph)).toBe('y, d');
  });

  it('keeps Constant and Identity as operators where their outputs are odd', () => {
    const imported = importSpec({
      inputs: [x],
      nodes: [
        node('Constant', [], ['a', 'b'], { value_int: 1 }),
        node('Constant', [], ['c']),
        node('Identity', ['x'], ['d', 'e']),
        node('Op', ['a', 'b', 'c', 'd', 'e'], ['y']),
      ],
      outputs: ['y'],
    });
    expect(imported.graph.operators.map(({ type }) => type)).toEqual([
      'Constant',
      'Constant',
      'Identity',
      'Op',
    ]);
    expect(codes(imported)).toEqual(['operator/bad-arity', 'model/bad-attribute']);
  });

  it('warns of versions it does not know', () => {
    const spec = { inputs: [x], nodes: [node('Relu', ['x'], ['y'])], outputs: ['y'] };
    expect(codes(importSpec({ ...spec, irVersion: 99 }))).toEqual(['model/ir-version']);
    expect(codes(importSpec({ ...spec, opset: 5 }))).toEqual(['model/opset']);
    expect(codes(importSpec({ ...spec, opset: 99 }))).toEqual(['model/opset']);
    expect(codes(importSpec({ ...spec, opset: {} }))).toEqual(['model/opset']);
  });
});

describe('copies', () => {
  it('removes Identity and inference Dropout; outputs keep their names, ids stay', () => {
    const { graph } = importSpec({
      inputs: [x],
      nodes: [
        node('Relu', ['x'], ['a']),
        node('Identity', ['a'], ['b']),
        node('Dropout', ['b'], ['c', 'unused_mask']),
        node('Neg', ['c'], ['d']),
        node('Identity', ['d'], ['y']),
      ],
      outputs: [input('y', 'float32', [1, 3])],
    });
    expect(formulas(graph)).toEqual(['a = Relu(x)', 'y = Neg(a)']);
    expect(graph.operators.map(({ id, originalIds }) => [id, ...originalIds])).toEqual([
      ['a', 'a', 'b', 'c'],
      ['d', 'd', 'y'],
    ]);
    expect(valueNamed(graph, 'y').type).toMatchObject({ dtype: 'float32', shape: [1, 3] });
  });

  it('keeps a copy between an input and an output, and a second output', () => {
    const { graph } = importSpec({
      inputs: [x],
      nodes: [
        node('Dropout', ['x'], ['y']),
        node('Relu', ['x'], ['a']),
        node('Identity', ['a'], ['p']),
        node('Identity', ['a'], ['q']),
      ],
      outputs: ['y', 'p', 'q'],
    });
    expect(formulas(graph)).toEqual(['y = Identity(x)', 'p = Relu(x)', 'q = Identity(p)']);
    expect(outputs(graph)).toBe('y, p, q');
  });

  it('keeps Dropout that trains or whose mask is read', () => {
    const { graph } = importSpec({
      inputs: [x],
      initializers: [
        tensor('ratio', 'float32', [], [0.5]),
        tensor('on', 'bool', [], [1]),
        tensor('off', 'bool', [], [0]),
      ],
      nodes: [
        node('Dropout', ['x', 'ratio', 'on'], ['a']),
        node('Dropout', ['a', 'ratio', 'off'], ['b']),
        node('Dropout', ['b'], ['c', 'mask']),
      ],
      outputs: ['c', 'mask'],
    });
    expect(formulas(graph)).toEqual(['a = Dropout(x, ratio, on)', 'c, mask = Dropout(a)']);
  });
});

describe('printing', () => {
  it('prints a small model as golden text', () => {
    const imported = importSpec({
      inputs: [input('images', 'float32', ['batch', 3, 8, 8]), input('flag', 'bool', [])],
      initializers: [
        tensor('w', 'float32', [4, 3, 3, 3], new Uint8Array(4 * 27 * 4)),
        tensor('shape', 'int64', [2], [0, -1]),
        tensor('axis names\n"x"', 'int64', [1], [1]),
      ],
      nodes: [
        node(
          'Conv',
          ['images', 'w'],
          ['conv'],
          { pads: [1, 1, 1, 1], auto_pad: 'NOTSET' },
          { name: 'first' },
        ),
        node('Clip', ['conv'], ['relu6'], { min: { float: 0 }, max: { float: 6 } }),
        node('Shape', ['relu6'], ['sizes']),
        node('Reshape', ['relu6', 'shape'], ['flat']),
        node('If', ['flag'], ['chosen'], {
          then_branch: { graph: { nodes: [node('Neg', ['flat'], ['t'])], outputs: ['t'] } },
          else_branch: { graph: { nodes: [node('Identity', ['flat'], ['e'])], outputs: ['e'] } },
        }),
        node('Identity', ['chosen'], ['result']),
        node(
          'FusedGemm',
          ['flat', '', 'axis names\n"x"'],
          ['odd name '],
          {},
          { domain: 'com.microsoft' },
        ),
      ],
      outputs: [input('result', 'float32', ['batch', 256]), 'odd name ', 'sizes'],
      opset: { '': 9, 'com.microsoft': 1 },
    });
    expectGolden(new URL('./importGraph.golden.txt', import.meta.url), printModel(imported));
  });
});
