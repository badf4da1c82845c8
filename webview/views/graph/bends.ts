/**
 * Bend points as the canvas library wants them: relative to the straight line between the edge's two ends,
 * as weights along it (0 at the source, 1 at the target) and distances to its left.
 */

export interface RelativeBends {
  readonly weights: number[];
  readonly distances: number[];
}

/** `points`: pairs x, y. Ends that coincide have no direction; then there are no bends. */
export function relativeBends(
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  points: ArrayLike<number>,
): RelativeBends {
  const weights: number[] = [];
  const distances: number[] = [];
  const dx = toX - fromX;
  const dy = toY - fromY;
  const length = Math.hypot(dx, dy);
  if (length < 1e-6) return { weights, distances };
  for (let i = 0; i + 1 < points.length; i += 2) {
    const px = points[i]! - fromX;
    const py = points[i + 1]! - fromY;
    weights.push(round((px * dx + py * dy) / (length * length), 1e5));
    distances.push(round((py * dx - px * dy) / length, 10));
  }
  return { weights, distances };
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
