/**
 * What a conformance run found: counts, failures one by one, the rest grouped by reason.
 */
import type { CaseResult } from './conformanceRun.ts';
import { printable } from './terminal.ts';

export interface ConformanceReport {
  readonly target: string;
  /** Without 16-bit floats and smaller types. */
  readonly counts: Counts;
  readonly small: Counts;
  readonly excluded: number;
  /** Not run: the run was cancelled before. */
  readonly left: number;
  readonly cases: readonly CaseResult[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
}

export function conformanceReport(
  target: string,
  cases: readonly CaseResult[],
  left = 0,
): ConformanceReport {
  const counted = cases.filter(({ verdict }) => verdict !== 'excluded');
  return {
    target,
    counts: countsOf(counted.filter(({ small }) => !small)),
    small: countsOf(counted.filter(({ small }) => small)),
    excluded: cases.length - counted.length,
    left,
    cases,
  };
}

function countsOf(cases: readonly CaseResult[]): Counts {
  const of = (verdict: CaseResult['verdict']): number =>
    cases.filter((item) => item.verdict === verdict).length;
  return { passed: of('passed'), failed: of('failed'), unsupported: of('unsupported') };
}

const VERDICTS: Readonly<Record<CaseResult['verdict'], string>> = {
  passed: 'passed',
  failed: 'FAILED',
  unsupported: 'no kernel',
  excluded: 'left out',
};

/** One case, as it comes. */
export function caseLine({ name, verdict, reason }: CaseResult): string {
  const why = reason === undefined ? '' : `: ${printable(reason)}`;
  return `${VERDICTS[verdict].padEnd(9)}  ${printable(name)}${why}\n`;
}

export function conformanceText(report: ConformanceReport): string {
  const { target, counts, small, excluded, left, cases } = report;
  const lines = [
    `Target ${target}`,
    `  ${countsText(counts)}`,
    `  16-bit floats and smaller types: ${countsText(small)}`,
    `  left out: ${excluded}`,
    ...(left > 0 ? [`  not run, as the run was cancelled: ${left}`] : []),
  ];
  for (const [verdict, title] of [
    ['failed', 'Failed'],
    ['unsupported', 'No kernel'],
    ['excluded', 'Left out'],
  ] as const) {
    const groups = groupsOf(cases.filter((item) => item.verdict === verdict));
    if (groups.length === 0) continue;
    lines.push('', `${title}:`);
    for (const [reason, names] of groups) {
      lines.push(`  ${String(names.length).padStart(4)}  ${printable(reason)}`);
      const shown = verdict === 'failed' ? names : names.slice(0, 3);
      const rest = names.length - shown.length;
      const more = rest > 0 ? `, and ${rest} more` : '';
      lines.push(`        ${shown.map(printable).join(', ')}${more}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function countsText({ passed, failed, unsupported }: Counts): string {
  const all = passed + failed + unsupported;
  const share = all === 0 ? '' : ` (${((100 * passed) / all).toFixed(1)} % passed)`;
  return `${passed} passed, ${failed} failed, ${unsupported} without a kernel${share}`;
}

/** By reason, the largest group first. */
function groupsOf(
  cases: readonly CaseResult[],
): readonly (readonly [reason: string, names: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const { name, reason = '' } of cases) {
    const names = groups.get(reason);
    if (names === undefined) groups.set(reason, [name]);
    else names.push(name);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
}
