/**
 * Attention as one kernel: scores = MatMul, their Softmax along rows, the Softmax's MatMul with the values, each with its
 * elementwise neighbours. The schedule takes a few rows through all three (schedule/stageNests.ts). Parts of the chain
 * count too, so that it can be fused one click after the other. Like row reductions, a list of what code generation
 * has a schedule for.
 */
import type { Ecg, EcgNode } from '../ecg/ecg.ts';
import { isAlongLastAxis } from './rowReductions.ts';

/**
 * Whether the Many-to-Many operators of a block are one Softmax over the last axis, at most one MatMul whose result
 * becomes its input, and at most one MatMul that reads its result as the left operand.
 *
 * @param heavy the Many-to-Many operators among `operators`, at least two.
 */
export function isAttention(
  ecg: Ecg,
  operators: readonly number[],
  heavy: readonly number[],
): boolean {
  const types = heavy.map((operator) => ecg.nodes[operator]!);
  const [softmax, ...others] = types.filter(({ operator }) => operator.type === 'Softmax');
  if (softmax === undefined || others.length > 0 || !isAlongLastAxis(ecg, softmax)) return false;
  const products = types.filter((node) => node !== softmax);
  if (!products.every(isProduct)) return false;
  const scores = products.filter((node) => leadsTo(ecg, operators, softmax, node));
  const values = products.filter((node) => leadsTo(ecg, operators, node, softmax));
  return (
    scores.length <= 1 && values.length <= 1 && scores.length + values.length === heavy.length - 1
  );
}

function isProduct({ operator }: EcgNode): boolean {
  return operator.domain === '' && operator.type === 'MatMul';
}

/** Whether what `source` makes becomes the first operand of `reader` inside of the block. */
function leadsTo(
  ecg: Ecg,
  operators: readonly number[],
  reader: EcgNode,
  source: EcgNode,
): boolean {
  const inside = new Set(operators);
  const producers = (node: EcgNode, inputs: readonly number[]): readonly number[] =>
    node.producers.filter(
      (producer) =>
        inside.has(producer) &&
        ecg.nodes[producer]!.operator.outputs.some((value) => inputs.includes(value)),
    );
  const stack = [...producers(reader, reader.operator.inputs.slice(0, 1))];
  const seen = new Set<number>();
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (at === source.index) return true;
    const node = ecg.nodes[at]!;
    if (seen.has(at) || node.mapping === 'many-to-many') continue;
    seen.add(at);
    stack.push(...producers(node, node.operator.inputs));
  }
  return false;
}
