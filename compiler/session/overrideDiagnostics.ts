/**
 * What became of the user's overrides, as diagnostics for Problems, the page and the command line.
 */
import type { Diagnostic } from '../diagnostics.ts';
import { diagnostic } from '../diagnostics.ts';
import type { FusionPlan, Override } from '../fusion/plan.ts';

/** One warning per override that does not apply; none for those that do. */
export function overrideDiagnostics(plan: FusionPlan): Diagnostic[] {
  return plan.overrides.flatMap(({ override, status, message }) => {
    if (status === 'applied') return [];
    const node =
      override.kind === 'pin' ? override.ops[0] : 'op' in override ? override.op : override.a;
    const text = message ?? 'no operator of this model has the recorded id';
    return [diagnostic(`plan/override-${status}`, `${describe(override)}: ${text}`, node)];
  });
}

function describe(override: Override): string {
  switch (override.kind) {
    case 'fuse':
    case 'cut':
      return `Override ${override.kind} of '${override.a}' and '${override.b}'`;
    case 'seed':
    case 'noSeed':
      return `Override ${override.kind} of '${override.op}'`;
    case 'pin':
      return `Override pin of ${override.ops.length} operators from '${override.ops[0] ?? ''}'`;
  }
}
