/**
 * The middle stage of Winograd's algorithm: for each point of the domain a product of matrices, inputs of all tiles of the
 * block by filters.
 */
import type { Buffer } from '../../loop/expr.ts';
import { binary, literal, load, read } from '../../loop/expr.ts';
import { add, constant, multiply, variable } from '../../loop/indexExpr.ts';
import type { Stmt } from '../../loop/ir.ts';
import { loop, store } from '../../loop/ir.ts';
import type { Block } from './block.ts';
import { channelsInside, loopOver, nestOf, rowMajor } from './block.ts';

export function multiplyPoints(
  block: Block,
  inputs: Buffer,
  filter: Buffer,
  products: Buffer,
): Stmt {
  const { names, domain, depth, tiles } = block;
  const { channel, filterIndices } = block.conv;
  const { axes, index, indices } = block.summed();
  const own = block.fresh(channel);
  const [i, j, t] = ['point', 'point', 'tile'].map((name) => names.fresh(name)) as [
    string,
    string,
    string,
  ];
  const point = add(multiply(variable(i), domain), variable(j));
  const places = new Map([...indices, [channel.variable, variable(own.variable)]]);
  const filterAt = filterIndices.map((of) =>
    of.kind === 'variable' ? (places.get(of.name) ?? of) : of,
  );
  const sum = names.fresh('sum');
  const a = load(inputs, [point, add(multiply(variable(t), depth), index)]);
  const b = load(filter, [...filterAt, variable(i), variable(j)]);
  const product: Stmt = {
    kind: 'assign',
    name: sum,
    value: binary('add', read(sum, 'f32'), binary('mul', a, b)),
  };
  return nestOf(
    [[i, constant(domain)], [j, constant(domain)], [t, constant(tiles)], loopOver(own)],
    [
      { kind: 'variable', name: sum, initial: literal('f32', 0) },
      channelsInside(axes).reduceRight<Stmt>(
        (inner, axis) => loop(axis.variable, constant(axis.extent), [inner]),
        product,
      ),
      store(products, [point, rowMajor(variable(t), own.extent, own.variable)], read(sum, 'f32')),
    ],
  );
}
