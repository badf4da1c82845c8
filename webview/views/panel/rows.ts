/** Small pieces of the side panel: names with values, links into the graph, foldable sections. */
import { element } from '../../ui/dom.ts';
import type { Child } from '../../ui/dom.ts';
import { displayName } from '../../state/names.ts';

/** Longest value shown; the rest is in the title. */
const VALUE_LIMIT = 160;

export function table(
  rows: readonly (readonly [name: string, value: string | Node | null | undefined])[],
): HTMLElement {
  const list = element('dl', { class: 'pairs' });
  for (const [name, value] of rows) {
    if (value === null || value === undefined || value === '') continue;
    const text = typeof value === 'string' ? displayName(value, VALUE_LIMIT) : undefined;
    const title = typeof value === 'string' ? displayName(value, 1000) : undefined;
    list.append(
      element('dt', { text: displayName(name, 60), title: displayName(name, 300) }),
      text === undefined
        ? element('dd', {}, value)
        : element('dd', { text, ...(title === undefined ? {} : { title }) }),
    );
  }
  return list;
}

/** A button that looks like a link: goes somewhere in the graph. */
export function link(text: string, title: string, onClick: () => void): HTMLButtonElement {
  const control = element('button', {
    class: 'link',
    text: displayName(text, 80),
    title: displayName(title, 300),
    onClick,
  });
  control.type = 'button';
  return control;
}

export function heading(text: string): HTMLElement {
  return element('h3', { text });
}

export interface Section {
  readonly element: HTMLDetailsElement;
  readonly body: HTMLElement;
  setTitle(text: string): void;
}

export function section(title: string, open: boolean): Section {
  const summary = element('summary', { text: title });
  const body = element('div', { class: 'section-body' });
  const box = element('details', { class: 'section' }, summary, body);
  box.open = open;
  return {
    element: box,
    body,
    setTitle(text) {
      if (summary.textContent !== text) summary.textContent = text;
    },
  };
}

export function list(...children: readonly Child[]): HTMLElement {
  return element('ul', { class: 'rows' }, ...children);
}
