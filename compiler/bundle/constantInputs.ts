/** Which inputs of a lowered block are constants: of the graph, or of a body that was lowered with it. */
import type { Graph, Value } from '../graph/graph.ts';
import type { LoweredBlock } from '../lower/block.ts';

/** The constant at a place among the program's inputs. */
export function constantAt(
  { values }: Graph,
  lowered: LoweredBlock,
  place: number,
): Value | undefined {
  const body = lowered.bodyConstants.get(place);
  if (body !== undefined) return body;
  const value = values[lowered.inputs[place]!]!;
  return value.constant === undefined ? undefined : value;
}

/** Names of the program's buffers that hold constants. */
export function constantInputs(graph: Graph, lowered: LoweredBlock): ReadonlySet<string> {
  const { inputs } = lowered.program;
  return new Set(
    inputs.flatMap(({ name }, place) => (constantAt(graph, lowered, place) ? [name] : [])),
  );
}
