/**
 * A topological order that keeps the given order wherever it can: an item moves only to stand behind what
 * it needs. Linear in items and dependencies, without recursion (hostile chains are 100,000 long).
 */
export function topologicalOrder(
  count: number,
  dependenciesOf: (item: number) => readonly number[],
): { readonly order: readonly number[] } | { readonly cycle: number } {
  const NEW = 0;
  const OPEN = 1;
  const DONE = 2;
  const state = new Uint8Array(count);
  const order: number[] = [];
  for (let root = 0; root < count; root++) {
    if (state[root] !== NEW) continue;
    const stack = [{ item: root, needs: dependenciesOf(root), next: 0 }];
    state[root] = OPEN;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = top.needs[top.next++];
      if (need === undefined) {
        state[top.item] = DONE;
        order.push(top.item);
        stack.pop();
      } else if (state[need] === OPEN) return { cycle: need };
      else if (state[need] === NEW) {
        state[need] = OPEN;
        stack.push({ item: need, needs: dependenciesOf(need), next: 0 });
      }
    }
  }
  return { order };
}
