/** The context menu, by pointer or keyboard (Shift+F10, the menu key), with the roles screen readers expect. */
import { element, replaceChildren } from '../ui/dom.ts';
import type { Actions } from '../state/actions.ts';
import type { Menu, MenuItem } from '../state/menuItems.ts';
import './contextMenu.css';

export interface ContextMenu {
  readonly element: HTMLElement;
  open(menu: Menu, x: number, y: number, title?: string): void;
  close(): boolean;
}

export function createContextMenu(actions: Actions, closed: () => void): ContextMenu {
  const box = element('div', { class: 'menu', role: 'menu', hidden: true, tabIndex: -1 });

  const close = (): boolean => {
    if (box.hidden) return false;
    box.hidden = true;
    closed();
    return true;
  };
  const items = (): HTMLElement[] => [...box.querySelectorAll<HTMLElement>('[role="menuitem"]')];
  const move = (step: number): void => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  box.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') move(1);
    else if (event.key === 'ArrowUp') move(-1);
    else if (event.key === 'Home') items()[0]?.focus();
    else if (event.key === 'End') items().at(-1)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (event.key === 'Enter' || event.key === ' ') {
      (document.activeElement as HTMLElement | null)?.click();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  window.addEventListener('pointerdown', (event) => {
    if (!box.hidden && !box.contains(event.target as Node)) close();
  });
  window.addEventListener('blur', () => close());

  const perform = ({ does }: MenuItem): void => {
    switch (does.kind) {
      case 'edit':
        return actions.edit(does.request, does.anchor, does.pair);
      case 'command':
        return actions.run(does.command);
      case 'goTo':
        return actions.goToOperator(does.operator);
      case 'kernel':
        return actions.showKernel(does.block);
      case 'target':
        return actions.setTarget(does.target);
      case 'toggle':
        return actions.toggleBlock(does.block);
    }
  };
  const row = (item: MenuItem): HTMLElement =>
    element(
      'div',
      {
        class: 'menu-item',
        role: 'menuitem',
        tabIndex: -1,
        ...(item.disabled === undefined ? {} : { title: item.disabled }),
        aria: { disabled: String(item.disabled !== undefined) },
        onClick: () => {
          if (item.disabled !== undefined) return;
          close();
          perform(item);
        },
      },
      element('span', { class: 'menu-label', text: item.label }),
      element('kbd', { text: item.key ?? '' }),
    );

  return {
    element: box,
    close,
    open(menu, x, y, title) {
      const children: HTMLElement[] = [];
      if (title !== undefined) children.push(element('div', { class: 'menu-title', text: title }));
      menu.forEach((group, i) => {
        if (i > 0) children.push(element('div', { class: 'menu-line', role: 'separator' }));
        children.push(...group.map(row));
      });
      replaceChildren(box, ...children);
      box.hidden = false;
      const { width, height } = box.getBoundingClientRect();
      box.style.left = `${Math.max(4, Math.min(x, window.innerWidth - width - 4))}px`;
      box.style.top = `${Math.max(4, Math.min(y, window.innerHeight - height - 4))}px`;
      items()[0]?.focus();
    },
  };
}
