/**
 * The catalogue of user-facing messages about a model. A diagnostic never stops the picture: whatever
 * could be understood is still shown. Codes are stable; texts name the node and say what to do next.
 */

export type Severity = 'error' | 'warning' | 'info';

/** Every code, with its severity. One line a code: a new message starts here. */
export const DIAGNOSTIC_SEVERITY = {
  // Reading the file.
  'model/unreadable': 'error',
  'model/not-onnx': 'error',
  'model/truncated': 'error',
  'model/too-deep': 'error',
  'model/too-large': 'error',
  'model/ir-version': 'warning',
  'model/opset': 'warning',
  'model/duplicate-name': 'error',
  'model/dangling-input': 'error',
  'model/cycle': 'error',
  'model/bad-tensor': 'error',
  'model/bad-attribute': 'error',
  'model/external-data': 'error',
  'model/external-missing': 'info',
  'model/function': 'error',
  'model/unsupported': 'warning',
  // Operators, shapes and types.
  'operator/unknown': 'warning',
  'operator/unknown-domain': 'warning',
  'operator/bad-arity': 'error',
  'shape/mismatch': 'error',
  'shape/declared-differs': 'warning',
  'shape/unbound': 'info',
  'type/mismatch': 'error',
  // Plan and sidecar.
  'plan/override-unmatched': 'warning',
  'plan/override-refused': 'warning',
  'sidecar/malformed': 'error',
  'sidecar/newer': 'error',
  'sidecar/structure-differs': 'warning',
  'sidecar/stored-apart': 'info',
  // The program itself.
  'internal/error': 'error',
} as const satisfies Record<string, Severity>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_SEVERITY;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One or two sentences: what is wrong, where, and what to do next. Plain text, never markup. */
  readonly message: string;
  /** Stable id of the operator concerned, where there is one. */
  readonly node?: string;
}

/** Messages quote names of models: control characters become spaces, so that a message stays one line. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}

export function diagnostic(code: DiagnosticCode, text: string, node?: string): Diagnostic {
  const severity = DIAGNOSTIC_SEVERITY[code];
  const message = oneLine(text);
  return node === undefined ? { code, severity, message } : { code, severity, message, node };
}

/**
 * A model (or sidecar) that cannot be opened at all. `message` is one clear line for the user; the
 * command line prints it and exits with status 1.
 */
export class ModelError extends Error {
  constructor(
    readonly code: DiagnosticCode,
    message: string,
    readonly node?: string,
  ) {
    super(oneLine(message));
    this.name = 'ModelError';
  }
}
