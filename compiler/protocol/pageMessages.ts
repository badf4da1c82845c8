/** Messages between page and host: vscode-jsonrpc over postMessage, or over HTTP in the studio. */
import type { RunTarget } from '../run/runProtocol.ts';
import type { Details, WeightStatistics, WhatIf } from './details.ts';
import type { EditRequest, EditResult } from './editRequests.ts';
import type { GraphSnapshot, RewriteSketches } from './graphSnapshot.ts';
import type { DocumentState, PageError, PageInit, Selection, ViewState } from './pageState.ts';
import type { KernelText, RunsState, TargetChoice } from './runs.ts';
import type { PlannerRow, Variant, VariantResult } from './variants.ts';

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
