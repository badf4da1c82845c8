/** The host's half of the page's protocol against a page that speaks the other half. */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
} from 'vscode-jsonrpc/node';
import type { DataCallback, Message, MessageConnection } from 'vscode-jsonrpc/node';
import { afterEach, describe, expect, it } from 'vitest';
import { RequestCancelled } from '../../compiler/client/cancellation.ts';
import type { Selection } from '../../compiler/protocol.ts';
import { PageConnection } from '../../extension/pageConnection.ts';
import type { MessagePort, PageHandlers } from '../../extension/pageConnection.ts';

/** A webview: what one side posts, the other receives later, as a copy. */
class FakeWebview implements MessagePort {
  private toHost: ((message: unknown) => void) | undefined;
  toPage: (message: unknown) => void = () => undefined;

  onDidReceiveMessage(listener: (message: unknown) => void) {
    this.toHost = listener;
    return { dispose: () => (this.toHost = undefined) };
  }

  async postMessage(message: unknown): Promise<boolean> {
    const copy = structuredClone(message);
    setImmediate(() => this.toPage(copy));
    return true;
  }

  receive(message: unknown): void {
    this.toHost?.(structuredClone(message));
  }
}

class Reader extends AbstractMessageReader {
  callback: DataCallback | undefined;
  listen(callback: DataCallback) {
    this.callback = callback;
    return { dispose: () => (this.callback = undefined) };
  }
}

class Writer extends AbstractMessageWriter {
  constructor(private readonly webview: FakeWebview) {
    super();
  }
  async write(message: Message): Promise<void> {
    this.webview.receive(message);
  }
  end(): void {}
}

const pages: MessageConnection[] = [];
afterEach(() => pages.splice(0).forEach((page) => page.dispose()));

function startPage(webview: FakeWebview): MessageConnection {
  const reader = new Reader();
  webview.toPage = (message) => reader.callback?.(message as Message);
  const page = createMessageConnection(reader, new Writer(webview));
  page.listen();
  pages.push(page);
  return page;
}

function setUp(handlers: Partial<PageHandlers> = {}) {
  const webview = new FakeWebview();
  const selections: (Selection | null)[] = [];
  const log: string[] = [];
  const all = { 'page/ready': async () => 'hello', ...handlers } as unknown as PageHandlers;
  const connection = new PageConnection(
    webview,
    all,
    {
      'page/viewState': () => undefined,
      'page/selection': (selection) => selections.push(selection),
      'page/painted': () => undefined,
    },
    (line) => log.push(line),
  );
  return { webview, connection, selections, log };
}

describe('the connection to a page', () => {
  it('answers requests and passes on notifications, both ways', async () => {
    const { webview, connection, selections } = setUp({
      'page/explain': async ({ edge }) => `edge ${edge}`,
    });
    const page = startPage(webview);
    expect(await page.sendRequest('page/ready', null)).toBe('hello');
    expect(await page.sendRequest('page/explain', { edge: 7 })).toBe('edge 7');
    await page.sendNotification('page/selection', { kind: 'operator', id: 'x' });
    await expect.poll(() => selections).toEqual([{ kind: 'operator', id: 'x' }]);
    const seen: unknown[] = [];
    page.onNotification('host/command', (params) => void seen.push(params));
    connection.notify('host/command', { command: 'fuse' });
    await expect.poll(() => seen).toEqual([{ command: 'fuse' }]);
  });

  it('settles a failing request with the message, and logs it', async () => {
    const { webview, log } = setUp({
      'page/explain': async () => {
        throw new Error('no such edge');
      },
      'page/whatIf': async () => {
        throw new RequestCancelled();
      },
    });
    const page = startPage(webview);
    await page.sendRequest('page/ready', null);
    await expect(page.sendRequest('page/explain', { edge: 1 })).rejects.toThrow('no such edge');
    await expect(page.sendRequest('page/whatIf', { a: 1, b: 2 })).rejects.toThrow('Cancelled');
    expect(log).toHaveLength(1);
  });

  it('does not give a new page the answers of the old one', async () => {
    let answer: (text: string) => void = () => undefined;
    const { webview } = setUp({
      'page/explain': () => new Promise((resolve) => (answer = resolve)),
    });
    const old = startPage(webview);
    await old.sendRequest('page/ready', null);
    old.sendRequest('page/explain', { edge: 1 }).catch(() => undefined);
    await expect.poll(() => answer.length).toBe(1);

    const page = startPage(webview);
    await page.sendRequest('page/ready', null);
    const answerOld = answer;
    // The same number as the old page's request.
    const question = page.sendRequest('page/explain', { edge: 2 });
    await expect.poll(() => answer !== answerOld).toBe(true);
    answerOld('for the old page');
    answer('for the new page');
    expect(await question).toBe('for the new page');
  });

  it('ignores what is no message of the protocol', async () => {
    const { webview, log } = setUp();
    for (const message of [null, 1, 'text', {}, { jsonrpc: '2.0' }, { method: 'page/edit' }]) {
      webview.receive(message);
    }
    const page = startPage(webview);
    expect(await page.sendRequest('page/ready', null)).toBe('hello');
    expect(log).toEqual([]);
  });
});
