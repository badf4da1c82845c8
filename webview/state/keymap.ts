/** Which key means which command. Pure, so that the table can be tested and shown in tooltips. */
import type { Command } from './actions.ts';

export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Where the keyboard's focus is: typing must not cut edges. */
export type Focus = 'graph' | 'text' | 'elsewhere';

const GRAPH_KEYS: Readonly<Record<string, Command>> = {
  f: 'fuse',
  x: 'cut',
  s: 'toggleSeed',
  n: 'toggleNoSeed',
  p: 'togglePin',
  e: 'toggleExpand',
  enter: 'toggleExpand',
  'shift+e': 'expandAll',
  'shift+c': 'collapseAll',
  arrowup: 'up',
  arrowdown: 'down',
  arrowleft: 'left',
  arrowright: 'right',
  home: 'goToTop',
  '+': 'zoomIn',
  'shift++': 'zoomIn',
  '=': 'zoomIn',
  '-': 'zoomOut',
  '0': 'zoomReset',
  'shift+f10': 'menu',
  contextmenu: 'menu',
  r: 'run',
  t: 'toggleTimes',
  k: 'showKernel',
  '/': 'search',
  'shift+/': 'search',
  'shift+)': 'fit',
  'shift+0': 'fit',
};

const GLOBAL_KEYS: Readonly<Record<string, Command>> = {
  'ctrl+f': 'search',
  escape: 'escape',
  f3: 'nextHit',
  'shift+f3': 'previousHit',
};

/** Only where the page has its own undo stack (the studio); VS Code has its own keys. */
const STUDIO_KEYS: Readonly<Record<string, Command>> = {
  'ctrl+z': 'undo',
  'ctrl+shift+z': 'redo',
  'ctrl+y': 'redo',
  'ctrl+s': 'save',
};

export function commandOfKey(event: Key, focus: Focus, ownUndo: boolean): Command | undefined {
  const name = keyName(event);
  const global = GLOBAL_KEYS[name];
  if (global) return global;
  // Text fields have their own undo, but nothing to save.
  if (ownUndo && (focus !== 'text' || name === 'ctrl+s')) {
    const studio = STUDIO_KEYS[name];
    if (studio) return studio;
  }
  return focus === 'graph' ? GRAPH_KEYS[name] : undefined;
}

/** 'ctrl+shift+z'; the command key of a Mac counts as ctrl. */
export function keyName(event: Key): string {
  const key = event.key.toLowerCase();
  const ctrl = event.ctrlKey || event.metaKey ? 'ctrl+' : '';
  const alt = event.altKey ? 'alt+' : '';
  const shift = event.shiftKey && key !== 'shift' ? 'shift+' : '';
  return `${ctrl}${alt}${shift}${key}`;
}
