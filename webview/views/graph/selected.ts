/** The selection as the picture knows it: an operator, and the node that shows it. Pure. */
import { resolveSelection } from '../../state/selectors.ts';
import type { Scene } from '../../state/scene.ts';
import type { State } from '../../state/state.ts';

/** An operator of what is selected (of an edge: where it starts), or null. */
export function selectedOperator(scene: Scene, state: State): number | null {
  const resolved = resolveSelection(state);
  if (!resolved) return null;
  if (resolved.kind === 'operator') return resolved.operator;
  if (resolved.kind === 'edge') return resolved.from;
  const operator = scene.plan.blockOf.indexOf(resolved.block);
  return operator < 0 ? null : operator;
}

/** The scene's node that shows the selection; -1 without one. */
export function selectedNode(scene: Scene, state: State): number {
  const operator = selectedOperator(scene, state);
  return operator === null ? -1 : (scene.nodeOfOperator[operator] ?? -1);
}
