/**
 * Every message between the three processes, as plain data:
 *   host <-> worker  (vscode-jsonrpc over Node IPC), region 1;
 *   page <-> host    (vscode-jsonrpc over postMessage, or over HTTP in the studio), region 2.
 * The host is the VS Code extension or `fusion-studio open`. Large arrays are typed arrays.
 * All names and texts come from untrusted models: never markup.
 */
import type { Diagnostic } from './diagnostics.ts';
import type { Override, OverrideOutcome, PlanEdits, PlannerName } from './fusion/plan.ts';
import type {
  GraphCost,
  RewriteClass,
  RewriteSettings,
  RewriteSketch,
  Savings,
} from './rewrite/rewrite.ts';
import type { TargetName } from './target/target.ts';
import type {
  CompareReport,
  DeviceReport,
  RunTarget,
  Spread,
  VerifyReport,
} from './run/runProtocol.ts';

// ---------------------------------------------------------------- snapshots

/** One column per attribute; index = operator, edge, tensor … Never weights. */
export interface GraphSnapshot {
  /** Changes when ids or structure may have changed (another file content or other dim bindings). */
  readonly revision: number;
  readonly modelName: string;
  /** 'ai.onnx 13, com.microsoft 1'. */
  readonly opsets: string;
  readonly producer: string;

  /** Dictionary of operator types ('Conv', 'com.microsoft.FusedConv'). */
  readonly operatorTypes: readonly string[];
  readonly typeOf: Uint16Array;
  readonly ids: readonly string[];
  /** NodeProto names; may be empty. */
  readonly names: readonly string[];
  /** Index into MAPPING_TYPES. */
  readonly mapping: Uint8Array;
  /** Estimates under the current bindings. */
  readonly flops: Float64Array;
  readonly irs: Float64Array;

  /** Pairs (from, to) of operator indices. */
  readonly edges: Int32Array;
  readonly edgeTensor: Int32Array;
  /** Mapping type of the consumer on this edge. */
  readonly edgeMapping: Uint8Array;
  readonly edgeBytes: Float64Array;

  /** Tensors that flow on edges, graph inputs and outputs. */
  readonly tensorNames: readonly string[];
  /** '1×3×224×224 float32' dictionary and index per tensor. */
  readonly tensorTypes: readonly string[];
  readonly tensorType: Uint16Array;

  /** Tensor index of each graph input / output, and pairs (input, operator) / (operator, output). */
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  readonly inputEdges: Int32Array;
  readonly outputEdges: Int32Array;

  /** Names in the model file by which a rewritten operator is known too: operator index and name, in step. */
  readonly aliasOf: Int32Array;
  readonly aliases: readonly string[];
  readonly rewrites: RewriteSnapshot;

  readonly symbols: readonly SymbolSnapshot[];
  readonly weightCount: number;
  readonly weightBytes: number;
}

/** What rewriting did to the graph shown. */
export interface RewriteSnapshot {
  readonly settings: RewriteSettings;
  readonly applications: readonly RewriteRow[];
  /** Kept off by the settings. */
  readonly declined: readonly RewriteRow[];
  readonly before: GraphCost;
  readonly after: GraphCost;
}

export interface RewriteRow {
  readonly id: string;
  readonly rule: string;
  readonly ruleClass: RewriteClass;
  /** Operators of the graph shown that it made, or that it would take. */
  readonly operators: readonly number[];
  readonly originalIds: readonly string[];
  readonly saves: Savings;
}

export interface RewriteSketches {
  readonly before: RewriteSketch;
  readonly after: RewriteSketch;
}

export interface SymbolSnapshot {
  readonly name: string;
  readonly origin: 'input' | 'data';
  /** Size used for ranking while unbound. */
  readonly fallback: number;
  /** null: unbound. */
  readonly bound: number | null;
}

export interface PlanSummary {
  readonly operators: number;
  readonly blocks: number;
  /** operators / blocks. */
  readonly fusionRate: number;
  readonly flops: number;
  readonly intermediateBytesBefore: number;
  readonly intermediateBytesAfter: number;
  /** Many-to-Many + opaque operators: the least count that Table 3 allows. */
  readonly lowerBound: number;
}

export interface PlanSnapshot {
  readonly revision: number;
  readonly planner: PlannerName;
  readonly blockOf: Int32Array;
  readonly blockIds: readonly string[];
  /** Operator index or -1. */
  readonly blockSeed: Int32Array;
  /** Index into MAPPING_TYPES. */
  readonly blockMapping: Uint8Array;
  readonly blockPinned: Uint8Array;
  /** Per edge: 1 = fused; index into VERDICT_REASONS. */
  readonly edgeFused: Uint8Array;
  readonly edgeReason: Uint8Array;
  readonly overrides: readonly OverrideOutcome[];
  /** Blocks whose members differ from the plan shown before (empty on the first plan). */
  readonly changedBlocks: Int32Array;
  readonly summary: PlanSummary;
}

export interface Timings {
  readonly importMs: number;
  /** Shapes, types, folding, ECG. */
  readonly inferMs: number;
  readonly planMs: number;
}

// ---------------------------------------------------------------- details (side panel)

export interface TensorDetails {
  readonly name: string;
  readonly type: string;
  /** 'Conv_12' or 'input' / 'constant' / 'absent'. */
  readonly origin: 'operator' | 'input' | 'constant' | 'absent';
  /** Operator index where origin is 'operator'. */
  readonly operator: number;
  readonly mapping?: string;
  readonly bytes?: number;
  /** Value index to ask `weightStatistics` for (constants). */
  readonly constant?: number;
  /** First elements of a small constant. */
  readonly preview?: string;
}

export interface OperatorDetails {
  readonly kind: 'operator';
  readonly operator: number;
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly mapping: string;
  readonly mappingNote?: string;
  readonly properties: readonly string[];
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly inputs: readonly TensorDetails[];
  readonly outputs: readonly TensorDetails[];
  /** Formatted with symbols: '2·batch·64'. */
  readonly flops: string;
  readonly irs: string;
  readonly originalIds: readonly string[];
  readonly subgraphs: readonly string[];
  readonly borders: readonly BorderDetails[];
}

/** One edge that touches the selection, with the planner's reason as a sentence. */
export interface BorderDetails {
  readonly edge: number;
  readonly from: number;
  readonly to: number;
  readonly fused: boolean;
  readonly sentence: string;
}

export interface BlockDetails {
  readonly kind: 'block';
  readonly block: number;
  readonly id: string;
  readonly operators: readonly number[];
  readonly seed: number;
  readonly mapping: string;
  readonly pinned: boolean;
  readonly flops: number;
  /** Bytes that enter, leave, and stay inside (never stored). */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly bytesInside: number;
  readonly borders: readonly BorderDetails[];
}

export type Details = OperatorDetails | BlockDetails;

export interface WeightStatistics {
  readonly elements: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  readonly zeros: number;
  readonly notFinite: number;
  /** 32 equal bins from min to max. */
  readonly histogram: readonly number[];
}

/** What a click would do, in one sentence. */
export interface WhatIf {
  readonly verdict: 'allowed' | 'warned' | 'refused';
  readonly sentence: string;
}

// ---------------------------------------------------------------- planners side by side

/** One way to plan the model: a planner, with rewriting or without; the user's overrides do not count. */
export interface Variant {
  readonly planner: PlannerName;
  readonly rewriting: boolean;
}

export interface PlannerRow extends Variant {
  readonly operators: number;
  readonly blocks: number;
  readonly flops: number;
  /** Bytes of tensors between blocks. */
  readonly bytes: number;
}

export interface DevicePlanSummary {
  /** Yellow edges that measured times decide. */
  readonly measured: number;
  /** Blocks that would be others. */
  readonly changed: number;
  /** Why: one sentence per edge that they decide otherwise than the cost model. */
  readonly reasons: readonly string[];
}

/** Two plans that ran by turns. */
export interface ComparedSummary {
  readonly a: string;
  readonly b: string;
  readonly place: string;
  readonly report: CompareReport;
}

export interface ExportedModel {
  readonly bytes: number;
  /** Of the file of weights beside it; 0: there is none. */
  readonly dataBytes: number;
  /** Weights stay in the original's files. */
  readonly refers: boolean;
}

export interface VariantResult {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
}

// ---------------------------------------------------------------- kernels and runs

/** A generated kernel as people read it. */
export interface KernelText {
  /** 'k12_conv.c': a file name of the compiler's own. */
  readonly name: string;
  readonly text: string;
}

export interface RunSummary {
  /** Unique within the document's history. */
  readonly id: number;
  readonly target: RunTarget;
  /** 'WebAssembly', 'Pixel 8 (GPU)'. Partly a device's own words. */
  readonly place: string;
  readonly threads: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly planner: PlannerName;
  readonly rewriting: boolean;
  /** With the user's overrides. */
  readonly edited: boolean;
  readonly blocks: number;
  readonly latencyMs: Spread;
  readonly noisy: boolean;
  readonly device: DeviceReport | null;
  readonly verify: VerifyReport | null;
}

export interface ShownRun extends RunSummary {
  /** Per block of the plan on screen, milliseconds; NaN where the run did not have this block. */
  readonly blockMs: Float64Array;
  readonly arenaBytes: number;
  readonly movedBytes: number;
  readonly compileMs: number;
}

/** A place to run at, as a picker shows it. */
export interface TargetChoice {
  readonly target: RunTarget;
  readonly label: string;
  /** What it is, or why it cannot be used and what to do. */
  readonly detail: string;
  readonly available: boolean;
}

export interface RunsState {
  /** Where the next run goes. */
  readonly target: { readonly target: RunTarget; readonly label: string };
  readonly running: { readonly stage: string; readonly fraction: number | null } | null;
  /** Newest first. */
  readonly history: readonly RunSummary[];
  /** Whose times are on the graph. */
  readonly shown: ShownRun | null;
  /** The last comparison. */
  readonly compared: ComparedSummary | null;
}

// ---------------------------------------------------------------- region 1: host -> worker

/** Where the model is: a file the worker reads itself, or (virtual file systems) its whole content. */
export type ModelLocation =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

export interface OpenParams {
  /** Key chosen by the host; one per document. */
  readonly doc: string;
  readonly location: ModelLocation;
  readonly edits: PlanEdits;
}

export interface OpenResult {
  readonly graph: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly structureHash: string;
  readonly timings: Timings;
}

export interface ReplanParams {
  readonly doc: string;
  readonly edits: PlanEdits;
  /** The edits whose plan is on screen: `changedBlocks` is the difference from it. */
  readonly shown?: PlanEdits;
}

export interface ReplanResult {
  /** Only when bindings or rewriting changed it. */
  readonly graph?: GraphSnapshot;
  readonly plan: PlanSnapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly planMs: number;
}

/** Requests of the worker: name -> [params, result]. All can be cancelled; all may fail with ModelError's data. */
export interface WorkerRequests {
  'document/open': [OpenParams, OpenResult];
  'document/replan': [ReplanParams, ReplanResult];
  'document/close': [{ doc: string }, null];
  'document/details': [
    { doc: string; target: { operator: number } | { block: number } },
    Details | null,
  ];
  'document/explain': [{ doc: string; edge: number }, string];
  'document/whatIf': [{ doc: string; a: number; b: number }, WhatIf];
  'document/weightStatistics': [{ doc: string; constant: number }, WeightStatistics];
  /** Source of one block's kernel, or of all kernels under other edits (to compare plans). */
  'document/kernel': [
    { doc: string; target: TargetName; of: { block: number } | { edits: PlanEdits } },
    KernelText,
  ];
  /** Writes the graph shown as an `.onnx` file; both are absolute paths of files. */
  'document/export': [{ doc: string; original: string; path: string }, ExportedModel];
  /** Reads the profile database again, and what its times of a device would change. */
  'document/devicePlan': [{ doc: string; device: string }, DevicePlanSummary];
  'document/planners': [{ doc: string }, readonly PlannerRow[]];
  'document/variant': [{ doc: string; variant: Variant }, VariantResult];
  /** One application of a rule as two small graphs; null: there is none with this id. */
  'document/rewrite': [{ doc: string; id: string }, RewriteSketches | null];
  /** Weight files beside the model, relative to its folder: what a copy of it needs. */
  'document/externalFiles': [{ doc: string }, readonly string[]];
}

/** Worker -> host notification while a request is running. */
export interface WorkerProgress {
  readonly doc: string;
  /** 'Reading', 'Shapes', 'Planning' … */
  readonly stage: string;
}

// ---------------------------------------------------------------- region 2: page <-> host

/** What the user asks of the plan. The host turns it into new `PlanEdits` (one undo step each). */
export type EditRequest =
  /** Toggling is the host's job: fusing a pair that was cut by hand removes the cut first. Operator indices. */
  | { readonly kind: 'fuse'; readonly a: number; readonly b: number }
  | { readonly kind: 'cut'; readonly a: number; readonly b: number }
  | { readonly kind: 'seed'; readonly operator: number; readonly on: boolean }
  | { readonly kind: 'noSeed'; readonly operator: number; readonly on: boolean }
  | { readonly kind: 'pin'; readonly block: number; readonly on: boolean }
  | { readonly kind: 'removeOverride'; readonly override: Override }
  | { readonly kind: 'planner'; readonly planner: PlannerName }
  | { readonly kind: 'bind'; readonly symbol: string; readonly size: number | null }
  /** Plans with the times that were measured on a device (its key in the profile database); null: without. */
  | { readonly kind: 'device'; readonly device: string | null }
  /** Switches of rewriting; what is absent stays. */
  | { readonly kind: 'rewrite'; readonly change: Partial<RewriteSettings> }
  | { readonly kind: 'replanAll' }
  | { readonly kind: 'clearOverrides' };

export type EditResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

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

/** Requests of the page: name -> [params, result]. */
export interface PageRequests {
  /** `kept`: stamp of the document that the page kept while it was hidden. */
  'page/ready': [{ readonly kept: string | null }, PageInit];
  'page/edit': [EditRequest, EditResult];
  'page/details': [{ target: { operator: number } | { block: number } }, Details | null];
  'page/explain': [{ edge: number }, string];
  'page/whatIf': [{ a: number; b: number }, WhatIf];
  'page/weightStatistics': [{ constant: number }, WeightStatistics];
  'page/planners': [null, readonly PlannerRow[]];
  'page/variant': [Variant, VariantResult];
  /** Runs all of them, one after the other, at the chosen place. */
  'page/measurePlanners': [null, EditResult];
  'page/rewrite': [{ id: string }, RewriteSketches | null];
  'page/undo': [null, null];
  'page/redo': [null, null];
  'page/save': [null, EditResult];
  /** Asks the user where to and writes it there; the studio's pages download files themselves. */
  'page/saveFile': [{ extension: 'svg' | 'png'; content: Uint8Array }, 'saved' | 'cancelled'];
  'page/action': [{ id: string }, null];
  /** Runs the model at the chosen target; the answer comes at once, the rest as 'host/runs'. */
  'page/run': [{ verify: boolean }, EditResult];
  'page/cancelRun': [null, null];
  /** VS Code asks the user itself and answers null; the studio answers with what there is. */
  'page/chooseTarget': [null, readonly TargetChoice[] | null];
  'page/setTarget': [{ target: RunTarget }, EditResult];
  /** Puts the times of a past run on the graph; null: none. */
  'page/showRun': [{ run: number | null }, null];
  /** VS Code opens an editor beside and answers null; the studio answers with the text. */
  'page/showKernel': [{ block: number }, KernelText | null];
}

/** Page -> host, no answer. */
export interface PageNotifications {
  'page/viewState': ViewState;
  'page/selection': Selection | null;
  /** First viewport painted and clickable. All in milliseconds since navigation start. */
  'page/painted': {
    readonly ms: number;
    /** The script was loaded and began; it asked for the document; it had the document. */
    readonly began: number;
    readonly asked: number;
    readonly had: number;
  };
}

/** Host -> page, no answer. */
export interface HostNotifications {
  /** `graph` is absent when unchanged. `stamp`: as in PageInit. */
  'host/document': {
    readonly document: Omit<DocumentState, 'graph'> & { readonly graph?: GraphSnapshot };
    readonly stamp?: string;
  };
  'host/error': PageError;
  'host/runs': RunsState;
  'host/select': Selection;
  'host/progress': { readonly message: string } | null;
  /** A toast line in the page (studio) – VS Code shows its own notifications. */
  'host/message': { readonly severity: 'error' | 'warning' | 'info'; readonly text: string };
  'host/undoState': {
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    readonly dirty: boolean;
  };
  /** A command of the palette or a keybinding, to be done by the page on its selection. */
  'host/command': { readonly command: PageCommand };
}

export const PAGE_COMMANDS = [
  'search',
  'fuse',
  'cut',
  'toggleSeed',
  'toggleNoSeed',
  'togglePin',
  'toggleExpand',
  'expandAll',
  'collapseAll',
  'zoomIn',
  'zoomOut',
  'fit',
  'goToTop',
  'togglePanel',
  'run',
  'verify',
  'toggleTimes',
  'comparePlanners',
  'exportSvg',
  'exportPng',
  'showKernel',
] as const;
export type PageCommand = (typeof PAGE_COMMANDS)[number];
