/**
 * All settings, typed, in one place. Values come from files that anybody may have written, so each is
 * checked again here.
 */
import * as vscode from 'vscode';
import type { PlannerName } from '../compiler/fusion/plan.ts';
import { PLANNERS } from '../compiler/fusion/plan.ts';
import type { RunTarget } from '../compiler/run/runProtocol.ts';
import { parseRunTarget } from '../compiler/run/runProtocol.ts';

export interface Settings {
  /** Planner of models without a saved plan. */
  readonly planner: PlannerName;
  /** Heap limit of the compiler process, megabytes. Scope machine: a workspace cannot exhaust memory. */
  readonly compilerHeapMb: number;
  /** How often the compiler process is started again on account of one model. */
  readonly compilerRestarts: number;
  readonly run: RunSettings;
  readonly device: DeviceSettings;
  /** The status bar item also when no model is open. */
  readonly showInStatusBar: boolean;
}

/** How *Run* runs. What names programs and folders has scope machine. */
export interface RunSettings {
  readonly target: RunTarget;
  /** 0: one per core. */
  readonly threads: number;
  readonly warmup: number;
  readonly repetitions: number;
  /** C compiler; empty: found. */
  readonly compiler: string;
  /** Folder of an installed onnxruntime-node to verify with; empty: none. */
  readonly onnxRuntime: string;
}

/** How phones are reached; all of scope machine. Empty: found, or the default. */
export interface DeviceSettings {
  readonly adb: string;
  /** `host:port`. */
  readonly server: string;
  readonly ndk: string;
  /** 'big', 'all', or processors ('4-7'). */
  readonly cores: string;
}

export const SECTION = 'fusionStudio';

export function readSettings(): Settings {
  const section = vscode.workspace.getConfiguration(SECTION);
  const planner = section.get<unknown>('planner');
  return {
    planner: PLANNERS.find((name) => name === planner) ?? 'dnnfusion',
    compilerHeapMb: wholeNumber(section.get('compiler.heapMb'), 256, 65_536, 2048),
    compilerRestarts: wholeNumber(section.get('compiler.restarts'), 0, 10, 2),
    run: {
      target: parseRunTarget(String(section.get<unknown>('run.target'))) ?? 'wasm',
      threads: wholeNumber(section.get('run.threads'), 0, 64, 1),
      warmup: wholeNumber(section.get('run.warmup'), 0, 1000, 3),
      repetitions: wholeNumber(section.get('run.repetitions'), 1, 10_000, 10),
      compiler: machineText(section.inspect('run.compiler')),
      onnxRuntime: machineText(section.inspect('run.onnxRuntime')),
    },
    device: {
      adb: machineText(section.inspect('device.adb')),
      server: machineText(section.inspect('device.server')),
      ndk: machineText(section.inspect('device.ndk')),
      cores: machineText(section.inspect('device.cores')),
    },
    showInStatusBar: section.get<unknown>('statusBar.visible') !== false,
  };
}

/** Folders that others fill: no program in them is run. */
export function untrustedFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ uri }) => uri.fsPath);
}

export function onDidChangeSettings(listener: (settings: Settings) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) listener(readSettings());
  });
}

/** Of the user's own settings only: never of a workspace, whatever its scope says. */
function machineText(found: { readonly globalValue?: unknown } | undefined): string {
  return typeof found?.globalValue === 'string' ? found.globalValue.trim() : '';
}

function wholeNumber(value: unknown, least: number, most: number, otherwise: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}
