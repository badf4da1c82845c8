import { describe, expect, it } from 'vitest';
import { commandOfKey } from '../../../webview/state/keymap.ts';
import type { Focus, Key } from '../../../webview/state/keymap.ts';

function press(text: string, focus: Focus = 'graph', ownUndo = true): string | undefined {
  const parts = text.split('+');
  const key = parts.at(-1)!;
  const event: Key = {
    key,
    shiftKey: parts.includes('Shift'),
    ctrlKey: parts.includes('Ctrl'),
    metaKey: parts.includes('Meta'),
    altKey: parts.includes('Alt'),
  };
  return commandOfKey(event, focus, ownUndo);
}

describe('keys', () => {
  it.each([
    ['f', 'fuse'],
    ['x', 'cut'],
    ['s', 'toggleSeed'],
    ['n', 'toggleNoSeed'],
    ['p', 'togglePin'],
    ['Enter', 'toggleExpand'],
    ['Shift+E', 'expandAll'],
    ['/', 'search'],
    ['Ctrl+f', 'search'],
    ['Shift+F10', 'menu'],
    ['ContextMenu', 'menu'],
    ['ArrowUp', 'up'],
    ['Home', 'goToTop'],
    ['Escape', 'escape'],
    ['Ctrl+z', 'undo'],
    ['Meta+Shift+Z', 'redo'],
    ['Ctrl+s', 'save'],
  ])('%s: %s', (key, command) => expect(press(key)).toBe(command));

  it('typing into a field edits the field', () => {
    expect(press('x', 'text')).toBeUndefined();
    expect(press('Ctrl+z', 'text')).toBeUndefined();
    expect(press('Ctrl+s', 'text')).toBe('save');
    expect(press('Escape', 'text')).toBe('escape');
  });
  it('leaves undo and save to VS Code there', () => {
    expect(press('Ctrl+z', 'graph', false)).toBeUndefined();
    expect(press('Ctrl+s', 'graph', false)).toBeUndefined();
  });
  it('does not take keys with other modifiers', () => {
    expect(press('Ctrl+x')).toBeUndefined();
    expect(press('Alt+f')).toBeUndefined();
    expect(press('f', 'elsewhere')).toBeUndefined();
  });
});
