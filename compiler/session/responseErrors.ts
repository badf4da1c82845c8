/**
 * How failures travel between the processes: JSON-RPC error codes and their data.
 */
import { ResponseError } from 'vscode-jsonrpc';
import { ModelError } from '../diagnostics.ts';
import type { DiagnosticCode } from '../diagnostics.ts';
import { Cancelled } from './requests.ts';

/** The code language servers use for a cancelled request. */
export const CANCELLED = -32800;
/** A ModelError; `data` is `ModelErrorData`. */
export const MODEL_ERROR = 1;
/** A bug in this program; the message carries the stack for the log. */
export const INTERNAL_ERROR = -32603;

export interface ModelErrorData {
  readonly code: DiagnosticCode;
  readonly node?: string;
}

/** Turns whatever a handler threw into a response that always settles the request. */
export function toResponseError(error: unknown): ResponseError<ModelErrorData | null> {
  if (error instanceof Cancelled) return new ResponseError(CANCELLED, 'Cancelled', null);
  if (error instanceof ModelError) {
    const { code, node } = error;
    return new ResponseError(
      MODEL_ERROR,
      error.message,
      node === undefined ? { code } : { code, node },
    );
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ResponseError(INTERNAL_ERROR, text, null);
}

/** The reverse, in the host: a ModelError again where it was one. */
export function fromResponseError(error: unknown): unknown {
  if (!(error instanceof ResponseError)) return error;
  if (error.code === CANCELLED) return new Cancelled();
  if (error.code !== MODEL_ERROR) return error;
  const data = error.data as ModelErrorData;
  return new ModelError(data.code, error.message, data.node);
}
