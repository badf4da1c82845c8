/**
 * What must hold of every plan; run after every planning. A failure is an internal error that names the check.
 */
import type { Ecg } from '../ecg/ecg.ts';
import type { FusionPlan } from './plan.ts';

type Check = (
  ecg: Ecg,
  plan: FusionPlan,
  indexOf: ReadonlyMap<string, number>,
) => string | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  'every operator is in exactly one block': (ecg, { blocks, blockOf }) => {
    if (blockOf.length !== ecg.nodes.length) return `${blockOf.length} operators have a block`;
    let members = 0;
    for (const [index, block] of blocks.entries()) {
      if (block.index !== index) return `block ${index} says it is ${block.index}`;
      if (block.operators.length === 0) return `block ${index} is empty`;
      members += block.operators.length;
      for (const [place, operator] of block.operators.entries()) {
        if (blockOf[operator] !== index) return `operator ${operator} is not in block ${index}`;
        if (place > 0 && operator <= block.operators[place - 1]!)
          return `block ${index} is unsorted`;
      }
    }
    return members === ecg.nodes.length ? undefined : `${members} members`;
  },
  // With the order this also says that the blocks are convex and acyclic.
  'blocks stand in topological order': (ecg, { blockOf }) => {
    const wrong = ecg.edges.find(({ from, to }) => blockOf[from]! > blockOf[to]!);
    return wrong && `edge ${wrong.from} -> ${wrong.to}`;
  },
  'every edge has a verdict that fits': (ecg, { blockOf, verdicts }) => {
    if (verdicts.length !== ecg.edges.length) return `${verdicts.length} verdicts`;
    const wrong = ecg.edges.find(
      ({ index, from, to }) => verdicts[index]!.fused !== (blockOf[from] === blockOf[to]),
    );
    return wrong && `edge ${wrong.from} -> ${wrong.to}`;
  },
  'an opaque operator is alone': (ecg, { blocks }) => {
    const wrong = blocks.find(
      ({ operators }) =>
        operators.length > 1 && operators.some((o) => ecg.nodes[o]!.mapping === 'opaque'),
    );
    return wrong && `block ${wrong.index}`;
  },
  'overrides in force hold': (_ecg, plan, indexOf) => {
    for (const { override, status } of plan.overrides) {
      if (status !== 'applied' || override.kind === 'seed' || override.kind === 'noSeed') continue;
      const ids = override.kind === 'pin' ? override.ops : [override.a, override.b];
      const operators = new Set(ids.map((id) => indexOf.get(id)!));
      const blocks = new Set([...operators].map((operator) => plan.blockOf[operator]!));
      if (override.kind === 'cut') {
        if (blocks.size < 2) return `cut of ${ids.join(' and ')}`;
        continue;
      }
      const [block] = blocks;
      if (blocks.size !== 1) return `${override.kind} of ${ids.join(', ')}`;
      if (override.kind === 'pin' && plan.blocks[block!]!.operators.length !== operators.size) {
        return `pin of ${ids.join(', ')}`;
      }
    }
    return undefined;
  },
  'removable values stay inside': (ecg, { blockOf, removable }) => {
    const wrong = ecg.edges.find(
      ({ value, from, to }) => removable[value] === 1 && blockOf[from] !== blockOf[to],
    );
    return wrong && `value ${wrong.value}`;
  },
};

/** @throws Error (internal) naming the check that failed. */
export function verifyPlan(ecg: Ecg, plan: FusionPlan): void {
  const indexOf = new Map<string, number>();
  if (plan.overrides.length > 0) {
    for (const { operator, index } of ecg.nodes) {
      if (!indexOf.has(operator.id)) indexOf.set(operator.id, index);
    }
  }
  for (const [name, check] of Object.entries(CHECKS)) {
    const problem = check(ecg, plan, indexOf);
    if (problem !== undefined) throw new Error(`internal: plan is invalid: ${name}: ${problem}`);
  }
}
