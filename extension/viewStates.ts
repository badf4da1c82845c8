/**
 * Where the user was looking, per model: kept while tabs are hidden and across window reloads, never saved
 * with the model.
 */
import type * as vscode from 'vscode';
import type { ViewState } from '../compiler/protocol.ts';

const KEY = 'fusionStudio.viewStates';
/** Models remembered in a workspace. */
const MOST = 50;
const WRITE_AFTER_MS = 1000;

export class ViewStates implements vscode.Disposable {
  private readonly states: Map<string, ViewState>;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly memento: vscode.Memento) {
    this.states = new Map(memento.get<[string, ViewState][]>(KEY, []));
  }

  get(model: vscode.Uri): ViewState | null {
    return this.states.get(model.toString()) ?? null;
  }

  set(model: vscode.Uri, state: ViewState): void {
    const key = model.toString();
    // The last one used stands last.
    this.states.delete(key);
    this.states.set(key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= MOST) break;
      this.states.delete(oldest);
    }
    this.timer ??= setTimeout(() => this.write(), WRITE_AFTER_MS);
  }

  dispose(): void {
    if (this.timer) this.write();
  }

  private write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.memento.update(KEY, [...this.states]);
  }
}
