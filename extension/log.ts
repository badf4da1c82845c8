/** The output channel: what was opened, how long each stage took, what went wrong. */
import * as vscode from 'vscode';
import type { DocumentState } from '../compiler/protocol.ts';

export type Log = vscode.LogOutputChannel;

export function createLog(): Log {
  return vscode.window.createOutputChannel('Fusion Studio', { log: true });
}

/** One line for an opened model; its name is untrusted but plain text here. */
export function openedLine({ graph, plan, timings }: DocumentState): string {
  const { operators, blocks } = plan.summary;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `opened ${JSON.stringify(graph.modelName)}: ${operators} operators in ${blocks} blocks (${plan.planner})`,
    `import ${ms(timings.importMs)}`,
    `shapes ${ms(timings.inferMs)}`,
    `plan ${ms(timings.planMs)}`,
  ].join('; ');
}
