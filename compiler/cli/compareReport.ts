/** What `fusion-studio compare` prints for people: blocks that do the same work side by side, then the verdict. */
import type { CompareReport, CompareVerdict, Interval } from '../run/runProtocol.ts';
import { alignColumns, clip, printable } from './terminal.ts';

export interface PlanNames {
  readonly a: string;
  readonly b: string;
}

const HEADER = ['blocks A', 'blocks B', 'A ms', 'B ms', 'B - A ms', '95 % interval', 'faster'];
const NUMERIC_COLUMNS = new Set([2, 3, 4]);
/** Of blocks that are alike, those that take longest are enough. */
const MOST_ROWS = 40;

export function compareTable(
  modelName: string,
  { a, b }: PlanNames,
  report: CompareReport,
): string {
  const { blocks, verdict, differenceMs, ratio, pairs } = report;
  const rows = [...blocks]
    .sort((x, y) => rank(y) - rank(x))
    .slice(0, MOST_ROWS)
    .map((row) => [
      clip(printable(row.a.join(' + ') || '(between)'), 34),
      clip(printable(row.b.join(' + ') || '(between)'), 34),
      row.aMs.toFixed(3),
      row.bMs.toFixed(3),
      row.differenceMs.median.toFixed(4),
      interval(row.differenceMs, 4),
      winner(row.verdict),
    ]);
  const left = blocks.length - rows.length;
  const total = (name: string, { median, p10, p90 }: CompareReport['a']['latencyMs']): string =>
    `${name}: ${median.toFixed(3)} ms (p10 ${p10.toFixed(3)}, p90 ${p90.toFixed(3)})`;
  const lines = [
    ...alignColumns([HEADER, ...rows], NUMERIC_COLUMNS),
    ...(left > 0 ? [`… and ${left} more rows that differ less`] : []),
    '',
    `${printable(modelName)} on ${report.target}, ${report.threads} ` +
      `thread${report.threads === 1 ? '' : 's'}, ${pairs} pairs by turns`,
    total(`A, ${printable(a)}`, report.a.latencyMs),
    total(`B, ${printable(b)}`, report.b.latencyMs),
    `B - A: ${differenceMs.median.toFixed(3)} ms ${interval(differenceMs, 3)}, ` +
      `B / A: ${ratio.median.toFixed(3)} ${interval(ratio, 3)}`,
    SENTENCES[verdict],
    ...(report.noisy ? ['the times vary a lot: something else keeps this computer busy'] : []),
    report.agreement.passed
      ? 'both give the same outputs'
      : 'THE OUTPUTS OF THE TWO PLANS DIFFER by more than rounding',
  ];
  return `${lines.join('\n')}\n`;
}

const SENTENCES: Readonly<Record<CompareVerdict, string>> = {
  'a-faster': 'A is faster',
  'b-faster': 'B is faster',
  'no-difference': 'no difference: the 95 % interval holds 0',
};

/** Rows with a verdict first, then by how much they differ. */
function rank({ verdict, differenceMs }: CompareReport['blocks'][number]): number {
  return (verdict === 'no-difference' ? 0 : 1e9) + Math.abs(differenceMs.median);
}

function winner(verdict: CompareVerdict): string {
  return verdict === 'no-difference' ? '' : verdict === 'a-faster' ? 'A' : 'B';
}

function interval({ low, high }: Interval, digits: number): string {
  return `[${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}
