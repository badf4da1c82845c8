/** Failures as users read them: the page's own error, and why a plan cannot be edited. */
import { RequestCancelled } from '../../compiler/client/cancellation.ts';
import type { Diagnostic } from '../../compiler/diagnostics.ts';
import { ModelError } from '../../compiler/diagnostics.ts';
import type { PageError } from '../../compiler/protocol.ts';

export function pageError(error: unknown): PageError {
  const retry = { id: 'retry', label: 'Try Again' };
  if (error instanceof RequestCancelled) {
    return { title: 'Opening was cancelled', message: 'The model was not read.', actions: [retry] };
  }
  return {
    title: error instanceof ModelError ? 'This model cannot be opened' : 'Something went wrong',
    message: messageOf(error),
    actions: [retry, { id: 'openWith', label: 'Open With…' }],
  };
}

/** As `DocumentState.readOnly` wants it: it goes on after 'Read-only: ' and ends without a full stop. */
export function lockReason(locked: Diagnostic | undefined): string | null {
  return locked ? locked.message.replace(/\.$/, '') : null;
}

export function readOnlyMessage(reason: string): string {
  return `Read-only: ${reason}.`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
