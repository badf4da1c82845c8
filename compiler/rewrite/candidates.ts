/** Places where rules fit, the one that saves most first; equals in graph order, then in the order of the rules. */
import type { Cost } from './cost.ts';
import { compareSavings } from './cost.ts';
import type { Match } from './match.ts';
import type { Rule, RuleForm } from './rule.ts';

export interface Candidate {
  readonly rule: Rule;
  readonly rank: number;
  readonly form: RuleForm;
  /** Of the form's pattern. */
  readonly depth: number;
  readonly match: Match;
  readonly saves: Cost;
  /** `version` of the match's operators when it was found. */
  readonly versions: readonly number[];
  /** Which look at this rule at this operator found it: only the latest counts. */
  readonly look: number;
}

/** Whether its operators still stand as they stood. */
export function isCurrent({ match, versions }: Candidate): boolean {
  return match.nodes.every(({ isLive, version }, i) => isLive && version === versions[i]);
}

/** A binary heap. */
export class CandidateQueue {
  private readonly heap: Candidate[] = [];

  push(candidate: Candidate): void {
    const { heap } = this;
    let at = heap.push(candidate) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compare(heap[at]!, heap[above]!) >= 0) break;
      [heap[at], heap[above]] = [heap[above]!, heap[at]!];
      at = above;
    }
  }

  pop(): Candidate | undefined {
    const { heap } = this;
    const best = heap[0];
    const last = heap.pop();
    if (best === undefined || last === undefined || heap.length === 0) return best;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && compare(heap[child]!, heap[least]!) < 0) least = child;
      }
      if (least === at) return best;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function compare(a: Candidate, b: Candidate): number {
  return (
    compareSavings(a.saves, b.saves) ||
    a.match.root.order - b.match.root.order ||
    a.match.root.index - b.match.root.index ||
    a.rank - b.rank
  );
}
