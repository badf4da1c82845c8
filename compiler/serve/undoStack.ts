/**
 * Undo and redo for a host without VS Code's own stack: a line of states and a place on it. Saved-ness is
 * a place too, so undoing back to the saved state is clean again.
 */
export class UndoStack<T> {
  private states: T[];
  private place = 0;
  private saved = 0;

  constructor(initial: T) {
    this.states = [initial];
  }

  get current(): T {
    return this.states[this.place] as T;
  }

  get canUndo(): boolean {
    return this.place > 0;
  }

  get canRedo(): boolean {
    return this.place < this.states.length - 1;
  }

  get dirty(): boolean {
    return this.place !== this.saved;
  }

  /** A new state; what could be redone is gone. */
  push(state: T): void {
    if (this.saved > this.place) this.saved = -1;
    this.states = [...this.states.slice(0, this.place + 1), state];
    this.place++;
  }

  undo(): T {
    if (this.canUndo) this.place--;
    return this.current;
  }

  redo(): T {
    if (this.canRedo) this.place++;
    return this.current;
  }

  markSaved(): void {
    this.saved = this.place;
  }
}
