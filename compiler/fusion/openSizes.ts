/**
 * Sizes that a model leaves open, for a run: it needs numbers, and takes those that planning ranked with unless the
 * user bound others.
 */
import type { PlanEdits } from './plan.ts';

export interface RunSizes {
  /** The edits with every size of the inputs bound. */
  readonly edits: PlanEdits;
  /** What was assumed: 'batch = 1, length = 64'; '' when nothing was. Untrusted text. */
  readonly assumed: string;
}

interface OpenSymbol {
  readonly name: string;
  readonly origin: 'input' | 'data';
  readonly fallback: number;
}

export function bindOpenSizes(edits: PlanEdits, symbols: Iterable<OpenSymbol>): RunSizes {
  const open = [...symbols].filter(
    ({ name, origin }) => origin === 'input' && !Object.hasOwn(edits.bindings, name),
  );
  const assumed = Object.fromEntries(open.map(({ name, fallback }) => [name, fallback]));
  return {
    edits: { ...edits, bindings: { ...assumed, ...edits.bindings } },
    assumed: open.map(({ name, fallback }) => `${name} = ${fallback}`).join(', '),
  };
}
