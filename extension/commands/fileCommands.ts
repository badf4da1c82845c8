/** Commands about files: the plan's own file, other editors, the sample, the log. */
import * as vscode from 'vscode';
import type { EditorServices } from '../modelEditorProvider.ts';
import { VIEW_TYPE } from '../modelEditorProvider.ts';

const SAMPLE = 'text-direction.onnx';

export function registerFileCommands(services: EditorServices): vscode.Disposable {
  const { models, log } = services;
  const register = (name: string, run: () => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`fusionStudio.${name}`, run);
  return vscode.Disposable.from(
    register('openPlanFile', async () => {
      const document = models.current?.document;
      if (!document) return;
      try {
        await vscode.window.showTextDocument(document.planUri);
      } catch {
        void vscode.window.showInformationMessage(`The plan of ${document.name} is not saved yet.`);
      }
    }),
    register('reopenWith', () =>
      vscode.commands.executeCommand('workbench.action.reopenWithEditor'),
    ),
    register('openSample', () => openSample(services)),
    register('showLog', () => log.show()),
  );
}

/** A copy: plans are saved beside the model, and the extension's own folder is not for that. */
async function openSample({ extensionUri, storageUri }: EditorServices): Promise<void> {
  const from = vscode.Uri.joinPath(extensionUri, 'media', 'samples', SAMPLE);
  const to = vscode.Uri.joinPath(storageUri, 'samples', SAMPLE);
  try {
    await vscode.workspace.fs.stat(to);
  } catch {
    await vscode.workspace.fs.copy(from, to);
  }
  await vscode.commands.executeCommand('vscode.openWith', to, VIEW_TYPE);
}
