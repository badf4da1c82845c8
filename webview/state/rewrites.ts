/** What the page asks about rewriting, made from what is shown: which switch turns what. */
import type { RewriteRow, RewriteSnapshot } from '../../compiler/protocol.ts';
import type { RewriteClass, RewriteSettings, Savings } from '../../compiler/rewrite/rewrite.ts';
import { formatBytes, formatFlops, plural } from './format.ts';

export interface RuleGroup {
  readonly rule: string;
  readonly ruleClass: RewriteClass;
  readonly applied: readonly RewriteRow[];
  readonly declined: readonly RewriteRow[];
  /** Of the applications made. */
  readonly saves: Savings;
}

/** Applications by rule, those that save most first. */
export function rulesOf({ applications, declined }: RewriteSnapshot): readonly RuleGroup[] {
  const names = new Set([...applications, ...declined].map(({ rule }) => rule));
  const groups = [...names].map((rule): RuleGroup => {
    const applied = applications.filter((row) => row.rule === rule);
    const off = declined.filter((row) => row.rule === rule);
    const { ruleClass } = [...applied, ...off][0]!;
    return { rule, ruleClass, applied, declined: off, saves: totalOf(applied) };
  });
  return groups.sort(
    (a, b) =>
      b.saves.flops - a.saves.flops ||
      b.saves.bytes - a.saves.bytes ||
      b.applied.length - a.applied.length ||
      (a.rule < b.rule ? -1 : 1),
  );
}

function totalOf(rows: readonly RewriteRow[]): Savings {
  const sum = (of: (saves: Savings) => number): number =>
    rows.reduce((total, { saves }) => total + of(saves), 0);
  return {
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes),
    operators: sum(({ operators }) => operators),
  };
}

/** Where an application is, applied or not: the operator that its formula ends in. */
export function placeOf({ id, rule }: RewriteRow): string {
  return id.startsWith(`${rule}@`) ? id.slice(rule.length + 1) : id;
}

/** The places of applications, without the path that all of them share. */
export function namesOf(rows: readonly RewriteRow[]): readonly string[] {
  const paths = rows.map((row) => placeOf(row).split('/'));
  const [first = []] = paths;
  // The last part always stays.
  const most = Math.min(...paths.map((path) => path.length - 1));
  let shared = 0;
  while (shared < most && paths.every((path) => path[shared] === first[shared])) shared++;
  return paths.map((path) => (shared > 1 ? `…/${path.slice(shared).join('/')}` : path.join('/')));
}

/** '219 MB → 168 MB (−23 %)'. */
export function changeText(from: number, to: number, format: (value: number) => string): string {
  if (from === to) return format(to);
  const [before, after] = [format(from), format(to)];
  const percent = Math.abs((100 * (to - from)) / from);
  const share = percent.toFixed(percent >= 9.95 ? 0 : 1);
  const sign = to < from ? '−' : '+';
  const change = percent < 0.05 ? 'less than 0.1 %' : `${sign}${share} %`;
  const shown = Number.isFinite(percent) ? ` (${change})` : '';
  return `${before === after ? after : `${before} → ${after}`}${shown}`;
}

/** '2 operators, 1.20 MB, 3.40 MFLOPs'. */
export function savingsText({ flops, bytes, operators }: Savings): string {
  const parts = [
    operators !== 0 && plural(operators, 'operator'),
    bytes !== 0 && formatBytes(bytes),
    flops !== 0 && formatFlops(flops),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(', ') : 'nothing but loads';
}

/** What a rule saves, or would save, and what it waits for. */
export function groupText(
  { rule, ruleClass, applied, declined, saves }: RuleGroup,
  settings: RewriteSettings,
): string {
  if (applied.length > 0) return `saves ${savingsText(saves)}`;
  const off =
    !settings.enabled ||
    settings.offRules.includes(rule) ||
    settings.offClasses.includes(ruleClass) ||
    declined.every(({ id }) => settings.offApplications.includes(id));
  return `${off ? 'off' : 'needs fast math'}; would save ${savingsText(totalOf(declined))}`;
}

/** The change that turns one rule, class or application on or off. */
export function switched(
  settings: RewriteSettings,
  list: 'offClasses' | 'offRules' | 'offApplications',
  name: string,
  on: boolean,
): Partial<RewriteSettings> {
  const others = settings[list].filter((each) => each !== name);
  return { [list]: on ? others : [...others, name] };
}

/** 'fold-affine' → 'Fold affine'. */
export function ruleTitle(rule: string): string {
  const words = rule.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
