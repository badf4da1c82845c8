// Exact numbers of bytes from a stream of chunks.

export class ByteReader {
  private held: Buffer = Buffer.alloc(0);

  constructor(private readonly chunks: AsyncIterator<Buffer>) {}

  /** Undefined when the stream ends before. */
  async read(count: number): Promise<Buffer | undefined> {
    while (this.held.length < count) {
      const next = await this.chunks.next();
      if (next.done) return undefined;
      this.held = this.held.length === 0 ? next.value : Buffer.concat([this.held, next.value]);
    }
    const bytes = this.held.subarray(0, count);
    this.held = this.held.subarray(count);
    return bytes;
  }
}
