/**
 * Problems: what the compiler found in a model, and overrides that do not fit it any more. Entries have no
 * place in a binary file, so they stand on its first line.
 */
import * as vscode from 'vscode';
import type { Diagnostic, Severity } from '../../compiler/diagnostics.ts';
import type { ModelDocument } from '../modelDocument.ts';
import type { OpenModels } from '../openModels.ts';

/** A broken model may have one for each of its nodes. */
const MOST = 500;

const SEVERITY: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

export function registerProblems(models: OpenModels): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('fusion-studio');
  const update = (document: ModelDocument): void => {
    collection.set(document.uri, entries(document));
  };
  return vscode.Disposable.from(
    collection,
    models.onDidChangeDocument(update),
    models.onDidCloseDocument((document) => collection.delete(document.uri)),
  );
}

function entries(document: ModelDocument): vscode.Diagnostic[] {
  const { state, error } = document.plan;
  if (error) return [entry('error', error.message)];
  const all = state?.diagnostics ?? [];
  const shown = all.slice(0, MOST).map((one) => entry(one.severity, one.message, one));
  const more = all.length - shown.length;
  return more > 0 ? [...shown, entry('info', `${more} more of these are not listed.`)] : shown;
}

function entry(severity: Severity, message: string, from?: Diagnostic): vscode.Diagnostic {
  const text = from?.node ? `${message} [${from.node}]` : message;
  const result = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), text, SEVERITY[severity]);
  result.source = 'Fusion Studio';
  if (from) result.code = from.code;
  return result;
}
