/**
 * Elements without markup: texts from models go in as text, never as HTML. The one place where the page's
 * DOM is made.
 */

export type Child = Node | string | null | undefined | false;

export interface Attributes {
  readonly class?: string;
  readonly text?: string;
  readonly title?: string;
  readonly id?: string;
  readonly role?: string;
  readonly tabIndex?: number;
  readonly hidden?: boolean;
  readonly aria?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly onClick?: (event: MouseEvent) => void;
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return decorate(document.createElement(name), attributes, children);
}

export function decorate<E extends HTMLElement>(
  target: E,
  attributes: Attributes,
  children: readonly Child[] = [],
): E {
  if (attributes.class !== undefined) target.className = attributes.class;
  if (attributes.title !== undefined) target.title = attributes.title;
  if (attributes.id !== undefined) target.id = attributes.id;
  if (attributes.role !== undefined) target.setAttribute('role', attributes.role);
  if (attributes.tabIndex !== undefined) target.tabIndex = attributes.tabIndex;
  if (attributes.hidden !== undefined) target.hidden = attributes.hidden;
  for (const [name, value] of Object.entries(attributes.aria ?? {})) {
    target.setAttribute(`aria-${name}`, value);
  }
  for (const [name, value] of Object.entries(attributes.data ?? {})) target.dataset[name] = value;
  if (attributes.onClick) target.addEventListener('click', attributes.onClick);
  if (attributes.text !== undefined) target.textContent = attributes.text;
  append(target, children);
  return target;
}

export function append(target: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) target.append(child);
  }
}

export function replaceChildren(target: Element, ...children: readonly Child[]): void {
  target.replaceChildren();
  append(target, children);
}

/** As `replaceChildren`; the keyboard stays on the control that has the same name afterwards. */
export function refill(target: HTMLElement, ...children: readonly Child[]): void {
  const { activeElement } = document;
  const focused = activeElement && target.contains(activeElement) ? nameOf(activeElement) : null;
  replaceChildren(target, ...children);
  if (focused === null) return;
  const again = [...target.querySelectorAll<HTMLElement>('*')].find(
    (each) => nameOf(each) === focused,
  );
  again?.focus({ preventScroll: true });
}

function nameOf(control: Element): string {
  return `${control.localName} ${control.getAttribute('aria-label') ?? control.textContent}`;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A picture of lines on a 16 x 16 grid, in the text's colour; decoration only. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('width', '16');
  svg.setAttribute('height', '16');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** Paths for `icon`. */
export const ICONS = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9M10.5 10.5L14 14',
  zoomIn: 'M8 3V13M3 8H13',
  zoomOut: 'M3 8H13',
  top: 'M3 3H13M8 13V5M4.5 8.5L8 5L11.5 8.5',
  expand: 'M4 6L8 2.5L12 6M4 10L8 13.5L12 10',
  collapse: 'M4 2.5L8 6L12 2.5M4 13.5L8 10L12 13.5',
  panel: 'M2.5 3H13.5V13H2.5ZM10 3V13',
  undo: 'M6 3L2.5 6.5L6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6',
  redo: 'M10 3L13.5 6.5L10 10M13.5 6.5H6a3.5 3.5 0 0 0 0 7H10',
  save: 'M2.5 2.5H11L13.5 5V13.5H2.5ZM5 2.5V6H10V2.5M5 13.5V9.5H11V13.5',
  replan: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5V5H10.5',
  run: 'M4.5 2.5L13 8L4.5 13.5Z',
  close: 'M4 4L12 12M12 4L4 12',
  up: 'M4 10L8 6L12 10',
  down: 'M4 6L8 10L12 6',
} as const;
