/** *Export Rewritten Model*: the graph as it is now as an `.onnx` file for other tools. */
import * as vscode from 'vscode';
import type { OpenModels } from '../openModels.ts';

export function registerExportCommands(models: OpenModels): vscode.Disposable {
  return vscode.commands.registerCommand('fusionStudio.exportModel', async () => {
    const document = models.current?.document;
    if (!document?.plan.state) return;
    if (document.uri.scheme !== 'file') {
      void vscode.window.showErrorMessage('Only models on this computer can be exported.');
      return;
    }
    const name = document.name.replace(/\.onnx$/i, '');
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(document.uri, '..', `${name}.rewritten.onnx`),
      filters: { ONNX: ['onnx'] },
      title: 'Export the rewritten model',
    });
    if (!target) return;
    try {
      const { refers, dataBytes } = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: `Exporting ${document.name}` },
        () =>
          document.plan.request('document/export', {
            original: document.uri.fsPath,
            path: target.fsPath,
          }),
      );
      const weights = refers
        ? ' Its weights stay in the files of the original: keep them beside it.'
        : dataBytes > 0
          ? ' Its weights are in the .data file beside it.'
          : '';
      void vscode.window.showInformationMessage(`The rewritten model is written.${weights}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(text);
    }
  });
}
