/**
 * A fusion block as lines of text, for the comment at the top of its kernel: every operator with its name and
 * shapes. Names are untrusted: whoever prints the lines makes them harmless.
 */
import { formatShape } from '../graph/dim.ts';
import type { Graph, Value } from '../graph/graph.ts';

/** Lines of a block of hundreds of operators end in a count. */
const MOST_LINES = 60;

/** @param operators indices, ascending */
export function blockLines(graph: Graph, operators: readonly number[]): readonly string[] {
  const typeOf = (value: Value): string =>
    value.type.kind === 'tensor'
      ? `${formatShape(value.type.shape).replaceAll('×', 'x')} ${value.type.dtype}`
      : value.type.kind;
  const types = operators.map((operator) => graph.operators[operator]!.type);
  const lines = operators.slice(0, MOST_LINES).map((index) => {
    const operator = graph.operators[index]!;
    const shapes = (values: readonly number[]): string =>
      values.flatMap((value) => (value < 0 ? [] : typeOf(graph.values[value]!))).join(', ');
    const name = operator.name === '' ? operator.id : operator.name;
    return `  ${operator.type} ${name}: ${shapes(operator.inputs)} -> ${shapes(operator.outputs)}`;
  });
  const rest = operators.length - MOST_LINES;
  return [
    `${types.slice(0, 8).join(' + ')}${types.length > 8 ? ` + ${types.length - 8} more` : ''}`,
    ...lines,
    ...(rest > 0 ? [`  and ${rest} more operators`] : []),
  ];
}
