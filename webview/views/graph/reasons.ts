/** Reasons of refused edges in five groups, each with its dash: what the legend explains. */
import type { VerdictReason } from '../../../compiler/fusion/plan.ts';
import { VERDICT_REASONS } from '../../state/names.ts';

export const REASON_GROUPS = [
  { id: 'table', label: 'No legal combination', dash: [9, 4] },
  { id: 'profit', label: 'Not profitable', dash: [2, 4] },
  { id: 'constraint', label: 'Constraint or cycle', dash: [9, 3, 2, 3] },
  { id: 'growth', label: 'No seed reached it', dash: [4, 7] },
  { id: 'user', label: 'Cut by you', dash: [4, 3] },
] as const;

export type ReasonGroup = (typeof REASON_GROUPS)[number]['id'];

const GROUP_OF: Readonly<Partial<Record<VerdictReason, ReasonGroup>>> = {
  red: 'table',
  opaque: 'table',
  'no-kernel': 'table',
  'yellow-not-profitable': 'profit',
  'row-kernel-not-cheaper': 'profit',
  'not-in-pattern': 'profit',
  'planner-none': 'profit',
  cycle: 'constraint',
  'constraint-size': 'constraint',
  'constraint-inputs': 'constraint',
  'constraint-shape': 'constraint',
  'multi-use': 'constraint',
  'unbound-shape': 'constraint',
  'no-seed': 'growth',
  'not-reached': 'growth',
  'user-cut': 'user',
  'user-pin-border': 'user',
};

/** Group of an index into VERDICT_REASONS; null for accepted edges. */
export function reasonGroup(reason: number): ReasonGroup | null {
  const name = VERDICT_REASONS[reason];
  return name === undefined ? null : (GROUP_OF[name] ?? null);
}
