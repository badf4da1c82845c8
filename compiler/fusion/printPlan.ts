/**
 * A plan as text for dumps and golden tests: one line a block, members in topological order, the seed marked
 * with `*`. Deterministic and free of sizes that depend on dim bindings.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { MAPPING_TYPE_NAMES } from '../mapping/mappingTypes.ts';
import type { FusionPlan } from './plan.ts';

export function printPlan(ecg: Ecg, plan: FusionPlan): string {
  const name = (operator: number): string => {
    const { type, domain } = ecg.nodes[operator]!.operator;
    return domain === '' ? type : `${domain}.${type}`;
  };
  const lines = plan.blocks.map(({ index, id, operators, seed, mapping, pinned }) => {
    const members = operators.map((o) => (o === seed ? `${name(o)}*` : name(o)));
    const pin = pinned ? ' pinned' : '';
    return `${index} ${MAPPING_TYPE_NAMES[mapping]}${pin} ${quoted(id)}: ${members.join(' ')}`;
  });
  const header = `${plan.planner}: ${ecg.nodes.length} operators in ${plan.blocks.length} blocks`;
  return `${[header, ...lines].join('\n')}\n`;
}

/** One line whatever the name holds. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
