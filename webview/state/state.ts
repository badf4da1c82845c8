/** Everything the page knows. Plain and immutable; `reducer.ts` is the only place that makes a new one. */
import type {
  Details,
  DocumentState,
  PageError,
  PageInit,
  RewriteSketches,
  RunsState,
  Selection,
  WeightStatistics,
} from '../../compiler/protocol.ts';
import { NO_COMPARISON } from './comparison.ts';
import type { ComparisonState } from './comparison.ts';

export interface State {
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly document: DocumentState | null;
  readonly error: PageError | null;
  readonly capabilities: PageInit['capabilities'];
  /** False while the studio's server does not answer. */
  readonly connected: boolean;
  /** Ids of blocks whose operators are drawn. */
  readonly expanded: ReadonlySet<string>;
  readonly selection: Selection | null;
  readonly panelOpen: boolean;
  /** What the user last chose; differs from `panelOpen` on a narrow page, which opens without it. */
  readonly panelWanted: boolean;
  /** The panel would lie over the graph. */
  readonly narrow: boolean;
  readonly legendOpen: boolean;
  readonly search: SearchState;
  readonly details: DetailsState | null;
  /** By constant, for the graph revision shown. */
  readonly weights: ReadonlyMap<number, WeightState>;
  readonly progress: string | null;
  /** Edits sent and not yet answered. */
  readonly pendingEdits: number;
  /** What keeps its place on the screen when the next layout arrives; each object counts once. */
  readonly anchor: Anchor | null;
  /** Why the last edit was refused, near the two operators it was about. */
  readonly refusal: Refusal | null;
  readonly undo: UndoState;
  readonly runs: RunsState;
  /** The application of a rule that is looked at. */
  readonly rewrite: RewriteState | null;
  /** Operators that rewriting made stand out. */
  readonly rewritesMarked: boolean;
  readonly comparison: ComparisonState;
  readonly messages: readonly Message[];
  /** The id that was given last. */
  readonly lastMessage: number;
  /** What the screen reader's line says. */
  readonly spoken: string;
}

export interface SearchState {
  readonly open: boolean;
  readonly query: string;
  /** Position in the list of hits; -1 before the first jump. */
  readonly current: number;
}

export type DetailsTarget = { readonly operator: number } | { readonly block: number };

export interface DetailsState {
  readonly target: DetailsTarget;
  readonly value: Details | null;
  readonly failed: string | null;
}

export type WeightState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: WeightStatistics }
  | { readonly kind: 'failed'; readonly message: string };

export interface RewriteState {
  readonly id: string;
  /** null: on their way, or failed. */
  readonly sketches: RewriteSketches | null;
  readonly failed: string | null;
}

export interface Anchor {
  readonly operator: number;
}

export interface Refusal {
  readonly message: string;
  readonly a: number;
  readonly b: number;
}

export interface UndoState {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly dirty: boolean;
}

export interface Message {
  readonly id: number;
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
}

export const initialState: State = {
  phase: 'loading',
  document: null,
  error: null,
  capabilities: { ownUndo: false, trusted: true },
  connected: true,
  expanded: new Set(),
  selection: null,
  panelOpen: true,
  panelWanted: true,
  narrow: false,
  legendOpen: true,
  search: { open: false, query: '', current: -1 },
  details: null,
  weights: new Map(),
  progress: null,
  pendingEdits: 0,
  anchor: null,
  refusal: null,
  undo: { canUndo: false, canRedo: false, dirty: false },
  runs: {
    target: { target: 'wasm', label: 'WebAssembly' },
    running: null,
    history: [],
    shown: null,
    compared: null,
  },
  rewrite: null,
  rewritesMarked: false,
  comparison: NO_COMPARISON,
  messages: [],
  lastMessage: 0,
  spoken: '',
};
