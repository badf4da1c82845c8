/** Search by operator name, operator type or tensor: a field and its hits, by keyboard or pointer. */
import { button, textField } from '../ui/controls.ts';
import { ICONS, element, icon, replaceChildren } from '../ui/dom.ts';
import type { Actions } from '../state/actions.ts';
import { typeName } from '../state/graphIndex.ts';
import { formatInteger, plural } from '../state/format.ts';
import { displayName, shortType } from '../state/names.ts';
import type { SearchHit } from '../state/search.ts';
import { searchHits } from '../state/selectors.ts';
import type { State } from '../state/state.ts';
import type { View } from './toolbar.ts';
import './searchBox.css';

/** Hits drawn at a time around the current one. */
const SHOWN = 60;

export interface SearchBox extends View {
  focus(): void;
}

export function createSearchBox(actions: Actions): SearchBox {
  const field = textField({
    label: 'Search operators, types and tensors',
    placeholder: 'Operator, type or tensor',
    class: 'search-field',
    onInput: (value) => actions.search(value),
  });
  const count = element('span', { class: 'search-count' });
  const list = element('div', { class: 'search-hits', role: 'listbox', aria: { label: 'Hits' } });
  const box = element(
    'div',
    { class: 'search', role: 'search', hidden: true },
    element(
      'div',
      { class: 'search-line' },
      field,
      count,
      arrow('Previous hit (Shift+F3)', ICONS.up, () => actions.run('previousHit')),
      arrow('Next hit (F3)', ICONS.down, () => actions.run('nextHit')),
      arrow('Close (Escape)', ICONS.close, () => actions.run('escape')),
    ),
    list,
  );
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') actions.run(event.shiftKey ? 'previousHit' : 'nextHit');
    else if (event.key === 'ArrowDown') actions.run('nextHit');
    else if (event.key === 'ArrowUp') actions.run('previousHit');
    else return;
    event.preventDefault();
  });
  return {
    element: box,
    focus() {
      field.focus();
      (field.shadowRoot?.querySelector('input') as HTMLInputElement | null)?.select();
    },
    update(state, previous) {
      if (state.search === previous?.search && state.document?.graph === previous.document?.graph) {
        return;
      }
      box.hidden = !state.search.open;
      if (box.hidden || !state.document) return;
      if (field.value !== state.search.query) field.value = state.search.query;
      const { hits, total } = searchHits(state);
      const current = state.search.current;
      count.textContent = countText(state.search.query, hits.length, total, current);
      const from = Math.max(0, Math.min(current - SHOWN / 2, hits.length - SHOWN));
      const rows = hits
        .slice(from, from + SHOWN)
        .map((hit, i) => row(state, hit, from + i, current, actions));
      replaceChildren(list, ...rows);
      list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
    },
  };
}

function countText(query: string, listed: number, total: number, current: number): string {
  if (query.trim() === '') return '';
  if (total === 0) return 'No hits';
  const more = total > listed ? ` of ${formatInteger(total)}` : '';
  return listed > 1 && current >= 0 ? `${current + 1} / ${listed}${more}` : plural(total, 'hit');
}

function row(
  state: State,
  hit: SearchHit,
  position: number,
  current: number,
  actions: Actions,
): HTMLElement {
  const graph = state.document!.graph;
  const name = graph.names[hit.operator] || graph.ids[hit.operator] || '';
  const found = hit.field === 'tensor' ? `→ ${hit.text}` : name;
  return element(
    'div',
    {
      class: 'search-hit',
      role: 'option',
      aria: { selected: String(position === current) },
      onClick: () => actions.goToHit(position),
    },
    element('span', { class: 'hit-type', text: shortType(typeName(graph, hit.operator)) }),
    element('span', {
      class: 'hit-text',
      text: displayName(found, 80),
      title: displayName(found, 300),
    }),
  );
}

function arrow(label: string, path: string, onClick: () => void): HTMLElement {
  return button({ appearance: 'icon', label, onClick }, icon(path));
}
