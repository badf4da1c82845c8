// Growing lists of polyline points: one path under construction, and the bend points of all edges.

const close = 0.05;

/** Collects the points of paths, one after another, leaving out points on a straight vertical line. */
export class PathBuilder {
  points = new Float64Array(256);
  length = 0;
  private start = 0;

  /** Starts another path behind the earlier ones. */
  begin(): void {
    this.start = this.length;
  }

  /** Forgets all paths. */
  clear(): void {
    this.length = 0;
    this.start = 0;
  }

  add(x: number, y: number): void {
    const { points, start } = this;
    const n = this.length;
    if (n > start && same(points[n - 2]!, x) && same(points[n - 1]!, y)) return;
    // The last point goes if it only divides a vertical line.
    if (n - start >= 4 && same(points[n - 2]!, x) && same(points[n - 4]!, x)) this.length = n - 2;
    if (this.length + 2 > points.length) {
      this.points = new Float64Array(2 * points.length);
      this.points.set(points);
    }
    this.points[this.length++] = x;
    this.points[this.length++] = y;
  }

  finish(): Float64Array {
    return this.points.slice(0, this.length);
  }
}

/** The paths' points without their ends, as 32-bit floats. */
export class BendList {
  private points = new Float32Array(1024);
  length = 0;

  addInner({ points, length }: PathBuilder): void {
    while (this.length + length > this.points.length) {
      const larger = new Float32Array(2 * this.points.length);
      larger.set(this.points);
      this.points = larger;
    }
    for (let k = 2; k < length - 2; k++) this.points[this.length++] = points[k]!;
  }

  finish(): Float32Array {
    return this.points.slice(0, this.length);
  }
}

function same(a: number, b: number): boolean {
  return Math.abs(a - b) < close;
}
