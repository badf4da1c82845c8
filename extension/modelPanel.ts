/**
 * One editor tab: a webview on a document. Its page may come and go (hidden tabs have none) and is told
 * everything again whenever it says that it is ready.
 */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type {
  DocumentState,
  GraphSnapshot,
  HostNotifications,
  PageInit,
  Selection,
  ViewState,
} from '../compiler/protocol.ts';
import type { CompilerService } from './compilerService.ts';
import type { Log } from './log.ts';
import type { KernelDocuments } from './kernelDocuments.ts';
import type { RunService } from './runService.ts';
import type { TargetService } from './targetService.ts';
import type { ModelDocument } from './modelDocument.ts';
import { PageConnection } from './pageConnection.ts';
import type { PageHandlers } from './pageConnection.ts';
import { savePicture } from './savePicture.ts';
import type { ViewStates } from './viewStates.ts';
import { pageFolder, webviewHtml } from './webviewHtml.ts';

export interface ModelPanelOptions {
  readonly document: ModelDocument;
  readonly panel: vscode.WebviewPanel;
  readonly extensionUri: vscode.Uri;
  readonly compiler: CompilerService;
  readonly viewStates: ViewStates;
  readonly log: Log;
  readonly runner: RunService;
  readonly targets: TargetService;
  readonly kernels: KernelDocuments;
  /** A button of the error page. */
  readonly act: (panel: ModelPanel, action: string) => Promise<void>;
}

/** Stamps of this life of the extension. A state is never changed, only replaced. */
const stamps = new WeakMap<DocumentState, string>();
const life = randomUUID();
let stamped = 0;

function stampOf(state: DocumentState): string {
  let stamp = stamps.get(state);
  if (stamp === undefined) stamps.set(state, (stamp = `${life}/${stamped++}`));
  return stamp;
}

export class ModelPanel implements vscode.Disposable {
  readonly document: ModelDocument;
  readonly panel: vscode.WebviewPanel;
  private readonly selections = new vscode.EventEmitter<Selection | null>();
  /** The user selected something in the graph. */
  readonly onDidSelect = this.selections.event;
  private readonly connection: PageConnection;
  private readonly disposables: vscode.Disposable[] = [];
  private viewState: ViewState | null;
  private current: Selection | null;
  /** The graph that the page has. */
  private shown: GraphSnapshot | undefined;

  constructor(private readonly options: ModelPanelOptions) {
    const { document, panel, extensionUri, compiler, viewStates, log } = options;
    this.document = document;
    this.panel = panel;
    this.viewState = viewStates.get(document.uri);
    this.current = this.viewState?.selection ?? null;
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [pageFolder(extensionUri)] };
    this.connection = new PageConnection(
      webview,
      this.handlers(),
      {
        'page/viewState': (state) => {
          this.viewState = state;
          viewStates.set(document.uri, state);
        },
        'page/selection': (selection) => {
          this.current = selection;
          this.selections.fire(selection);
        },
        'page/painted': ({ ms, began, asked, had }) => {
          const [at, ...stages] = [ms, began, asked, had].map((time) => time.toFixed(0));
          log.info(`painted ${document.name} after ${at} ms (${stages.join(', ')})`);
        },
      },
      (line) => log.warn(line),
    );
    this.disposables.push(
      this.connection,
      this.selections,
      document.plan.onDidChange(() => this.update()),
      document.onDidChangeRuns(() => this.updateRuns()),
      compiler.onProgress(({ doc, stage }) => {
        if (doc !== document.key) return;
        this.connection.notify('host/progress', stage === null ? null : { message: stage });
      }),
    );
    webview.html = webviewHtml(webview, extensionUri, document.name);
  }

  get selection(): Selection | null {
    return this.current;
  }

  /** Shows something that was selected elsewhere. */
  select(selection: Selection): void {
    this.current = selection;
    this.connection.notify('host/select', selection);
  }

  notify<Name extends keyof HostNotifications>(name: Name, params: HostNotifications[Name]): void {
    this.connection.notify(name, params);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private handlers(): PageHandlers {
    const { plan, runs } = this.document;
    const { runner, kernels, targets } = this.options;
    return {
      'page/ready': async ({ kept }) => {
        await this.document.ready;
        queueMicrotask(() => this.updateRuns());
        return this.init(kept);
      },
      'page/edit': (request) => plan.edit(request),
      'page/details': ({ target }) => plan.request('document/details', { target }),
      'page/explain': ({ edge }) => plan.request('document/explain', { edge }),
      'page/whatIf': ({ a, b }) => plan.request('document/whatIf', { a, b }),
      'page/planners': () => plan.request('document/planners', {}),
      'page/variant': (variant) => plan.request('document/variant', { variant }),
      'page/measurePlanners': async () => runner.measurePlanners(this.document),
      'page/rewrite': ({ id }) => plan.request('document/rewrite', { id }),
      'page/weightStatistics': ({ constant }) =>
        plan.request('document/weightStatistics', { constant }),
      'page/undo': () => this.workbench('undo'),
      'page/redo': () => this.workbench('redo'),
      'page/save': async () => {
        await this.workbench('workbench.action.files.save');
        return { ok: true };
      },
      'page/saveFile': ({ extension, content }) => savePicture(this.document, extension, content),
      'page/run': async ({ verify }) => runner.start(this.document, verify),
      'page/cancelRun': async () => {
        runs.cancel();
        return null;
      },
      'page/chooseTarget': async () => {
        await targets.choose();
        return null;
      },
      'page/setTarget': ({ target }) => targets.set(target),
      'page/showRun': async ({ run }) => {
        runs.show(run);
        return null;
      },
      'page/showKernel': async ({ block }) => {
        await kernels.show(this.document, block);
        return null;
      },
      'page/action': async ({ id }) => {
        await this.options.act(this, id);
        return null;
      },
    };
  }

  private init(kept: string | null): PageInit {
    const { state, error } = this.document.plan;
    this.shown = state?.graph;
    const stamp = state ? stampOf(state) : undefined;
    return {
      document: stamp !== undefined && stamp === kept ? 'kept' : state,
      ...(stamp === undefined ? {} : { stamp }),
      error,
      viewState: this.viewState,
      capabilities: { ownUndo: false, trusted: vscode.workspace.isTrusted },
    };
  }

  private update(): void {
    const { state, error } = this.document.plan;
    if (state) {
      const document = this.withoutKnownGraph(state);
      this.connection.notify('host/document', { document, stamp: stampOf(state) });
    }
    if (!state && error) this.connection.notify('host/error', error);
    this.shown = state?.graph;
    // Blocks changed: times belong to those that did not.
    this.updateRuns();
    this.connection.notify('host/progress', null);
  }

  private updateRuns(): void {
    const { state } = this.document.plan;
    if (state) this.connection.notify('host/runs', this.document.runs.state(state));
  }

  private withoutKnownGraph(state: DocumentState): HostNotifications['host/document']['document'] {
    if (state.graph !== this.shown) return state;
    const { graph: _, ...rest } = state;
    return rest;
  }

  private async workbench(command: string): Promise<null> {
    await vscode.commands.executeCommand(command);
    return null;
  }
}
