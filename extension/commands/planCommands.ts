/** Commands that change the plan as a whole, and those that walk through it. */
import * as vscode from 'vscode';
import type { PlannerName } from '../../compiler/fusion/plan.ts';
import { PLANNERS } from '../../compiler/fusion/plan.ts';
import type {
  DocumentState,
  EditRequest,
  Selection,
  SymbolSnapshot,
} from '../../compiler/protocol.ts';
import type { OpenModels } from '../openModels.ts';
import { PLANNER_NOTES } from '../plannerNotes.ts';
import { exportedPlan } from '../workbench/planText.ts';

export function registerPlanCommands(models: OpenModels): vscode.Disposable {
  const register = (name: string, run: () => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`fusionStudio.${name}`, run);
  const state = (): DocumentState | null => models.current?.document.plan.state ?? null;
  const edit = async (request: EditRequest): Promise<void> => {
    const result = await models.current?.document.plan.edit(request);
    if (result && !result.ok) void vscode.window.showWarningMessage(result.message);
  };
  return vscode.Disposable.from(
    register('replanAll', () => edit({ kind: 'replanAll' })),
    register('clearOverrides', () => edit({ kind: 'clearOverrides' })),
    register('choosePlanner', async () => {
      const shown = state();
      const planner = shown && (await pickPlanner(shown.plan.planner));
      models.giveKeyboardBack();
      if (planner && planner !== shown.plan.planner) await edit({ kind: 'planner', planner });
    }),
    register('bindDimensions', async () => {
      const binding = await askForBinding(state()?.graph.symbols ?? []);
      models.giveKeyboardBack();
      if (binding) await edit({ kind: 'bind', ...binding });
    }),
    register('nextBlock', () => step(models, 1)),
    register('previousBlock', () => step(models, -1)),
    register('exportPlan', async () => {
      const shown = state();
      if (!shown) return;
      const content = exportedPlan(shown);
      const document = await vscode.workspace.openTextDocument({ language: 'json', content });
      await vscode.window.showTextDocument(document);
    }),
  );
}

async function pickPlanner(current: PlannerName): Promise<PlannerName | undefined> {
  const items = PLANNERS.map((name) => ({
    label: name,
    description: name === current ? 'current' : '',
    detail: PLANNER_NOTES[name],
    name,
  }));
  const placeHolder = 'Planner of this model';
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.name;
}

async function askForBinding(
  symbols: readonly SymbolSnapshot[],
): Promise<{ symbol: string; size: number | null } | undefined> {
  if (symbols.length === 0) {
    void vscode.window.showInformationMessage('All sizes of this model are known.');
    return undefined;
  }
  const items = symbols.map(({ name, bound, fallback, origin }) => ({
    label: name,
    description: bound === null ? `unbound, planned with ${fallback}` : `${bound}`,
    detail: origin === 'data' ? 'depends on the data' : '',
    name,
    bound,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Dimension to bind' });
  if (!picked) return undefined;
  const text = await vscode.window.showInputBox({
    title: `Size of ${picked.name}`,
    prompt: 'A whole number of at least 1; empty leaves it open.',
    value: picked.bound === null ? '' : String(picked.bound),
    validateInput: (value) =>
      isSize(value) ? undefined : 'A whole number of at least 1, or empty',
  });
  if (text === undefined) return undefined;
  return { symbol: picked.name, size: text.trim() === '' ? null : Number(text) };
}

function isSize(text: string): boolean {
  return (
    text.trim() === '' || (/^\s*\d+\s*$/.test(text) && Number(text) >= 1 && Number(text) < 2 ** 31)
  );
}

/** Selects the block after or before the selected one, around the end. */
function step(models: OpenModels, by: 1 | -1): void {
  const panel = models.current;
  const state = panel?.document.plan.state;
  if (!panel || !state) return;
  const { blockIds } = state.plan;
  const from = selectedBlock(state, panel.selection);
  const start = from < 0 && by < 0 ? 0 : from;
  const id = blockIds[(start + by + blockIds.length) % blockIds.length];
  // The page answers with the selection, which the tree follows.
  if (id !== undefined) panel.select({ kind: 'block', id });
}

function selectedBlock({ graph, plan }: DocumentState, selection: Selection | null): number {
  if (!selection) return -1;
  if (selection.kind === 'block') return plan.blockIds.indexOf(selection.id);
  const id = selection.kind === 'operator' ? selection.id : selection.to;
  return plan.blockOf[graph.ids.indexOf(id)] ?? -1;
}
