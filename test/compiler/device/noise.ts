/** Random text that looks a little like what is expected, for parsers of what devices say. */

export class Rng {
  constructor(private state: number) {}

  below(end: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * end);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Printable and other characters, quotes and line ends among them. */
  text(most: number): string {
    const special = '\n\r\t \'"$`\\;|&<>*?[]{}()!#~\u0000\u001b\u202eé漢😀';
    const characters = [...special];
    return Array.from({ length: this.below(most + 1) }, () =>
      this.below(3) === 0 ? this.pick(characters) : String.fromCharCode(32 + this.below(95)),
    ).join('');
  }

  /** Pieces of the samples in any order, cut, doubled and with noise between them. */
  mangled(samples: readonly string[]): string {
    return Array.from({ length: 1 + this.below(8) }, () => {
      const sample = this.pick(samples);
      const start = this.below(sample.length + 1);
      const part = sample.slice(start, start + this.below(sample.length - start + 1));
      return this.below(3) === 0 ? `${part}${this.text(20)}` : part;
    }).join(this.pick(['', '\n', ' ']));
  }
}
