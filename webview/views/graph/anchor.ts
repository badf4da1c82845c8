/** What holds still on the screen from one picture to the next. Pure. */
import type { Scene } from '../../state/scene.ts';
import type { State } from '../../state/state.ts';
import type { Picture } from './elements.ts';
import { boxOf, overlaps } from './places.ts';
import { selectedOperator } from './selected.ts';
import type { Rectangle } from './spatialIndex.ts';

/**
 * What the event was about, else the selection if it is seen, else the middle: by a name that both pictures
 * know, or null.
 *
 * @param fresh the event's own anchor, when it was not used yet
 */
export function anchorKey(
  old: Picture,
  next: Scene,
  state: State,
  view: Rectangle,
  fresh: State['anchor'],
): string | null {
  const operator =
    fresh?.operator ?? selectedInView(old, next, state, view) ?? operatorInMiddle(old, view);
  if (operator === null) return null;
  const now = namesOf(next, operator);
  return namesOf(old.scene, operator).find((candidate) => now.includes(candidate)) ?? null;
}

function selectedInView(old: Picture, next: Scene, state: State, view: Rectangle): number | null {
  const operator = selectedOperator(next, state);
  const box = operator === null ? null : boxOf(old, { operator });
  return box && overlaps(box, view) ? operator : null;
}

/** An operator of the node nearest to the middle of the screen. */
function operatorInMiddle(
  { scene, layout }: Picture,
  { x1, y1, x2, y2 }: Rectangle,
): number | null {
  let best = -1;
  let least = Infinity;
  scene.nodes.forEach(({ block }, v) => {
    const distance = Math.hypot(layout.x[v]! - (x1 + x2) / 2, layout.y[v]! - (y1 + y2) / 2);
    if (block >= 0 && distance < least) [best, least] = [v, distance];
  });
  const operator = best < 0 ? -1 : scene.nodeOfOperator.indexOf(best);
  return operator < 0 ? null : operator;
}

/** Names under which an operator's place can be found again: its own, then its block's. */
function namesOf(scene: Scene, operator: number): string[] {
  const node = scene.nodes[scene.nodeOfOperator[operator] ?? -1];
  const group = node ? scene.groups[node.group] : undefined;
  return [node?.key, group?.nodeKey].filter((key) => key !== undefined);
}
