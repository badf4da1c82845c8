/**
 * The user's overrides in force, by operator index, as planners ask for them. `fuse` and `pin` are kept by
 * merging operators before planning starts; `cut` and pins are asked before every merge; seeds order growth.
 *
 * Two overrides that say the opposite of the same thing (fuse and cut of one pair, seed and noSeed of one operator)
 * replace each other: the later one counts. An override that contradicts several earlier ones together
 * is refused, naming them; the earlier ones stay.
 */
import type { Override, OverrideOutcome } from './plan.ts';
import type { Task } from './task.ts';

export interface Constraints {
  readonly fuses: readonly (readonly [number, number])[];
  /** Both directions. */
  readonly cuts: ReadonlyMap<number, ReadonlySet<number>>;
  readonly pins: readonly (readonly number[])[];
  readonly pinned: ReadonlySet<number>;
  /** In the order given. */
  readonly seeds: readonly number[];
  readonly noSeeds: ReadonlySet<number>;
}

/** @param overrides those in force; operators that are not in the model are left out. */
export function constraintsOf(task: Task, overrides: readonly Override[]): Constraints {
  const fuses: [number, number][] = [];
  const cuts = new Map<number, Set<number>>();
  const pins: number[][] = [];
  const seeds = new Set<number>();
  const noSeeds = new Set<number>();
  for (const override of overrides) {
    const operators = operatorsOf(task, override);
    if (operators === undefined) continue;
    const [a, b] = operators as [number, number];
    if (override.kind === 'fuse') fuses.push([a, b]);
    else if (override.kind === 'cut') {
      cuts.set(a, (cuts.get(a) ?? new Set()).add(b));
      cuts.set(b, (cuts.get(b) ?? new Set()).add(a));
    } else if (override.kind === 'seed') seeds.add(a);
    else if (override.kind === 'noSeed') noSeeds.add(a);
    else pins.push(operators);
  }
  return { fuses, cuts, pins, pinned: new Set(pins.flat()), seeds: [...seeds], noSeeds };
}

export function inForce(outcomes: readonly OverrideOutcome[]): Override[] {
  return outcomes.filter(({ status }) => status === 'applied').map(({ override }) => override);
}

/** Operator indices that an override names (for pins ascending, distinct); `undefined` when one is missing. */
export function operatorsOf(task: Task, override: Override): number[] | undefined {
  const operators = idsOf(override).map((id) => task.indexOf.get(id));
  if (!operators.every((operator) => operator !== undefined)) return undefined;
  return override.kind === 'pin' ? [...new Set(operators)].sort((x, y) => x - y) : operators;
}

/** Ids of an override that the model does not have. */
export function missingIds(task: Task, override: Override): string[] {
  return idsOf(override).filter((id) => !task.indexOf.has(id));
}

function idsOf(override: Override): readonly string[] {
  switch (override.kind) {
    case 'fuse':
    case 'cut':
      return [override.a, override.b];
    case 'seed':
    case 'noSeed':
      return [override.op];
    case 'pin':
      return override.ops;
  }
}

const OPPOSITE = {
  fuse: 'cut',
  cut: 'fuse',
  seed: 'noSeed',
  noSeed: 'seed',
  pin: undefined,
} as const;

/** Equal for overrides that say the same. */
export function overrideKey(override: Override): string {
  return JSON.stringify([override.kind, ...[...idsOf(override)].sort()]);
}

/** Key of what would say the opposite; no override has it where there is no opposite. */
export function oppositeKey(override: Override): string {
  return JSON.stringify([OPPOSITE[override.kind] ?? null, ...[...idsOf(override)].sort()]);
}

export function replacedOutcome(earlier: Override, later: Override): OverrideOutcome {
  const message = `A later "${later.kind}" of the same operators replaces it.`;
  return { override: earlier, status: 'refused', message };
}

/** The cut that keeps two sets of operators apart, if there is one. */
export function cutBetween(
  { cuts }: Constraints,
  first: readonly number[],
  second: readonly number[],
): readonly [number, number] | undefined {
  if (cuts.size === 0) return undefined;
  for (const a of first) {
    const partners = cuts.get(a);
    const b = partners && second.find((operator) => partners.has(operator));
    if (b !== undefined) return [a, b];
  }
  return undefined;
}
