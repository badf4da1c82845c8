/**
 * The custom editor of `*.onnx`: tells VS Code about edits, saves, reverts and backs up. What these mean is in
 * `document/`; questions to the user about files that changed underneath are asked here.
 */
import * as vscode from 'vscode';
import type { CompilerService } from './compilerService.ts';
import type { Conflict } from './document/ports.ts';
import { PlanConflict } from './document/planStore.ts';
import type { KernelDocuments } from './kernelDocuments.ts';
import { openedLine } from './log.ts';
import type { Log } from './log.ts';
import { ModelDocument } from './modelDocument.ts';
import { ModelPanel } from './modelPanel.ts';
import type { OpenModels } from './openModels.ts';
import type { TargetService } from './targetService.ts';
import type { RunService } from './runService.ts';
import { saveCopy } from './saveCopy.ts';
import type { ViewStates } from './viewStates.ts';

export const VIEW_TYPE = 'fusionStudio.model';

export interface EditorServices {
  readonly extensionUri: vscode.Uri;
  readonly storageUri: vscode.Uri;
  readonly compiler: CompilerService;
  readonly models: OpenModels;
  readonly viewStates: ViewStates;
  readonly log: Log;
  readonly runner: RunService;
  readonly targets: TargetService;
  readonly kernels: KernelDocuments;
}

export function registerModelEditor(services: EditorServices): vscode.Disposable {
  const provider = new ModelEditorProvider(services);
  return vscode.Disposable.from(
    provider,
    vscode.window.registerCustomEditorProvider(VIEW_TYPE, provider, {
      supportsMultipleEditorsPerDocument: true,
      // Hidden pages are given up; the view state brings them back.
      webviewOptions: { retainContextWhenHidden: false },
    }),
  );
}

class ModelEditorProvider implements vscode.CustomEditorProvider<ModelDocument>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<
    vscode.CustomDocumentEditEvent<ModelDocument>
  >();
  readonly onDidChangeCustomDocument = this.changes.event;
  /** Documents with a question on screen: one at a time. */
  private readonly asking = new Set<ModelDocument>();

  constructor(private readonly services: EditorServices) {}

  async openCustomDocument(
    uri: vscode.Uri,
    { backupId }: vscode.CustomDocumentOpenContext,
  ): Promise<ModelDocument> {
    const { storageUri, compiler, log } = this.services;
    const backup = backupId ? await this.readBackup(backupId) : undefined;
    // Not awaited: the page boots while the model is read.
    const document = new ModelDocument(uri, storageUri, compiler, backup);
    document.plan.onDidEdit(({ label, before, after, warning }) => {
      this.changes.fire({
        document,
        label,
        // Not awaited: VS Code drops a key, with a warning, while the step before it has not ended.
        undo: () => void document.plan.restore(before),
        redo: () => void document.plan.restore(after),
      });
      if (warning !== undefined) void vscode.window.showWarningMessage(warning);
    });
    document.plan.onConflict((conflict) => void this.askAboutConflict(document, conflict));
    void document.ready.then(() => {
      const { state, error } = document.plan;
      if (state) log.info(openedLine(state));
      else if (error) log.warn(`${document.name}: ${error.message}`);
      return this.askAboutLock(document);
    });
    return document;
  }

  resolveCustomEditor(document: ModelDocument, panel: vscode.WebviewPanel): void {
    const { models, ...services } = this.services;
    models.add(
      new ModelPanel({
        ...services,
        document,
        panel,
        act: (_, action) => this.act(document, action),
      }),
    );
  }

  async saveCustomDocument(document: ModelDocument): Promise<void> {
    const overwrite = document.overwriteNext;
    document.overwriteNext = false;
    try {
      await document.plan.save(overwrite);
      this.services.log.info(`saved ${document.planUri.toString()}`);
    } catch (error) {
      if (error instanceof PlanConflict) void this.askAboutConflict(document, 'plan');
      throw error;
    }
  }

  async saveCustomDocumentAs(
    document: ModelDocument,
    destination: vscode.Uri,
    token: vscode.CancellationToken,
  ): Promise<void> {
    if (destination.toString() === document.uri.toString()) return document.plan.save();
    await saveCopy(document, destination, token);
    this.services.log.info(`copied ${document.uri.toString()} to ${destination.toString()}`);
  }

  revertCustomDocument(document: ModelDocument): Promise<void> {
    return document.plan.revert();
  }

  async backupCustomDocument(
    document: ModelDocument,
    { destination }: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    await vscode.workspace.fs.writeFile(
      destination,
      new TextEncoder().encode(await document.plan.settledText()),
    );
    return {
      id: destination.toString(),
      delete: () => {
        vscode.workspace.fs.delete(destination).then(undefined, () => undefined);
      },
    };
  }

  dispose(): void {
    this.changes.dispose();
  }

  private async readBackup(id: string): Promise<Uint8Array | undefined> {
    try {
      return await vscode.workspace.fs.readFile(vscode.Uri.parse(id, true));
    } catch (error) {
      this.services.log.error(`the backup ${id} cannot be read: ${String(error)}`);
      return undefined;
    }
  }

  /** A warning that does not block: Overwrite or Revert, no silent merge. */
  private async askAboutConflict(document: ModelDocument, conflict: Conflict): Promise<void> {
    if (this.asking.has(document)) return;
    this.asking.add(document);
    try {
      const what = conflict === 'model' ? 'The model' : 'The saved plan of';
      const answer = await vscode.window.showWarningMessage(
        `${what} ${document.name} was changed on disk while your plan has unsaved changes.`,
        'Overwrite',
        'Revert',
      );
      if (answer === 'Overwrite') await this.overwrite(document, conflict);
      if (answer === 'Revert') await this.inEditor(document, 'workbench.action.files.revert');
    } finally {
      this.asking.delete(document);
    }
  }

  private async overwrite(document: ModelDocument, conflict: Conflict): Promise<void> {
    // The model is never written: its new content is opened under the edits as they are.
    if (conflict === 'model') return document.plan.overwrite('model');
    document.overwriteNext = true;
    try {
      await this.inEditor(document, 'workbench.action.files.save');
    } finally {
      document.overwriteNext = false;
    }
  }

  /** VS Code's save and revert work on the active editor only. */
  private async inEditor(document: ModelDocument, command: string): Promise<void> {
    this.services.models.panelsOf(document)[0]?.panel.reveal();
    await vscode.commands.executeCommand(command);
  }

  /** The plan's file cannot be understood: the document is read-only until the user decides. */
  private async askAboutLock(document: ModelDocument): Promise<void> {
    const { locked } = document.store;
    if (!locked) return;
    const canReplace = locked.code === 'sidecar/malformed';
    const answer = await vscode.window.showErrorMessage(
      `${document.name}: ${locked.message}`,
      'Open File',
      ...(canReplace ? ['Start Fresh'] : []),
    );
    if (answer === 'Open File') await vscode.window.showTextDocument(document.planUri);
    if (answer === 'Start Fresh') {
      const kept = await document.plan.startFresh();
      void vscode.window.showInformationMessage(`The old plan is kept as ${kept}.`);
    }
  }

  private async act(document: ModelDocument, action: string): Promise<void> {
    if (action === 'retry') await document.plan.retry();
    if (action === 'openWith') {
      await vscode.commands.executeCommand('workbench.action.reopenWithEditor');
    }
  }
}
