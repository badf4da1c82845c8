// A worker that does as it is told: what a request does stands in its parameters, as JSON in the path of
// the location (open) or in the block number's place (details). Really forked, really crashes.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import {
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
  createMessageConnection,
} from 'vscode-jsonrpc/node';

const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
/** doc -> edits */
const open = new Map();

async function obey({ log, crash, crashOnce, fail, hang, wait, memory, print } = {}, token) {
  if (log) appendFileSync(log, `${process.pid}\n`);
  if (print) console.log(print);
  if (crashOnce && !existsSync(crashOnce)) {
    writeFileSync(crashOnce, '');
    process.exit(3);
  }
  if (crash) throw process.exit(4);
  if (memory) {
    const hoard = [];
    for (;;) hoard.push(new Array(1000).fill(hoard.length));
  }
  // Deaf: no message is read any more.
  if (hang) for (;;);
  if (fail) return new ResponseError(1, fail, { code: 'model/truncated', node: 'n' });
  for (let waited = 0; waited < (wait ?? 0); waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (token.isCancellationRequested) return new ResponseError(-32800, 'Cancelled', null);
  }
  return undefined;
}

connection.onRequest('document/open', async ({ doc, location, edits }, token) => {
  const failure = await obey(JSON.parse(location.path), token);
  if (failure) return failure;
  open.set(doc, edits);
  void connection.sendNotification('worker/progress', { doc, stage: 'Reading' });
  return { doc, edits, pid: process.pid, columns: Float64Array.of(1, 2, 3) };
});
connection.onRequest('document/replan', async ({ doc, edits }) => {
  if (!open.has(doc)) return new ResponseError(-32603, `${doc} is not open`, null);
  open.set(doc, edits);
  return { planMs: 1 };
});
connection.onRequest('document/details', async ({ doc, target }, token) => {
  if (!open.has(doc)) return new ResponseError(-32603, `${doc} is not open`, null);
  return (await obey(target, token)) ?? { edits: open.get(doc), pid: process.pid };
});
connection.onRequest('document/close', ({ doc }) => {
  open.delete(doc);
  return null;
});
connection.onRequest('document/explain', () => [...open.keys()].join());
process.on('disconnect', () => process.exit(0));
connection.listen();
