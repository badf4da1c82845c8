/** What the page shows besides snapshots: the document, errors, and where the user looks. */
import type { Diagnostic } from '../diagnostics.ts';
import type { PlanEdits } from '../fusion/plan.ts';
import type { GraphSnapshot } from './graphSnapshot.ts';
import type { PlanSnapshot, Timings } from './planSnapshot.ts';

/** Restored when the page is shown again; kept by the host, never saved with the model. */
export interface ViewState {
  readonly zoom: number;
  readonly pan: { readonly x: number; readonly y: number };
  readonly expandedBlocks: readonly string[];
  readonly selection: Selection | null;
  readonly panelOpen: boolean;
}

/** By stable ids, so that it survives replanning. */
export type Selection =
  | { readonly kind: 'operator'; readonly id: string }
  | { readonly kind: 'block'; readonly id: string }
  | { readonly kind: 'edge'; readonly from: string; readonly to: string };

export interface DocumentState {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly edits: PlanEdits;
  readonly diagnostics: readonly Diagnostic[];
  readonly timings: Timings;
  /** Why edits are refused ('git revision', 'read-only file system'), or null. */
  readonly readOnly: string | null;
}

export interface PageInit {
  /** 'kept': the one whose stamp the page sent. */
  readonly document: DocumentState | 'kept' | null;
  /** Names exactly this state of the document; a host that never throws pages away gives none. */
  readonly stamp?: string;
  /** Instead of a document: the model could not be opened. */
  readonly error: PageError | null;
  readonly viewState: ViewState | null;
  readonly capabilities: {
    /** The page shows its own undo, redo and save buttons (studio); VS Code has its own. */
    readonly ownUndo: boolean;
    readonly trusted: boolean;
  };
}

export interface PageError {
  readonly title: string;
  readonly message: string;
  /** Offered as buttons; sent back as `page/action`. */
  readonly actions: readonly { readonly id: string; readonly label: string }[];
}
