/**
 * Tells the store when the page is too narrow for a side panel beside the graph (split editors, phones). The
 * style sheets know the same width.
 */
import type { Store } from './store.ts';

/** CSS pixels; `@media (max-width: 719px)` in the style sheets. */
const NARROW = '(max-width: 719px)';

export function watchWidth(store: Store): void {
  const query = matchMedia(NARROW);
  const tell = (): void => store.dispatch({ type: 'width', narrow: query.matches });
  query.addEventListener('change', tell);
  tell();
}
