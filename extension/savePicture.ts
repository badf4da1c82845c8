/** The drawn graph as a file where the user wants it. */
import * as vscode from 'vscode';
import type { ModelDocument } from './modelDocument.ts';

/** Rejects when the file cannot be written. */
export async function savePicture(
  document: ModelDocument,
  extension: 'svg' | 'png',
  content: Uint8Array,
): Promise<'saved' | 'cancelled'> {
  const target = await vscode.window.showSaveDialog({
    defaultUri: document.uri.with({ path: `${document.uri.path}.${extension}` }),
    filters: extension === 'svg' ? { SVG: ['svg'] } : { PNG: ['png'] },
    title: 'Save the graph as a picture',
  });
  if (!target) return 'cancelled';
  await vscode.workspace.fs.writeFile(target, content);
  return 'saved';
}
