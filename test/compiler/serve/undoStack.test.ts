import { expect, test } from 'vitest';
import { UndoStack } from '../../../compiler/serve/undoStack.ts';

test('undo and redo walk the line; a new state cuts it', () => {
  const stack = new UndoStack('a');
  stack.push('b');
  stack.push('c');
  expect(stack.undo()).toBe('b');
  expect([stack.canUndo, stack.canRedo]).toEqual([true, true]);
  stack.push('d');
  expect([stack.current, stack.canRedo]).toEqual(['d', false]);
  expect([stack.undo(), stack.undo(), stack.undo()]).toEqual(['b', 'a', 'a']);
});

test('dirty is the distance from what was saved', () => {
  const stack = new UndoStack('a');
  expect(stack.dirty).toBe(false);
  stack.push('b');
  expect(stack.dirty).toBe(true);
  stack.markSaved();
  stack.push('c');
  stack.undo();
  expect(stack.dirty).toBe(false);
  stack.undo();
  expect(stack.dirty).toBe(true);
});

test('a saved state that was cut off can never be clean again', () => {
  const stack = new UndoStack('a');
  stack.push('b');
  stack.markSaved();
  stack.undo();
  stack.push('c');
  expect(stack.dirty).toBe(true);
});
