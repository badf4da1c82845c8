/** Asks the host for details whenever something else is selected or the plan changed. */
import type { Host } from './host.ts';
import { detailsTarget } from './state/selectors.ts';
import type { State } from './state/state.ts';
import type { Store } from './store.ts';

export function startDetails(store: Store, host: Host): void {
  let running: AbortController | undefined;
  store.subscribe((state: State, previous: State) => {
    const { document, selection, panelOpen } = state;
    const same =
      selection === previous.selection &&
      document === previous.document &&
      panelOpen === previous.panelOpen;
    if (same || !document || !panelOpen) return;
    running?.abort();
    const target = detailsTarget(state);
    if (!target) return;
    running = new AbortController();
    const { signal } = running;
    store.dispatch({ type: 'detailsAsked', target });
    host.request('page/details', { target }, signal).then(
      (value) => {
        if (!signal.aborted)
          store.dispatch({ type: 'detailsArrived', target, value, failed: null });
      },
      (error: unknown) => {
        if (signal.aborted) return;
        const failed = error instanceof Error ? error.message : String(error);
        store.dispatch({ type: 'detailsArrived', target, value: null, failed });
      },
    );
  });
}
