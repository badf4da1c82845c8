// What inner loops are spared: divisions of the loop variable, and broadcasts of their own.
import { describe, expect, it } from 'vitest';
import { divisorOf } from '../../../../compiler/emit/wasm/divisors.ts';
import { splatNames } from '../../../../compiler/emit/wasm/splats.ts';
import { binary, broadcast, load, read } from '../../../../compiler/loop/expr.ts';
import type { Expr } from '../../../../compiler/loop/expr.ts';
import { add, constant, floorDiv, mod, variable } from '../../../../compiler/loop/indexExpr.ts';
import type { Stmt } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { programOf, run } from '../../loop/programs.ts';
import { runInWasm } from './runInWasm.ts';

const N = 48;
const [x, w, y] = [
  globalBuffer('x', 'f32', [constant(6), constant(2), constant(8)]),
  globalBuffer('w', 'f32', [constant(N), constant(4)]),
  globalBuffer('y', 'f32', [constant(2), constant(N), constant(4)]),
];
const k = variable('k');
const row = variable('row');

/** y[row, k] = all lanes of x[k div 8, row, k mod 8] times w[k]. */
function body(divisor: number, other?: Expr): Stmt[] {
  const element = load(x, [floorDiv(k, divisor), row, mod(k, divisor)]);
  const product = binary('mul', broadcast(read('a', 'f32'), 4), load(w, [k, constant(0)], 4));
  return [
    { kind: 'let', name: 'a', value: element },
    store(y, [row, k, constant(0)], product),
    ...(other === undefined ? [] : [store(y, [row, k, constant(1)], other)]),
  ];
}

describe('a divided loop variable', () => {
  it('is a block and what is inside of it where both are whole', () => {
    expect(divisorOf('k', N, body(8))).toBe(8);
    expect(divisorOf('k', 44, body(8))).toBeUndefined();
    expect(divisorOf('k', 8, body(8))).toBeUndefined();
    expect(divisorOf('row', N, body(8))).toBeUndefined();
  });

  it('is left alone where only a sum is divided', () => {
    const sum = load(x, [floorDiv(add(k, 1), 8), row, mod(add(k, 1), 8)]);
    expect(divisorOf('k', N, [store(y, [row, k, constant(0)], sum)])).toBeUndefined();
  });

  it('gives what the interpreter gives', () => {
    const program = programOf(
      [x, w],
      [y],
      [loop('row', constant(2), [loop('k', constant(N), body(8))])],
    );
    const inputs = [96, 4 * N].map((count) =>
      Array.from({ length: count }, (_, i) => ((i * 7) % 23) - 11),
    );
    expect(runInWasm(program, inputs)).toEqual(run(program, inputs));
  });
});

describe('a scalar that is read as all lanes', () => {
  it('is loaded as such where nothing else reads it', () => {
    expect([...splatNames(body(8))]).toEqual([['a', 4]]);
    expect([...splatNames(body(8, read('a', 'f32')))]).toEqual([]);
  });

  it('is a scalar where its broadcasts differ', () => {
    const narrow = store(y, [row, k, constant(0)], broadcast(read('a', 'f32'), 2));
    expect([...splatNames([...body(8), narrow])]).toEqual([]);
  });
});
