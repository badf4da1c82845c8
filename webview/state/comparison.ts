/** Planners side by side: what they come to, what was measured of them, the table as text. Pure. */
import type { PlannerRow, RunsState, Variant, VariantResult } from '../../compiler/protocol.ts';
import { formatBytes, formatFlops, formatInteger } from './format.ts';

export interface ComparisonState {
  /** null: not asked for yet, or on their way. */
  readonly rows: readonly PlannerRow[] | null;
  readonly failed: string | null;
  /** The plan that is drawn beside the one that is edited. */
  readonly beside: (VariantResult & { readonly variant: Variant }) | null;
}

export const NO_COMPARISON: ComparisonState = { rows: null, failed: null, beside: null };

/** 'dnnfusion', 'dnnfusion, not rewritten'. */
export function variantName({ planner, rewriting }: Variant): string {
  return `${planner}${rewriting ? '' : ', not rewritten'}`;
}

/** Rows of one graph: as it is in the file, and rewritten. What planners cannot change is said once. */
export interface VariantGroup {
  readonly title: string;
  /** '239 operators · 814 MFLOPs'. */
  readonly note: string;
  readonly rows: readonly PlannerRow[];
}

export function groupsOf(rows: readonly PlannerRow[]): readonly VariantGroup[] {
  return [false, true]
    .map((rewriting) => rows.filter((row) => row.rewriting === rewriting))
    .filter((group) => group.length > 0)
    .map((group) => ({
      title: group[0]!.rewriting ? 'Rewritten' : 'As in the file',
      note: [
        `${range(group, ({ operators }) => operators, formatInteger)} operators`,
        range(group, ({ flops }) => flops, formatFlops),
      ].join(' · '),
      rows: group,
    }));
}

function range(
  rows: readonly PlannerRow[],
  of: (row: PlannerRow) => number,
  format: (value: number) => string,
): string {
  const values = rows.map(of);
  const [least, most] = [format(Math.min(...values)), format(Math.max(...values))];
  return least === most ? most : `${least} – ${most}`;
}

export function sameVariant(a: Variant | undefined, b: Variant): boolean {
  return a?.planner === b.planner && a.rewriting === b.rewriting;
}

/** Latest median at the chosen place, milliseconds; NaN: not measured. */
export function measuredMs({ history, target }: RunsState, variant: Variant): number {
  const run = history.find(
    (each) => !each.edited && each.target === target.target && sameVariant(each, variant),
  );
  return run?.latencyMs.median ?? Number.NaN;
}

/** As `fusion-studio compare-planners` writes them. */
const COLUMNS = [
  ...['planner', 'rewriting', 'operators', 'blocks'],
  ...['FLOPs', 'bytes between blocks', 'ms'],
] as const;

/** For a spreadsheet or a report; numbers in full in CSV. */
export function comparisonText(
  rows: readonly PlannerRow[],
  runs: RunsState,
  format: 'csv' | 'markdown',
): string {
  const lines = rows.map((row): readonly string[] => {
    const ms = measuredMs(runs, row);
    const { operators, blocks, flops, bytes } = row;
    const time = Number.isFinite(ms) ? ms.toFixed(3) : '';
    const numbers =
      format === 'csv'
        ? [operators, blocks, flops, bytes].map(String)
        : [formatInteger(operators), formatInteger(blocks), formatFlops(flops), formatBytes(bytes)];
    return [row.planner, row.rewriting ? 'on' : 'off', ...numbers, time];
  });
  if (format === 'csv') {
    return [COLUMNS, ...lines].map((line) => line.map(quoted).join(',')).join('\n') + '\n';
  }
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(COLUMNS), row(COLUMNS.map(() => '---')), ...lines.map(row)].join('\n') + '\n';
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Operators of one graph on the other, by id and by the names that rewriting took over. */
export function operatorMap(
  from: VariantResult['graph'],
  to: VariantResult['graph'],
): (operator: number) => number {
  const places = new Map<string, number>();
  to.aliases.forEach((alias, at) => {
    if (!places.has(alias)) places.set(alias, to.aliasOf[at]!);
  });
  to.ids.forEach((id, operator) => places.set(id, operator));
  const names = new Map<number, string[]>();
  from.aliases.forEach((alias, at) => {
    const operator = from.aliasOf[at]!;
    names.set(operator, [...(names.get(operator) ?? []), alias]);
  });
  return (operator) => {
    const own = from.ids[operator];
    const all = [...(own === undefined ? [] : [own]), ...(names.get(operator) ?? [])];
    for (const name of all) {
      const place = places.get(name);
      if (place !== undefined) return place;
    }
    return -1;
  };
}
