/**
 * Which models are open, in which tabs, and which one the user is at. Trees, status bar, Problems and
 * commands look here instead of at the editors themselves.
 */
import * as vscode from 'vscode';
import type { Selection } from '../compiler/protocol.ts';
import type { ModelDocument } from './modelDocument.ts';
import type { ModelPanel } from './modelPanel.ts';

export class OpenModels implements vscode.Disposable {
  private readonly panels = new Set<ModelPanel>();
  private readonly known = new Set<ModelDocument>();
  private last: ModelPanel | undefined;
  private readonly currentChanged = new vscode.EventEmitter<ModelPanel | undefined>();
  private readonly documentChanged = new vscode.EventEmitter<ModelDocument>();
  private readonly documentClosed = new vscode.EventEmitter<ModelDocument>();
  private readonly selected = new vscode.EventEmitter<{
    readonly panel: ModelPanel;
    readonly selection: Selection | null;
  }>();
  /** Another tab is `current` or `active`. */
  readonly onDidChangeCurrent = this.currentChanged.event;
  /** Opened, planned anew, or failed. */
  readonly onDidChangeDocument = this.documentChanged.event;
  readonly onDidCloseDocument = this.documentClosed.event;
  readonly onDidSelect = this.selected.event;

  /** The tab that the user is in. */
  get active(): ModelPanel | undefined {
    return this.last?.panel.active ? this.last : undefined;
  }

  /** The tab that the user is in or was in last. */
  get current(): ModelPanel | undefined {
    return this.last;
  }

  get documents(): Iterable<ModelDocument> {
    return this.known;
  }

  /** After a question that the palette asked: the keyboard belongs back to the graph. */
  giveKeyboardBack(): void {
    this.active?.panel.reveal(undefined, false);
  }

  panelsOf(document: ModelDocument): ModelPanel[] {
    return [...this.panels].filter((panel) => panel.document === document);
  }

  /** By address, as text. */
  find(uri: string): ModelDocument | undefined {
    return [...this.known].find((document) => document.uri.toString() === uri);
  }

  add(panel: ModelPanel): void {
    this.panels.add(panel);
    this.addDocument(panel.document);
    const subscriptions = [
      panel.onDidSelect((selection) => this.selected.fire({ panel, selection })),
      panel.panel.onDidChangeViewState(() => this.look(panel)),
    ];
    panel.panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      this.panels.delete(panel);
      panel.dispose();
      if (this.last === panel) this.last = [...this.panels].at(-1);
      this.currentChanged.fire(this.last);
      if (this.panelsOf(panel.document).length === 0) this.forget(panel.document);
    });
    this.look(panel);
  }

  dispose(): void {
    for (const panel of this.panels) panel.dispose();
    this.currentChanged.dispose();
    this.documentChanged.dispose();
    this.documentClosed.dispose();
    this.selected.dispose();
  }

  private addDocument(document: ModelDocument): void {
    if (this.known.has(document)) return;
    this.known.add(document);
    // Ends with the document.
    document.plan.onDidChange(() => this.documentChanged.fire(document));
    document.onDidChangeRuns(() => this.documentChanged.fire(document));
  }

  private forget(document: ModelDocument): void {
    this.known.delete(document);
    this.documentClosed.fire(document);
  }

  private look(panel: ModelPanel): void {
    if (panel.panel.active) this.last = panel;
    this.last ??= panel;
    this.currentChanged.fire(this.last);
  }
}
