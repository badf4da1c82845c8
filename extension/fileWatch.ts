/**
 * Tells when one of some files may have changed on disk, once per burst of events. Files outside the
 * workspace are watched too.
 */
import * as vscode from 'vscode';
import { fileName } from './modelFiles.ts';

const QUIET_MS = 250;

export function watchFiles(uris: readonly vscode.Uri[], changed: () => void): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const touched = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET_MS);
  };
  const disposables = uris.flatMap((uri) => {
    const folder = vscode.Uri.joinPath(uri, '..');
    const pattern = new vscode.RelativePattern(folder, escapeGlob(fileName(uri)));
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    return [
      watcher,
      watcher.onDidChange(touched),
      watcher.onDidCreate(touched),
      watcher.onDidDelete(touched),
    ];
  });
  return vscode.Disposable.from(...disposables, {
    dispose: () => clearTimeout(timer),
  });
}

/** File names may hold what a glob takes for wildcards. */
function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, (character) => `[${character}]`);
}
