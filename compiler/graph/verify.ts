/**
 * What every graph must fulfil, as named checks. Run after each pass: an error then names the pass that
 * broke the graph. A failing check is a mistake of the compiler, never of the model.
 */
import type { Graph } from './graph.ts';

interface Check {
  readonly name: string;
  /** A sentence about the first violation, or undefined. Linear in the size of the graph. */
  readonly find: (graph: Graph) => string | undefined;
}

const CHECKS: readonly Check[] = [
  {
    name: 'indices are places',
    find: ({ values, operators }) =>
      first(values, (value, at) => value.index !== at, 'value') ??
      first(operators, (operator, at) => operator.index !== at, 'operator'),
  },
  {
    name: 'references exist',
    find: ({ values, operators, inputs, outputs }) => {
      const bad = (index: number, least: number): boolean =>
        !Number.isInteger(index) || index < least || index >= values.length;
      if ([...inputs, ...outputs].some((index) => bad(index, 0))) return 'of the graph';
      return first(
        operators,
        (operator) =>
          operator.inputs.some((index) => bad(index, -1)) ||
          operator.outputs.some((index) => bad(index, -1)) ||
          operator.captures.some((index) => bad(index, 0)),
        'operator',
      );
    },
  },
  {
    name: 'every value has one origin',
    find: ({ values }) =>
      first(
        values,
        ({ producer, isInput, constant, outer, known }) => {
          // A constant of an enclosing graph stays recognisable as one.
          const stored = outer === undefined && constant !== undefined;
          const origins = [producer >= 0, isInput, stored, outer !== undefined];
          const count = origins.filter(Boolean).length;
          // After inference: a size expression, which `known` gives whole.
          if (count === 0) return !known?.data.every((element) => element !== undefined);
          return count !== 1;
        },
        'value',
      ),
  },
  {
    name: 'producers and outputs agree',
    find: ({ values, operators }) =>
      first(
        values,
        ({ index, producer, slot }) =>
          producer !== -1 && operators[producer]?.outputs[slot] !== index,
        'value',
      ) ??
      first(
        operators,
        ({ index, outputs }) =>
          outputs.some((output, slot) => {
            const value = values[output];
            return value !== undefined && (value.producer !== index || value.slot !== slot);
          }),
        'operator',
      ),
  },
  {
    name: 'operators stand in topological order',
    find: ({ values, operators }) =>
      first(
        operators,
        ({ index, inputs, captures }) =>
          [...inputs, ...captures].some((input) => (values[input]?.producer ?? -1) >= index),
        'operator',
      ),
  },
  {
    name: 'consumers are those that read',
    find: ({ values, operators }) => {
      const readers = values.map((): number[] => []);
      for (const { index, inputs, captures } of operators) {
        for (const input of new Set([...inputs, ...captures])) readers[input]?.push(index);
      }
      return first(
        values,
        ({ consumers }, at) => {
          const expected = readers[at] ?? [];
          return (
            expected.length !== consumers.length ||
            expected.some((reader, place) => reader !== consumers[place])
          );
        },
        'value',
      );
    },
  },
  {
    name: 'inputs and outputs are marked',
    find: ({ values, inputs, outputs }) => {
      const [asInput, asOutput] = [new Set(inputs), new Set(outputs)];
      return first(
        values,
        ({ index, isInput, isOutput }) =>
          isInput !== asInput.has(index) || isOutput !== asOutput.has(index),
        'value',
      );
    },
  },
  {
    name: 'names are unique',
    find: ({ values }) => repeated(values.map(({ name }) => name)),
  },
  {
    name: 'operator ids are unique',
    find: ({ operators }) => repeated(operators.map(({ id }) => id)),
  },
  {
    name: 'known elements fit their dims',
    find: ({ values }) =>
      first(
        values,
        ({ known }) =>
          known !== undefined &&
          known.data.length !== known.dims.reduce((product, dim) => product * dim, 1),
        'value',
      ),
  },
  {
    name: 'captures are what subgraphs read',
    find: ({ values, operators }) =>
      first(
        operators,
        ({ captures, subgraphs }) => {
          const captured = new Set(captures.map((index) => values[index]?.name));
          const read = new Set<string>();
          for (const subgraph of subgraphs.values()) {
            for (const { outer } of subgraph.values) if (outer !== undefined) read.add(outer);
          }
          return captured.size !== read.size || [...read].some((name) => !captured.has(name));
        },
        'operator',
      ),
  },
];

/** Violations of a graph and its subgraphs, as sentences; empty when it is sound. */
export function verifyGraph(graph: Graph): readonly string[] {
  const problems: string[] = [];
  const where = graph.path === '' ? 'main graph' : `graph ${graph.path}`;
  for (const { name, find } of CHECKS) {
    const found = find(graph);
    if (found !== undefined) problems.push(`${where}: not true that ${name}: ${found}`);
  }
  for (const { subgraphs } of graph.operators) {
    for (const subgraph of subgraphs.values()) problems.push(...verifyGraph(subgraph));
  }
  return problems;
}

/** Throws an internal error naming `pass` when the graph is not sound. */
export function assertSound(graph: Graph, pass: string): void {
  const [problem] = verifyGraph(graph);
  if (problem !== undefined) throw new Error(`after ${pass}: ${problem}`);
}

function first<T>(
  items: readonly T[],
  isBad: (item: T, at: number) => boolean,
  kind: string,
): string | undefined {
  const at = items.findIndex(isBad);
  return at < 0 ? undefined : `${kind} ${at}`;
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return JSON.stringify(name.slice(0, 100));
    seen.add(name);
  }
  return undefined;
}
