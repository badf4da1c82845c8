/**
 * Kinds of chains that patterns name (`~moves`): operators that pass one input on, so that something at the end of the
 * chain may as well stand at its start.
 */
import { isOneElement, rankOf } from './constants.ts';
import type { Node, RewriteGraph } from './rewriteGraph.ts';

/** The input that the chain goes on with; undefined for an operator that is no link. */
type Link = (graph: RewriteGraph, node: Node) => number | undefined;

const MOVES: ReadonlySet<string> = new Set([
  'Transpose',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Expand',
  'Tile',
  'DepthToSpace',
  'SpaceToDepth',
]);

const BINARY: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min']);

/** Elements are moved or repeated, none is computed: what is done to every element alike may be done before. */
const moves: Link = (_, { operator }) =>
  operator.domain === '' && MOVES.has(operator.type) ? 0 : undefined;

/** Each element is computed from the element at the same place, and from scalar constants. */
const pointwise: Link = (graph, node) => {
  const { operator, entry } = node;
  if (operator.domain !== '' || !entry || operator.outputs.length !== 1) return undefined;
  if (operator.type === 'Clip') {
    return operator.inputs.slice(1).every((value) => value < 0 || graph.constant[value])
      ? 0
      : undefined;
  }
  if (operator.inputs.length === 1) {
    const isElementwise =
      !operator.attributes.has('axis') && graph.mappingOf(node) === 'one-to-one';
    return isElementwise ? 0 : undefined;
  }
  if (!BINARY.has(operator.type)) return undefined;
  const [a = -1, b = -1] = operator.inputs;
  if (isScalarBeside(graph, b, a)) return 0;
  return isScalarBeside(graph, a, b) ? 1 : undefined;
};

/** A constant of one element whose rank adds no axis to the other operand. */
function isScalarBeside(graph: RewriteGraph, scalar: number, other: number): boolean {
  if (graph.constant[scalar] !== true || !isOneElement(graph, scalar)) return false;
  return (rankOf(graph, scalar) ?? Infinity) <= (rankOf(graph, other) ?? -1);
}

export const chainKinds: Readonly<Record<string, Link | undefined>> = { moves, pointwise };

/** Types that links can have; any where missing. */
export const chainTypes: Readonly<Record<string, ReadonlySet<string> | undefined>> = {
  moves: MOVES,
};
