/**
 * Refused overrides in a sentence: what the user reads after a click that the planner did not follow.
 */
import type { VerdictReason } from './plan.ts';

/**
 * @param subject the operators, already named: 'Conv "y1" and Conv "y2"'.
 * @param detail what exactly is in the way.
 */
export function refusalSentence(reason: VerdictReason, subject: string, detail?: string): string {
  const why = detail === undefined ? '' : ` (${detail})`;
  switch (reason) {
    case 'opaque':
      return `Not possible: ${subject} cannot be fused because of an opaque operator${why}.`;
    case 'cycle':
      return `Not possible: fusing ${subject} would close a cycle between blocks${why}.`;
    case 'unbound-shape':
      return `Not possible: shapes of ${subject} are not known well enough${why}.`;
    case 'user-pin-border':
      return `Not possible: ${subject} touches a pinned block${why}; unpin it first.`;
    case 'user-cut':
      return `Not possible: ${subject} were cut apart by hand${why}; remove the cut first.`;
    default:
      return `Not possible: there is no kernel for ${subject}${why}.`;
  }
}
