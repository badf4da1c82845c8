/**
 * One open model as VS Code counts documents: its URI, its plan, and the watchers on its files. All editors
 * of the same model share it; it lives until the last one is closed.
 */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { RunBook } from '../compiler/client/runBook.ts';
import { NO_EDITS } from '../compiler/fusion/plan.ts';
import type { ModelLocation } from '../compiler/protocol.ts';
import type { CompilerService } from './compilerService.ts';
import { PlanDocument } from './document/planDocument.ts';
import type { ModelFile } from './document/ports.ts';
import { PlanStore } from './document/planStore.ts';
import { watchFiles } from './fileWatch.ts';
import {
  fileName,
  modelFile,
  planPlaces,
  readOnlyReason,
  sidecarUri,
  storedSidecarUri,
} from './modelFiles.ts';
import { readSettings } from './settings.ts';

export class ModelDocument implements vscode.CustomDocument {
  /** The worker's name for it. */
  readonly key = randomUUID();
  readonly plan: PlanDocument;
  readonly store: PlanStore;
  /** What was measured while it was open. */
  readonly runs = new RunBook(() => this.runsChanged.fire());
  private readonly runsChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeRuns = this.runsChanged.event;
  /** Settles when the model was opened or its failure is known. */
  readonly ready: Promise<void>;
  /** The user said Overwrite: the next save does not look at what is on disk. */
  overwriteNext = false;
  private readonly file: ModelFile;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    readonly uri: vscode.Uri,
    private readonly storage: vscode.Uri,
    compiler: CompilerService,
    backup: Uint8Array | undefined,
  ) {
    const readOnly = readOnlyReason(uri);
    this.file = modelFile(uri);
    this.store = new PlanStore(planPlaces(uri, storage));
    this.plan = new PlanDocument({
      doc: this.key,
      model: this.file,
      store: this.store,
      worker: compiler,
      defaults: () => ({ ...NO_EDITS, planner: readSettings().planner }),
      readOnly,
    });
    this.ready = this.plan.open(backup);
    // Revisions do not change.
    if (readOnly === null) {
      const files = [uri, sidecarUri(uri)];
      this.disposables.push(watchFiles(files, () => void this.plan.checkDisk()));
    }
  }

  get name(): string {
    return fileName(this.uri);
  }

  /** The plan's file, whether it exists or not. */
  get planUri(): vscode.Uri {
    return this.store.isStoredApart
      ? storedSidecarUri(this.storage, this.uri)
      : sidecarUri(this.uri);
  }

  /** Where other processes find it, or its content. */
  locate(): Promise<ModelLocation> {
    return this.file.locate();
  }

  dispose(): void {
    this.runs.cancel();
    this.runsChanged.dispose();
    for (const disposable of this.disposables) disposable.dispose();
    this.plan.dispose();
  }
}
