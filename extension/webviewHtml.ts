/**
 * The page in a VS Code webview: which files it may load and from where. The HTML itself is the same as in
 * the studio.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from '../compiler/serve/pageHtml.ts';

/** Folder of the built page, the only one that a webview may read. */
export function pageFolder(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist');
}

export function webviewHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  title: string,
): string {
  const uriOf = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(pageFolder(extensionUri), name)).toString();
  return pageHtml({
    scriptUri: uriOf('webview.js'),
    styleUri: uriOf('webview.css'),
    layoutWorkerUri: uriOf('layoutWorker.js'),
    nonce: randomBytes(18).toString('base64'),
    cspSource: webview.cspSource,
    connectSrc: webview.cspSource,
    host: 'vscode',
    title,
  });
}
