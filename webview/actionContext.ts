/** What all actions of the page have in common: the state, the host, the page itself, and how failures are told. */
import type { EditResult } from '../compiler/protocol.ts';
import type { Host } from './host.ts';
import type { Menu } from './state/menuItems.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';
import type { GraphView } from './views/graph/graphView.ts';

/** What actions move on the page besides the state. */
export interface Stage {
  readonly graph: GraphView;
  openMenu(menu: Menu, at: { x: number; y: number } | null, title: string): void;
  openSelectionMenu(): void;
  focusSearch(): void;
  focusGraph(): void;
  /** Closes a tooltip, menu or search if one is open; true if so. */
  dismiss(): boolean;
  cancelLayout(): void;
  /** A long text over the page, for hosts that have no editor of their own. */
  showText(title: string, text: string): void;
}

export class ActionContext {
  /** Absent until the page stands. */
  stage: Stage | undefined;

  constructor(
    readonly store: Store,
    readonly host: Host,
  ) {}

  get state(): State {
    return this.store.state;
  }

  /** For those who listen; nothing is shown. */
  speak(text: string): void {
    this.store.dispatch({ type: 'speak', text });
  }

  /** Why a command did nothing: shown for a while, and spoken. */
  hint(text: string): void {
    this.tell('info', text);
  }

  tell(severity: 'error' | 'warning' | 'info', text: string): void {
    this.store.dispatch({ type: 'message', severity, text });
  }

  failed(error: unknown): void {
    this.tell('error', messageOf(error));
  }

  /** For requests whose answer says nothing. */
  send(request: Promise<unknown>): void {
    request.catch((error: unknown) => this.failed(error));
  }

  /** For requests that may be refused with a reason. */
  expectDone(request: Promise<EditResult>, done?: () => void): void {
    request.then(
      (result) => (result.ok ? done?.() : this.tell('error', result.message)),
      (error: unknown) => this.failed(error),
    );
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
