/** What views can ask for. `webview/actions.ts` does it: events to the store, requests to the host. */
import type {
  EditRequest,
  PageCommand,
  Selection,
  Variant,
  WhatIf,
} from '../../compiler/protocol.ts';
import type { RunTarget } from '../../compiler/run/runProtocol.ts';

/** Commands of the page beyond those that the palette knows. */
export type PageOnlyCommand =
  | 'undo'
  | 'redo'
  | 'save'
  | 'menu'
  | 'escape'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'zoomReset'
  | 'nextHit'
  | 'previousHit'
  | 'replanAll'
  | 'cancelRun'
  | 'chooseTarget'
  | 'expandSelection';

export type Command = PageCommand | PageOnlyCommand;

export interface Actions {
  run(command: Command): void;
  select(selection: Selection | null): void;
  /** Selects and brings it into view, expanding its block where that is needed to see it. */
  goToOperator(operator: number): void;
  goToBlock(block: number): void;
  goToEdge(edge: number): void;
  /** `anchor`: the operator whose place on the screen is to be kept. */
  edit(request: EditRequest, anchor: number | null, pair?: { a: number; b: number }): void;
  toggleBlock(block: number): void;
  explain(edge: number): Promise<string>;
  whatIf(a: number, b: number): Promise<WhatIf>;
  askWeight(constant: number): void;
  pageAction(id: string): void;
  search(query: string): void;
  goToHit(position: number): void;
  cancelProgress(): void;
  /** Puts the times of a past run on the graph; null: none. */
  showRun(run: number | null): void;
  setTarget(target: RunTarget): void;
  /** Draws another plan beside; null: no more. */
  showBeside(variant: Variant | null): void;
  measurePlanners(): void;
  /** Puts the table of planners on the clipboard. */
  copyComparison(format: 'csv' | 'markdown'): void;
  showKernel(block: number): void;
  /** Shows an application of a rule: its operators in the graph, before and after in the panel. */
  showRewrite(id: string | null): void;
  /** Makes the operators that rewriting made stand out, or not. */
  markRewrites(on: boolean): void;
}
