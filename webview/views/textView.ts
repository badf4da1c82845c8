/** A long text over the page, for hosts without editors of their own: the source of a kernel. */
import { button } from '../ui/controls.ts';
import { ICONS, element, icon } from '../ui/dom.ts';
import './textView.css';

export interface TextView {
  readonly element: HTMLElement;
  show(title: string, text: string): void;
}

/** @param closed gives the keyboard back */
export function createTextView(closed: () => void): TextView {
  const title = element('h2');
  const text = element('pre', { tabIndex: 0 });
  const dialog = document.createElement('dialog');
  dialog.className = 'text-view';
  const close = button(
    { appearance: 'icon', label: 'Close (Escape)', onClick: () => dialog.close() },
    icon(ICONS.close),
  );
  dialog.append(element('header', {}, title, close), text);
  // Keys of the graph must not act behind the dialog.
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  dialog.addEventListener('close', closed);
  return {
    element: dialog,
    show(name, content) {
      title.textContent = name;
      text.textContent = content;
      dialog.setAttribute('aria-label', name);
      dialog.showModal();
      text.scrollTop = 0;
      text.focus();
    },
  };
}
