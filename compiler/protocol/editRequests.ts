/** What the user asks of the plan. */
import type { Override, PlannerName } from '../fusion/plan.ts';
import type { RewriteSettings } from '../rewrite/rewrite.ts';

/** The host turns it into new `PlanEdits` (one undo step each). */
export type EditRequest =
  /** Toggling is the host's job: fusing a pair that was cut by hand removes the cut first. Operator indices. */
  | { readonly kind: 'fuse'; readonly a: number; readonly b: number }
  | { readonly kind: 'cut'; readonly a: number; readonly b: number }
  | { readonly kind: 'seed'; readonly operator: number; readonly on: boolean }
  | { readonly kind: 'noSeed'; readonly operator: number; readonly on: boolean }
  | { readonly kind: 'pin'; readonly block: number; readonly on: boolean }
  | { readonly kind: 'removeOverride'; readonly override: Override }
  | { readonly kind: 'planner'; readonly planner: PlannerName }
  | { readonly kind: 'bind'; readonly symbol: string; readonly size: number | null }
  /** Plans with the times that were measured on a device (its key in the profile database); null: without. */
  | { readonly kind: 'device'; readonly device: string | null }
  /** Switches of rewriting; what is absent stays. */
  | { readonly kind: 'rewrite'; readonly change: Partial<RewriteSettings> }
  | { readonly kind: 'replanAll' }
  | { readonly kind: 'clearOverrides' };

export type EditResult = { readonly ok: true } | { readonly ok: false; readonly message: string };
