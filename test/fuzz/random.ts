// A small deterministic random generator: the same seed gives the same case on every machine.
export class Random {
  private state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring streams.
    this.state = Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995;
    for (let i = 0; i < 4; i++) this.bits();
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor((this.bits() / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  private bits(): number {
    // xorshift32 with a multiplication at the end.
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return Math.imul(this.state, 0x2c1b3c6d) >>> 0;
  }
}
