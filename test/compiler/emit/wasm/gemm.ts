// A matrix product as a schedule would leave it: register tile, packed panels, n panel outside, whole K inside.
import { binary, broadcast, literal, load } from '../../../../compiler/loop/expr.ts';
import type { Index } from '../../../../compiler/loop/indexExpr.ts';
import { add, constant, multiply, variable } from '../../../../compiler/loop/indexExpr.ts';
import { globalBuffer, loop, registerTile, store } from '../../../../compiler/loop/ir.ts';
import type { LoopProgram, Stmt } from '../../../../compiler/loop/ir.ts';
import { programOf } from '../../loop/programs.ts';

/** C[m, n] = A[m, k] * B, B packed as [n / (4 * vectors), k, 4 * vectors]. */
export function gemm(
  m: number,
  k: number,
  n: number,
  rows: number,
  vectors: number,
  unroll = 1,
): LoopProgram {
  const width = 4 * vectors;
  const a = globalBuffer('a', 'f32', [constant(m), constant(k)]);
  const b = globalBuffer('b', 'f32', [constant(n / width), constant(k), constant(width)]);
  const c = globalBuffer('c', 'f32', [constant(m), constant(n)]);
  const tile = registerTile('tile', 'f32', [rows, vectors], 4);
  const [panel, block] = ['panel', 'block'].map(variable);
  const step = add(multiply(variable('steps'), unroll), variable('sub'));
  const over = (word: string, body: (y: Index, x: Index) => readonly Stmt[]) =>
    loop(
      `${word}i`,
      constant(rows),
      [
        loop(
          `${word}j`,
          constant(vectors),
          body(variable(`${word}i`), variable(`${word}j`)),
          'unrolled',
        ),
      ],
      'unrolled',
    );
  const row = (at: Index) => add(multiply(block!, rows), at);
  const zero = broadcast(literal('f32', 0), 4);
  const body = [
    { kind: 'local', buffer: tile } as const,
    over('zero', (y, x) => [store(tile, [y, x], zero)]),
    loop('steps', constant(k / unroll), [
      loop(
        'sub',
        constant(unroll),
        [
          over('sum', (y, x) => [
            store(
              tile,
              [y, x],
              binary(
                'add',
                load(tile, [y, x]),
                binary(
                  'mul',
                  broadcast(load(a, [row(y), step]), 4),
                  load(b, [panel!, step, multiply(x, 4)], 4),
                ),
              ),
            ),
          ]),
        ],
        'unrolled',
      ),
    ]),
    over('put', (y, x) => [
      store(c, [row(y), add(multiply(panel!, width), multiply(x, 4))], load(tile, [y, x])),
    ]),
  ];
  const blocks = loop('block', constant(m / rows), body);
  return programOf([a, b], [c], [loop('panel', constant(n / width), [blocks], 'parallel')]);
}

/** Row-major [k, n] as panels. */
export function packed(b: Float32Array, k: number, n: number, width: number): Float32Array {
  const result = new Float32Array(b.length);
  let at = 0;
  for (let panel = 0; panel < n; panel += width) {
    for (let row = 0; row < k; row++) {
      for (let x = 0; x < width; x++) result[at++] = b[row * n + panel + x]!;
    }
  }
  return result;
}
