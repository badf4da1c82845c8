/** Where a connection's messages come from and go to. Two implementations: VS Code's and the studio's. */
import { AbstractMessageReader, AbstractMessageWriter } from 'vscode-jsonrpc/browser';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc/browser';

export interface Transport {
  readonly reader: CallbackReader;
  readonly writer: CallbackWriter;
  close(): void;
}

/** A reader that is handed whole messages. */
export class CallbackReader extends AbstractMessageReader {
  private callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return {
      dispose: () => {
        this.callback = undefined;
      },
    };
  }

  deliver(message: Message): void {
    this.callback?.(message);
  }

  fail(error: Error): void {
    this.fireError(error);
  }

  /** The other side is gone: the connection rejects what is still open. */
  end(): void {
    this.fireClose();
  }
}

/** A writer that hands whole messages on, one after the other. */
export class CallbackWriter extends AbstractMessageWriter {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly send: (message: Message) => void | Promise<void>) {
    super();
  }

  write(message: Message): Promise<void> {
    const sent = this.last.then(() => this.send(message));
    this.last = sent.catch((error: unknown) => this.fireError(error, message));
    return sent;
  }

  end(): void {}
}
