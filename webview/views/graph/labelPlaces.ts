/**
 * Where the labels of edges go: the middle of the line, or the free place along it that is nearest to the
 * middle. A label that would lie under a box everywhere is kept for a closer look. Pure.
 */

/** A box by its middle. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface LabelledLine {
  readonly label: string;
  /** Pairs x, y from the source's border over the bends to the target's. */
  readonly points: readonly number[];
}

/** Offset from the middle where the canvas library puts a label; null when no place is free. */
export type LabelOffset = { readonly dx: number; readonly dy: number } | null;

/** Of the label's font (9.5 px), generous: fonts differ between systems. */
const CHARACTER = 6.6;
const PADDING = 6;
const HEIGHT = 16;
/** Distance of places that are tried, and how many. */
const STEP = 8;
const TRIES = 48;
/** Boxes are listed per horizontal band of this height. */
const BAND = 64;

/** Places labels one after the other, clear of boxes and of the labels before. */
export class LabelPlaces {
  private readonly bands = new Map<number, Box[]>();

  constructor(boxes: Iterable<Box>) {
    for (const box of boxes) this.occupy(box);
  }

  place({ label, points }: LabelledLine): LabelOffset {
    const size = { w: label.length * CHARACTER + PADDING, h: HEIGHT };
    const middle = middleOf(points);
    // Nearly always free: nothing else is computed then.
    if (this.take({ x: middle[0], y: middle[1], ...size })) return { dx: 0, dy: 0 };
    for (const [x, y] of placesAlong(points, middle)) {
      if (!this.take({ x, y, ...size })) continue;
      return { dx: Math.round(x - middle[0]), dy: Math.round(y - middle[1]) };
    }
    return null;
  }

  private take(box: Box): boolean {
    if (!this.free(box)) return false;
    this.occupy(box);
    return true;
  }

  private free(box: Box): boolean {
    for (let band = first(box); band <= last(box); band++) {
      for (const other of this.bands.get(band) ?? []) if (touches(box, other)) return false;
    }
    return true;
  }

  private occupy(box: Box): void {
    for (let band = first(box); band <= last(box); band++) {
      const list = this.bands.get(band);
      if (list) list.push(box);
      else this.bands.set(band, [box]);
    }
  }
}

/** As the canvas library has it: of the middle piece between bends, or the middle bend. */
function middleOf(points: readonly number[]): [number, number] {
  const count = points.length / 2;
  const a = 2 * Math.floor((count - 1) / 2);
  const b = 2 * Math.ceil((count - 1) / 2);
  return [(points[a]! + points[b]!) / 2, (points[a + 1]! + points[b + 1]!) / 2];
}

/** Points of the line, the nearest to its middle first. */
function placesAlong(points: readonly number[], middle: [number, number]): [number, number][] {
  const places: [number, number][] = [];
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [ax, ay, bx, by] = [points[i]!, points[i + 1]!, points[i + 2]!, points[i + 3]!];
    const length = Math.hypot(bx - ax, by - ay);
    // Very long pieces: what is beyond the tries is not looked at anyway.
    const steps = Math.min(4 * TRIES, Math.max(1, Math.ceil(length / STEP)));
    for (let step = 0; step <= steps; step++) {
      places.push([ax + ((bx - ax) * step) / steps, ay + ((by - ay) * step) / steps]);
    }
  }
  const away = ([x, y]: [number, number]): number => Math.hypot(x - middle[0], y - middle[1]);
  places.sort((a, b) => away(a) - away(b));
  return places.slice(0, TRIES);
}

function touches(a: Box, b: Box): boolean {
  return 2 * Math.abs(a.x - b.x) < a.w + b.w && 2 * Math.abs(a.y - b.y) < a.h + b.h;
}

function first({ y, h }: Box): number {
  return Math.floor((y - h / 2) / BAND);
}

function last({ y, h }: Box): number {
  return Math.floor((y + h / 2) / BAND);
}
