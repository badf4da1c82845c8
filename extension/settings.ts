/**
 * All settings, typed, in one place. Values come from files that anybody may have written, so each is
 * checked again here.
 */
import * as vscode from 'vscode';
import type { PlannerName } from '../compiler/fusion/plan.ts';
import { PLANNERS } from '../compiler/fusion/plan.ts';

export interface Settings {
  /** Planner of models without a saved plan. */
  readonly planner: PlannerName;
  /** Heap limit of the compiler process, megabytes. Scope machine: a workspace cannot exhaust memory. */
  readonly compilerHeapMb: number;
  /** How often the compiler process is started again on account of one model. */
  readonly compilerRestarts: number;
  /** The status bar item also when no model is open. */
  readonly showInStatusBar: boolean;
}

export const SECTION = 'fusionStudio';

export function readSettings(): Settings {
  const section = vscode.workspace.getConfiguration(SECTION);
  const planner = section.get<unknown>('planner');
  return {
    planner: PLANNERS.find((name) => name === planner) ?? 'dnnfusion',
    compilerHeapMb: wholeNumber(section.get('compiler.heapMb'), 256, 65_536, 2048),
    compilerRestarts: wholeNumber(section.get('compiler.restarts'), 0, 10, 2),
    showInStatusBar: section.get<unknown>('statusBar.visible') !== false,
  };
}

export function onDidChangeSettings(listener: (settings: Settings) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) listener(readSettings());
  });
}

function wholeNumber(value: unknown, least: number, most: number, otherwise: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}
