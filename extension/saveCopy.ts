/** `copyModel` on VS Code's file systems, with progress and a Cancel button. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import { RequestCancelled } from '../compiler/client/cancellation.ts';
import type { CancelToken } from '../compiler/client/cancellation.ts';
import { SIDECAR_SUFFIX } from '../compiler/sidecar/sidecar.ts';
import { copyModel } from './copyModel.ts';
import type { CopyPort } from './copyModel.ts';
import type { ModelDocument } from './modelDocument.ts';
import { fileName } from './modelFiles.ts';

/** @throws vscode.CancellationError when the user cancelled */
export async function saveCopy(
  document: ModelDocument,
  destination: vscode.Uri,
  outer: vscode.CancellationToken,
): Promise<void> {
  await document.ready;
  const externalFiles = document.plan.state
    ? await document.plan.request('document/externalFiles', {})
    : [];
  const sidecar = new TextEncoder().encode(await document.plan.settledText());
  const title = `Fusion Studio: copying ${document.name}`;
  const location = vscode.ProgressLocation.Notification;
  await vscode.window.withProgress(
    { location, title, cancellable: true },
    async (progress, token) => {
      const source = new vscode.CancellationTokenSource();
      const subscriptions = [outer, token].map((one) =>
        one.onCancellationRequested(() => source.cancel()),
      );
      try {
        await copyModel(vscodePort, {
          source: document.uri,
          destination,
          externalFiles,
          sidecarSuffix: SIDECAR_SUFFIX,
          sidecar,
          token: source.token,
          report: (fraction) => progress.report({ increment: fraction * 100 }),
        });
      } catch (error) {
        throw error instanceof RequestCancelled ? new vscode.CancellationError() : error;
      } finally {
        for (const subscription of subscriptions) subscription.dispose();
        source.dispose();
      }
    },
  );
}

const vscodePort: CopyPort<vscode.Uri> = {
  beside: (file, location) => vscode.Uri.joinPath(file, '..', ...location.split('/')),
  same: (a, b) => a.toString() === b.toString(),
  async size(file) {
    try {
      return (await vscode.workspace.fs.stat(file)).size;
    } catch {
      return undefined;
    }
  },
  async copy(from, to, token, copied) {
    if (from.scheme === 'file' && to.scheme === 'file') {
      return copyLocally(from.fsPath, to.fsPath, token, copied);
    }
    const content = await vscode.workspace.fs.readFile(from);
    await vscode.workspace.fs.writeFile(to, content);
    copied(content.length);
  },
  async write(to, content) {
    await vscode.workspace.fs.writeFile(to, content);
  },
  async rename(from, to) {
    await vscode.workspace.fs.rename(from, to, { overwrite: true });
  },
  async remove(file) {
    try {
      await vscode.workspace.fs.delete(file);
    } catch {
      // It was not made yet.
    }
  },
  withSuffix: (file, suffix) => file.with({ path: file.path + suffix }),
  async confirmReplace(files) {
    const names = files.slice(0, 10).map((file) => fileName(file));
    const more = files.length > names.length ? ` and ${files.length - names.length} more` : '';
    const answer = await vscode.window.showWarningMessage(
      `The model comes with weight files that exist in that folder already: ${names.join(', ')}${more}.`,
      { modal: true, detail: 'Other models may use them.' },
      'Replace',
    );
    return answer === 'Replace';
  },
};

/** Streams, so that size does not matter. */
async function copyLocally(
  from: string,
  to: string,
  token: CancelToken,
  copied: (bytes: number) => void,
): Promise<void> {
  const abort = new AbortController();
  const subscription = token.onCancellationRequested(() => abort.abort());
  if (token.isCancellationRequested) abort.abort();
  await mkdir(dirname(to), { recursive: true });
  try {
    const input = createReadStream(from, { highWaterMark: 1 << 20 });
    input.on('data', (chunk) => copied(chunk.length));
    await pipeline(input, createWriteStream(to), { signal: abort.signal });
  } catch (error) {
    throw token.isCancellationRequested ? new RequestCancelled() : error;
  } finally {
    subscription.dispose();
  }
}
