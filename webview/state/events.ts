/** Everything that can happen to the page: what the host says and what the user does, alike. */
import type {
  Details,
  DocumentState,
  HostNotifications,
  PageError,
  PageInit,
  RunsState,
  Selection,
} from '../../compiler/protocol.ts';
import type { ComparisonState } from './comparison.ts';
import type {
  DetailsTarget,
  Message,
  Refusal,
  RewriteState,
  UndoState,
  WeightState,
} from './state.ts';

/** With the document at hand, wherever it came from. */
export type OpenedInit = Omit<PageInit, 'document' | 'stamp'> & {
  readonly document: DocumentState | null;
};

export type PageEvent =
  // From the host.
  | { readonly type: 'opened'; readonly init: OpenedInit }
  | { readonly type: 'document'; readonly document: HostNotifications['host/document']['document'] }
  | { readonly type: 'failed'; readonly error: PageError }
  | { readonly type: 'progress'; readonly message: string | null }
  | { readonly type: 'message'; readonly severity: Message['severity']; readonly text: string }
  | { readonly type: 'runs'; readonly runs: RunsState }
  | { readonly type: 'undoState'; readonly undo: UndoState }
  | { readonly type: 'connection'; readonly connected: boolean }
  // Answers to the page's requests.
  | { readonly type: 'detailsAsked'; readonly target: DetailsTarget }
  | {
      readonly type: 'detailsArrived';
      readonly target: DetailsTarget;
      readonly value: Details | null;
      readonly failed: string | null;
    }
  | { readonly type: 'weight'; readonly constant: number; readonly state: WeightState }
  | { readonly type: 'rewriteShown'; readonly rewrite: RewriteState | null }
  | { readonly type: 'comparison'; readonly comparison: Partial<ComparisonState> }
  | { readonly type: 'editSent'; readonly anchor: number | null }
  | { readonly type: 'editDone'; readonly refusal: Refusal | null }
  // From the window.
  | { readonly type: 'width'; readonly narrow: boolean }
  // From the user.
  | { readonly type: 'select'; readonly selection: Selection | null }
  | { readonly type: 'expand'; readonly block: string; readonly on: boolean }
  | { readonly type: 'expandAll'; readonly on: boolean }
  | { readonly type: 'panel'; readonly open: boolean }
  | { readonly type: 'markRewrites'; readonly on: boolean }
  | { readonly type: 'legend'; readonly open: boolean }
  | { readonly type: 'searchOpen'; readonly open: boolean }
  | { readonly type: 'searchQuery'; readonly query: string }
  | { readonly type: 'searchMove'; readonly to: number }
  | { readonly type: 'dismissMessage'; readonly id: number }
  | { readonly type: 'dismissRefusal' }
  | { readonly type: 'speak'; readonly text: string };
