/**
 * Loops whose bodies are several nests, one after the other, with scratch between them that stays in a cache: blocks
 * of tiles that pass through stages. The nests inside are scheduled like those of the root, on the one thread that
 * runs the block. A transform that makes such a loop names it; nobody guesses.
 */
import type { LoopProgram } from '../loop/ir.ts';
import type { TilePlan } from './tilePlan.ts';

/** Variables of the loops that are nests: those of the root, and those inside of staged loops, in order. */
export function nestLoops(
  { body }: Pick<LoopProgram, 'body'>,
  staged: ReadonlySet<string>,
): readonly string[] {
  return body.flatMap((stmt) => {
    if (stmt.kind !== 'for') return [];
    return staged.has(stmt.variable) ? nestLoops(stmt, staged) : [stmt.variable];
  });
}

/** Whether a nest of `nestLoops` stands inside of a staged loop. */
export function isStage({ body }: LoopProgram, nest: string): boolean {
  return !body.some((stmt) => stmt.kind === 'for' && stmt.variable === nest);
}

/** A plan for a stage: its block is on one thread already. */
export function onOneThread(plan: TilePlan | undefined): TilePlan | undefined {
  return plan && { ...plan, request: { ...plan.request, parallel: 0 } };
}
