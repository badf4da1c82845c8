/**
 * The status bar item: the current model's counts and planner; a click chooses another planner. It is there
 * from the start, with a neutral text, so that one can see that the extension is at work.
 */
import * as vscode from 'vscode';
import type { OpenModels } from '../openModels.ts';
import { onDidChangeSettings, readSettings } from '../settings.ts';
import { counted, formatMs } from './planText.ts';

export function registerStatusBar(models: OpenModels): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(
    'fusionStudio.status',
    vscode.StatusBarAlignment.Right,
    100,
  );
  item.name = 'Fusion Studio';
  const update = (): void => {
    const { text, tooltip, command } = describe(models);
    item.text = text;
    item.tooltip = tooltip;
    item.command = command;
    item.accessibilityInformation = { label: `${text.replace(/\$\([\w-]+\) ?/g, '')}. ${tooltip}` };
    if (readSettings().showInStatusBar) item.show();
    else item.hide();
  };
  update();
  return vscode.Disposable.from(
    item,
    models.onDidChangeCurrent(update),
    models.onDidChangeDocument(update),
    models.onDidCloseDocument(update),
    onDidChangeSettings(update),
  );
}

function describe(models: OpenModels): { text: string; tooltip: string; command: string } {
  const idle = {
    text: '$(type-hierarchy) Fusion Studio',
    tooltip: 'Open an .onnx model to see its fusion plan.',
    command: 'fusionStudio.showLog',
  };
  const document = models.active?.document;
  if (!document) return idle;
  const { state, error } = document.plan;
  if (error) return { ...idle, text: '$(error) Fusion Studio', tooltip: error.message };
  if (!state) return { ...idle, text: '$(sync~spin) Fusion Studio', tooltip: 'Opening…' };
  const { blocks, operators } = state.plan.summary;
  const notes = [
    `${document.name}: ${counted(operators, 'operator')} in ${counted(blocks, 'fusion block')}.`,
    state.readOnly ? `Read-only: ${state.readOnly}.` : 'Click to choose a planner.',
    document.store.isStoredApart && !state.readOnly
      ? "The model's folder cannot be written: the plan is kept in the extension's storage."
      : '',
  ];
  const icon = state.readOnly ? '$(lock)' : '$(type-hierarchy)';
  const { running, shown, target } = document.runs.state(state);
  if (target.obstacle !== undefined) notes.push(`${target.label}: ${target.obstacle}`);
  if (running) return { ...idle, text: `$(sync~spin) Fusion Studio: ${running.stage}` };
  const time = shown ? `, ${formatMs(shown.latencyMs.median)}` : '';
  return {
    text: `${icon} Fusion Studio: ${blocks} blocks / ${operators} operators, ${state.plan.planner}${time}${target.obstacle === undefined ? '' : ' $(debug-disconnect)'}`,
    tooltip: notes.filter(Boolean).join('\n'),
    command: 'fusionStudio.choosePlanner',
  };
}
