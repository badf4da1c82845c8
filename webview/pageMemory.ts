/**
 * What outlives a page: VS Code throws a hidden page away and keeps one small state for it. Parts of the page
 * that remember something have a slot of their own in it.
 */

/** One slot, or the whole state: `getState` and `setState` of a VS Code webview. */
export interface PageMemory {
  read(): unknown;
  write(value: unknown): void;
}

export function memorySlot(whole: PageMemory, name: string): PageMemory {
  const slots = (): Record<string, unknown> => {
    const value = whole.read();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  };
  return {
    read: () => slots()[name],
    write: (value) => whole.write({ ...slots(), [name]: value }),
  };
}
