/**
 * Generated kernels as read-only C documents, beside the graph or in the diff editor. Their text is asked of the
 * compiler whenever VS Code opens one.
 */
import * as vscode from 'vscode';
import type { PlannerName } from '../compiler/fusion/plan.ts';
import { PLANNERS } from '../compiler/fusion/plan.ts';
import type { DocumentState } from '../compiler/protocol.ts';
import type { OpenModels } from './openModels.ts';
import type { ModelDocument } from './modelDocument.ts';

const SCHEME = 'fusion-kernel';

/** What the query of a kernel's address says. `block`: a stable block id; without: all kernels of a plan. */
interface Wanted {
  readonly model: string;
  readonly block?: string;
  readonly planner?: PlannerName;
  /** Another text for the same address after a replan. */
  readonly plan?: number;
}

export class KernelDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private shown = 0;

  constructor(private readonly models: OpenModels) {
    this.disposables = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.commands.registerCommand('fusionStudio.compareKernels', () => this.compare()),
    ];
  }

  async show(document: ModelDocument, block: number): Promise<void> {
    const id = document.plan.state?.plan.blockIds[block];
    if (id === undefined) return;
    const name = `block ${block + 1}.c`;
    const uri = this.address(document, name, { block: id, plan: ++this.shown });
    await vscode.window.showTextDocument(uri, {
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
    });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const wanted = parse(uri);
    const document = wanted && this.models.find(wanted.model);
    const state = document?.plan.state;
    if (!wanted || !document || !state) return '/* The model is not open any more. */\n';
    const target = 'x86_64-avx2';
    if (wanted.block === undefined) {
      const edits = wanted.planner
        ? { ...state.edits, planner: wanted.planner, overrides: [] }
        : state.edits;
      return (await document.plan.request('document/kernel', { target, of: { edits } })).text;
    }
    const block = state.plan.blockIds.indexOf(wanted.block);
    if (block < 0) return '/* This block is not in the plan any more. */\n';
    return (await document.plan.request('document/kernel', { target, of: { block } })).text;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** All kernels of another planner's plan on the left, of the plan on screen on the right. */
  private async compare(): Promise<void> {
    const document = this.models.current?.document;
    const state = document?.plan.state;
    if (!document || !state) return;
    const planner = await pickOther(state);
    if (!planner) return;
    const plan = ++this.shown;
    const left = this.address(document, `${planner}.c`, { planner, plan });
    const right = this.address(document, 'plan.c', { plan });
    await vscode.commands.executeCommand(
      'vscode.diff',
      left,
      right,
      `${document.name}: kernels under ${planner} ↔ this plan`,
    );
  }

  private address(
    document: ModelDocument,
    name: string,
    wanted: Omit<Wanted, 'model'>,
  ): vscode.Uri {
    const query = JSON.stringify({ ...wanted, model: document.uri.toString() });
    return vscode.Uri.from({ scheme: SCHEME, path: `/${document.name}/${name}`, query });
  }
}

async function pickOther({ plan, edits }: DocumentState): Promise<PlannerName | undefined> {
  const items = PLANNERS.map((name) => ({
    label: name,
    description:
      name === plan.planner && edits.overrides.length > 0 ? 'without your overrides' : '',
    name,
  }));
  const placeHolder = 'Compare the kernels of this plan with those of';
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.name;
}

/** Anybody may open such an address: nothing in it is trusted. */
function parse(uri: vscode.Uri): Wanted | undefined {
  try {
    const { model, block, planner } = JSON.parse(uri.query) as Partial<Record<string, unknown>>;
    if (typeof model !== 'string') return undefined;
    const known = PLANNERS.find((name) => name === planner);
    return {
      model,
      ...(typeof block === 'string' ? { block } : {}),
      ...(known ? { planner: known } : {}),
    };
  } catch {
    return undefined;
  }
}
