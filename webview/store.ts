/** Holds the state, runs the reducer, tells the views. Events sent while telling wait their turn. */
import type { PageEvent } from './state/events.ts';
import { reduce } from './state/reducer.ts';
import type { State } from './state/state.ts';

export type Listener = (state: State, previous: State) => void;

export class Store {
  private readonly listeners: Listener[] = [];
  private readonly waiting: PageEvent[] = [];
  private telling = false;

  constructor(private current: State) {}

  get state(): State {
    return this.current;
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  dispatch(event: PageEvent): void {
    this.waiting.push(event);
    if (this.telling) return;
    this.telling = true;
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
        const previous = this.current;
        this.current = reduce(previous, next);
        if (this.current === previous) continue;
        for (const listener of this.listeners) listener(this.current, previous);
      }
    } finally {
      this.telling = false;
    }
  }
}
