// One stream of a connection, as the device sees it: bytes both ways, one message in flight each way. What arrives is
// acknowledged when the service takes it, so that a slow service slows its sender down.
import type { Command } from './adbMessage.ts';

export type SendMessage = (command: Command, arg0: number, arg1: number, data?: Uint8Array) => void;

export class AdbStream {
  private readonly incoming: Buffer[] = [];
  private wakeReader: (() => void) | undefined;
  private wakeWriter: (() => void) | undefined;
  private readonly closers: (() => void)[] = [];
  private lastWrite: Promise<void> = Promise.resolve();
  /** No more comes in and nothing goes out. */
  closed = false;

  constructor(
    private readonly local: number,
    private readonly remote: number,
    private readonly maxPayload: number,
    private readonly send: SendMessage,
  ) {}

  /** The service exists. Before this, closing means that it does not. */
  accept(): void {
    this.send('OKAY', this.local, this.remote);
  }

  /** Chunks as they arrive; the other side may send the next one once a chunk has been taken. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.incoming.shift();
      if (chunk) {
        if (!this.closed) this.send('OKAY', this.local, this.remote);
        yield chunk;
      } else if (this.closed) return;
      else await new Promise<void>((wake) => (this.wakeReader = wake));
    }
  }

  /** In the order of the calls; resolves when everything was acknowledged, and also when nobody will. */
  write(data: Uint8Array): Promise<void> {
    this.lastWrite = this.lastWrite.then(() => this.writeNow(data));
    return this.lastWrite;
  }

  private async writeNow(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length && !this.closed; at += this.maxPayload) {
      this.send('WRTE', this.local, this.remote, data.subarray(at, at + this.maxPayload));
      await new Promise<void>((wake) => (this.wakeWriter = wake));
    }
  }

  onClose(closer: () => void): void {
    if (this.closed) closer();
    else this.closers.push(closer);
  }

  /** From this side, after what was written before. */
  async close(): Promise<void> {
    await this.lastWrite;
    if (this.closed) return;
    this.send('CLSE', this.local, this.remote);
    this.ended();
  }

  /** A message of the other side. */
  received(payload: Buffer): void {
    this.incoming.push(payload);
    this.wakeReader?.();
  }

  acknowledged(): void {
    this.wakeWriter?.();
  }

  /** The other side closed it, or the connection is gone. */
  ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.wakeReader?.();
    this.wakeWriter?.();
    for (const closer of this.closers) closer();
  }
}
