/**
 * Layouts of constant operands: the reduction in the order in which a product walks it, the operand's own axes innermost,
 * so that neighbouring items read neighbouring weights.
 */
import type { Index } from '../../loop/indexExpr.ts';
import type { Layout } from '../../loop/layout.ts';
import type { Access, Nest } from '../nest.ts';
import { dependsOn } from '../nest.ts';
import type { Loop } from '../transform/place.ts';
import type { Contraction } from './contraction.ts';

/** By name of a constant that the product reads element by element. */
export function packsOf(
  { rows, columns, batch }: Contraction,
  order: readonly Loop[],
  nest: Nest,
  constants: ReadonlySet<string>,
): ReadonlyMap<string, Layout> {
  const packs = new Map<string, Layout>();
  for (const operand of [rows, columns]) {
    for (const access of nest.accesses) {
      const { name } = access.buffer;
      if (access.kind !== 'load' || access.inner.length === 0 || !constants.has(name)) continue;
      if (!operand.axes.some(({ variable }) => dependsOn(access, variable))) continue;
      const layout = layoutOf(access, [...batch, ...order, ...operand.axes]);
      if (layout !== undefined && !packs.has(name)) packs.set(name, layout);
    }
  }
  return packs;
}

/** Of a row reduction: constants whose reduction is innermost in memory, so that a group's items read side by side. */
export function rowPacks(
  { accesses, axes, inner }: Nest,
  constants: ReadonlySet<string>,
): ReadonlyMap<string, Layout> {
  const packs = new Map<string, Layout>();
  for (const access of accesses) {
    const { name } = access.buffer;
    if (access.kind !== 'load' || !constants.has(name) || packs.has(name)) continue;
    if (!inner.every(({ variable }) => dependsOn(access, variable))) continue;
    const layout = layoutOf(access, [...axes, ...inner]);
    if (layout !== undefined) packs.set(name, layout);
  }
  return packs;
}

/** `undefined` where an index is more than one loop's variable, or memory has the order already. */
function layoutOf(
  { indices }: Access,
  order: readonly { readonly variable: string }[],
): Layout | undefined {
  const rank = (index: Index): number | undefined => {
    if (index.kind === 'constant') return -1;
    const at =
      index.kind === 'variable' ? order.findIndex(({ variable }) => variable === index.name) : -1;
    return at < 0 ? undefined : at;
  };
  const ranks = indices.map(rank);
  if (ranks.includes(undefined)) return undefined;
  const axes = indices.map((_, axis) => axis).sort((a, b) => ranks[a]! - ranks[b]!);
  return axes.every((axis, at) => axis === at) ? undefined : axes.map((axis) => ({ axis }));
}
