/**
 * The planner's reason for one edge in a sentence: one per entry of VERDICT_REASONS, the same in the page, in
 * dumps and in tests. Names come from the model: plain text, never markup.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { MAPPING_TYPE_NAMES } from '../mapping/mappingTypes.ts';
import { assertNever } from './assertNever.ts';
import type { FusionBlock, FusionPlan, Verdict } from './plan.ts';
import { formatBytes } from './yellow.ts';

/** 'Conv → Relu: fused: Many-to-Many followed by One-to-One is green (Table 3); saves 4.2 MB of traffic.' */
export function explainVerdict(ecg: Ecg, plan: FusionPlan, edge: number): string {
  const { from, to, value, bytesEstimate } = ecg.edges[edge]!;
  const verdict = plan.verdicts[edge]!;
  const names = [from, to].map((operator) => ecg.nodes[operator]!.operator.type);
  const head = `${names.join(' → ')}: ${verdict.fused ? 'fused' : 'not fused'}: `;
  const blocks = [plan.blocks[plan.blockOf[from]!]!, plan.blocks[plan.blockOf[to]!]!] as const;
  const reason = sentence(ecg, verdict, blocks, [from, to]);
  return `${head}${reason}${verdict.fused ? traffic(plan, value, bytesEstimate) : '.'}`;
}

function traffic(plan: FusionPlan, value: number, bytes: number): string {
  if (bytes === 0) return '.';
  return plan.removable[value] === 1
    ? `; saves ${formatBytes(2 * bytes)} of traffic.`
    : `; saves reading ${formatBytes(bytes)}, the value is stored for others.`;
}

function sentence(
  ecg: Ecg,
  { reason, detail }: Verdict,
  blocks: readonly [FusionBlock, FusionBlock],
  operators: readonly [number, number],
): string {
  const more = detail === undefined ? '' : ` (${detail})`;
  const [pair, ...numbers] = (detail ?? 'the pair').split('; ');
  const figures = numbers.length === 0 ? '' : ` (${numbers.join('; ')})`;
  switch (reason) {
    case 'green':
      return `${pair} is green (Table 3)`;
    case 'yellow-profiled':
      return `${pair} is yellow (Table 3) and faster fused on this device${figures}`;
    case 'yellow-estimated':
      return `${pair} is yellow (Table 3) and estimated to pay off${figures}`;
    case 'pattern':
      return 'they match a fixed pattern';
    case 'row-kernel':
      return `one kernel takes row after row through both${more}`;
    case 'joined':
      return 'both joined this block through other edges';
    case 'user-fuse':
      return 'fused by hand';
    case 'user-pin':
      return 'pinned by hand';
    case 'red':
      return `${pair} is red (Table 3)${blockNote(ecg, blocks, operators)}`;
    case 'yellow-not-profitable':
      return `${pair} is yellow (Table 3) and would not pay off${figures}`;
    case 'row-kernel-not-cheaper':
      return `one kernel for all of them would not be cheaper${more}`;
    case 'not-in-pattern':
      return 'no fixed pattern covers this pair';
    case 'planner-none':
      return 'the planner "none" fuses nothing';
    case 'opaque': {
      const opaque = operators.find((o) => ecg.nodes[o]!.mapping === 'opaque') ?? operators[0];
      const { operator, mappingNote } = ecg.nodes[opaque]!;
      const note = mappingNote === undefined ? '' : ` (${mappingNote})`;
      return `${operator.type} is opaque${note}; nothing fuses with it`;
    }
    case 'cycle': {
      const between = pathThrough(ecg, blocks);
      const path = between === undefined ? 'another path' : `the path through ${between}`;
      return `${path} between the two blocks would make a cycle`;
    }
    case 'constraint-size':
      return `the block would grow too large${more}`;
    case 'constraint-inputs':
      return `the block would read too many tensors${more}`;
    case 'constraint-shape':
      return `the shapes do not fit one kernel${more}`;
    case 'multi-use':
      return `the value is needed elsewhere too${more}`;
    case 'no-seed':
      return 'neither operator is or has a seed to grow a block from';
    case 'not-reached':
      return `${blockSeeds(ecg, blocks)}`;
    case 'user-cut':
      return `cut by hand${more}`;
    case 'user-pin-border':
      return 'one of the two is in a pinned block';
    case 'no-kernel':
      return `there is no kernel for this pair${more}`;
    case 'unbound-shape':
      return `shapes are not known well enough${more}`;
    default:
      return assertNever(reason);
  }
}

/** An operator outside the two blocks that the first reaches and that reaches the second. */
function pathThrough(
  ecg: Ecg,
  [from, to]: readonly [FusionBlock, FusionBlock],
): string | undefined {
  const reach = (block: FusionBlock, along: 'consumers' | 'producers'): Set<number> => {
    const reached = new Set(block.operators);
    for (const operator of reached)
      for (const next of ecg.nodes[operator]![along]) reached.add(next);
    return reached;
  };
  const after = reach(from, 'consumers');
  const before = reach(to, 'producers');
  const ends = new Set([...from.operators, ...to.operators]);
  const found = [...after].find((operator) => before.has(operator) && !ends.has(operator));
  return found === undefined ? undefined : ecg.nodes[found]!.operator.type;
}

/** Table 3 is asked with the block's type: says so where an end alone would have another one. */
function blockNote(
  ecg: Ecg,
  blocks: readonly [FusionBlock, FusionBlock],
  operators: readonly [number, number],
): string {
  const notes = operators.flatMap((operator, end) => {
    const block = blocks[end]!;
    const { mapping, operator: node } = ecg.nodes[operator]!;
    if (block.mapping === mapping) return [];
    const cause = block.operators.find((o) => ecg.nodes[o]!.mapping === block.mapping);
    const because = cause === undefined ? '' : ` through ${ecg.nodes[cause]!.operator.type}`;
    return [`${node.type}'s block is ${MAPPING_TYPE_NAMES[block.mapping]}${because}`];
  });
  return notes.length === 0 ? '' : `; ${notes.join(', ')}`;
}

function blockSeeds(ecg: Ecg, blocks: readonly [FusionBlock, FusionBlock]): string {
  const seeds = blocks.map(({ seed }) => (seed < 0 ? undefined : ecg.nodes[seed]!.operator.type));
  const [a, b] = seeds;
  if (a !== undefined && b !== undefined) {
    return `the two blocks grew from different seeds (${a} and ${b})`;
  }
  return `the block that grew from ${a ?? b ?? 'its seed'} did not reach across this edge`;
}
