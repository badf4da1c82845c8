/**
 * Planners side by side, with and without rewriting, as a table for spreadsheets (CSV, RFC 4180) and for reports
 * (Markdown). Numbers are plain and in full: whoever reads the table formats them.
 */
import type { PlannerName } from '../fusion/plan.ts';

export interface PlanRow {
  readonly planner: PlannerName;
  readonly rewriting: boolean;
  readonly operators: number;
  readonly blocks: number;
  /** Of one inference. */
  readonly flops: number;
  /** Of intermediate results that are stored between blocks. */
  readonly bytes: number;
  /** Median of a measured inference, milliseconds; absent where nothing was measured. */
  readonly ms?: number;
}

const HEADER = ['planner', 'rewriting', 'operators', 'blocks', 'FLOPs', 'bytes', 'ms'];
/** Digits of a microsecond. */
const MS_DIGITS = 3;

export function planCsv(rows: readonly PlanRow[]): string {
  return [HEADER, ...rows.map(cells)].map((row) => `${row.join(',')}\r\n`).join('');
}

export function planMarkdown(rows: readonly PlanRow[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |\n`;
  const rule = HEADER.map((_, column) => (column < 2 ? '---' : '---:'));
  return [HEADER, rule, ...rows.map(cells)].map(line).join('');
}

/** Words of the table's own and numbers: nothing of a model gets in. */
function cells({ planner, rewriting, operators, blocks, flops, bytes, ms }: PlanRow): string[] {
  return [
    planner,
    rewriting ? 'on' : 'off',
    ...[operators, blocks, flops, bytes].map((count) => String(Math.round(count))),
    ms === undefined ? '' : ms.toFixed(MS_DIGITS),
  ];
}
