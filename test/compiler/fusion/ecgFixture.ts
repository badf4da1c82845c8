// Small ECGs for planner tests, from a text:
//
//   a:Conv -> b:Add -> c:Relu; a -> c; c:Relu!
//
// Chains separated by `;` or line ends. The first mention of a name gives its operator type and may give its
// output's shape (`b:Add[1x8x1x1]`); `!` makes its result a graph output as well. Operators stand in order of
// first mention, which must be topological. Sinks are graph outputs, sources read the graph input.
import type { Ecg, EcgEdge, EcgNode } from '../../../compiler/ecg/ecg.ts';
import { dimMul, dimProduct, dimSymbol, evaluateDim } from '../../../compiler/graph/dim.ts';
import type { Dim } from '../../../compiler/graph/dim.ts';
import type { Graph, Operator, Value } from '../../../compiler/graph/graph.ts';
import { tensorType, UNKNOWN_TYPE } from '../../../compiler/graph/types.ts';
import type { ValueType } from '../../../compiler/graph/types.ts';
import type { MappingType } from '../../../compiler/mapping/mappingTypes.ts';

export const FIXTURE_MAPPINGS: Readonly<Record<string, MappingType>> = {
  Add: 'one-to-one',
  Mul: 'one-to-one',
  Relu: 'one-to-one',
  Sigmoid: 'one-to-one',
  BatchNormalization: 'one-to-one',
  Clip: 'one-to-one',
  Expand: 'one-to-many',
  Resize: 'one-to-many',
  Conv: 'many-to-many',
  MatMul: 'many-to-many',
  ReduceMean: 'many-to-many',
  Softmax: 'many-to-many',
  Reshape: 'reorganize',
  Transpose: 'shuffle',
  NonZero: 'opaque',
};

export interface FixtureOperator {
  readonly name: string;
  readonly type: string;
  readonly shape?: readonly Dim[] | null;
  readonly isOutput?: boolean;
  /** Producers by place in the list, ascending. */
  readonly reads: readonly number[];
}

/** The ECG of a text, see above. */
export function ecgOf(text: string): Ecg {
  const operators: (FixtureOperator & { reads: number[] })[] = [];
  const places = new Map<string, number>();
  const mention = (word: string): number => {
    const match = /^(\w+)(?::(\w+))?(?:\[(.*)\])?(!)?$/.exec(word.trim());
    if (!match) throw new Error(`not an operator: "${word}"`);
    const [, name, type, shape, output] = match as unknown as [
      string,
      string,
      string?,
      string?,
      string?,
    ];
    const known = places.get(name);
    if (known !== undefined) return known;
    if (type === undefined) throw new Error(`the first mention of ${name} needs a type`);
    places.set(name, operators.length);
    operators.push({
      name,
      type,
      reads: [],
      isOutput: output !== undefined,
      ...(shape === undefined ? {} : { shape: parseShape(shape) }),
    });
    return operators.length - 1;
  };
  for (const line of text.split(/[;\n]/)) {
    if (line.trim() === '') continue;
    const chain = line.split('->').map(mention);
    chain.slice(1).forEach((to, i) => {
      if (chain[i]! >= to) throw new Error(`not topological: ${line}`);
      const { reads } = operators[to]!;
      if (!reads.includes(chain[i]!)) reads.push(chain[i]!);
    });
  }
  return ecgFrom(operators);
}

function parseShape(text: string): Dim[] | null {
  if (text === '?') return null;
  return text.split('x').map((dim) => (/^\d+$/.test(dim) ? Number(dim) : dimSymbol(dim)));
}

const DEFAULT_SHAPE = [1, 8, 4, 4];

export function ecgFrom(operators: readonly FixtureOperator[]): Ecg {
  const readers = operators.map((_, from) =>
    operators.flatMap(({ reads }, to) => (reads.includes(from) ? [to] : [])),
  );
  const sources = operators.flatMap(({ reads }, index) => (reads.length === 0 ? [index] : []));
  const typeOf = ({ shape = DEFAULT_SHAPE }: FixtureOperator): ValueType =>
    shape === null ? UNKNOWN_TYPE : tensorType('float32', shape);
  const values: Value[] = [
    value(0, 'x', tensorType('float32', DEFAULT_SHAPE), -1, sources, { isInput: true }),
    ...operators.map((operator, index) =>
      value(index + 1, operator.name, typeOf(operator), index, readers[index]!, {
        isOutput: operator.isOutput === true || readers[index]!.length === 0,
      }),
    ),
  ];
  const graphOperators = operators.map(({ name, type, reads }, index): Operator => {
    return {
      index,
      id: name,
      name,
      domain: '',
      type,
      opset: 17,
      attributes: new Map(),
      inputs: reads.length === 0 ? [0] : reads.map((from) => from + 1),
      outputs: [index + 1],
      captures: [],
      subgraphs: new Map(),
      originalIds: [name],
    };
  });
  const graph: Graph = {
    path: '',
    name: 'fixture',
    values,
    operators: graphOperators,
    inputs: [0],
    outputs: values.filter(({ isOutput }) => isOutput).map(({ index }) => index),
  };
  const bytes = operators.map(({ shape = DEFAULT_SHAPE }) =>
    shape === null ? 0 : dimMul(4, dimProduct(shape)),
  );
  const estimates = bytes.map((size) => evaluateDim(size, () => 4));
  const nodes = operators.map(({ type, reads }, index): EcgNode => {
    const mapping = FIXTURE_MAPPINGS[type];
    if (mapping === undefined) throw new Error(`the fixture knows no ${type}`);
    return {
      index,
      operator: graphOperators[index]!,
      mapping,
      edgeMappings: graphOperators[index]!.inputs.map(() => mapping),
      properties: [],
      flops: 0,
      flopsEstimate: (estimates[index] ?? 0) / 4,
      irs: bytes[index]!,
      irsEstimate: estimates[index]!,
      producers: [...reads].sort((a, b) => a - b),
      consumers: readers[index]!,
      isGraphOutput: values[index + 1]!.isOutput,
      isConstant: false,
    };
  });
  const edges: EcgEdge[] = [];
  operators.forEach(({ reads }, to) => {
    reads.forEach((from, slot) => {
      edges.push({
        index: edges.length,
        from,
        to,
        value: from + 1,
        slots: [slot],
        mapping: nodes[to]!.mapping,
        bytes: bytes[from]!,
        bytesEstimate: estimates[from]!,
      });
    });
  });
  const edgesIn = nodes.map(({ index }) => edges.filter((e) => e.to === index).map((e) => e.index));
  const edgesOut = nodes.map(({ index }) =>
    edges.filter((e) => e.from === index).map((e) => e.index),
  );
  return { graph, nodes, edges, edgesIn, edgesOut };
}

function value(
  index: number,
  name: string,
  type: ValueType,
  producer: number,
  consumers: readonly number[],
  { isInput = false, isOutput = false },
): Value {
  return { index, name, type, producer, slot: 0, consumers, isInput, isOutput };
}

/** 'a b | c': blocks as names, members and blocks in topological order. */
export function blocksText(
  ecg: Ecg,
  plan: { readonly blocks: readonly { readonly operators: readonly number[] }[] },
): string {
  return plan.blocks
    .map(({ operators }) => operators.map((o) => ecg.nodes[o]!.operator.id).join(' '))
    .join(' | ');
}
