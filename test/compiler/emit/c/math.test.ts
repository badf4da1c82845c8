// Accuracy of the math functions over all kinds of floats, and that vectors and scalars agree.
import { describe, expect, it } from 'vitest';
import { emitCKernel } from '../../../../compiler/emit/c/emitKernel.ts';
import { applyBinary, applyUnary } from '../../../../compiler/loop/arithmetic.ts';
import type { Expr, UnaryOp } from '../../../../compiler/loop/expr.ts';
import { binary, load, unary } from '../../../../compiler/loop/expr.ts';
import { constant, multiply, variable } from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { programOf } from '../../loop/programs.ts';
import { cCompiler, compileAndRun } from './compileAndRun.ts';
import { floatOfBits, ulps } from './ulp.ts';

/** Largest error in units in the last place. */
const MOST_ULPS: Partial<Record<UnaryOp, number>> = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  tanh: 4,
  erf: 1,
  sin: 1,
  cos: 1,
  tan: 0,
  asin: 0,
  acos: 0,
  atan: 0,
  sinh: 0,
  cosh: 0,
  asinh: 0,
  acosh: 0,
  atanh: 0,
  sqrt: 0,
  round: 0,
  floor: 0,
  ceil: 0,
  trunc: 0,
  abs: 0,
  neg: 0,
  sign: 0,
  roundF16: 0,
  roundBf16: 0,
};

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  Infinity,
  -Infinity,
  Number.NaN,
  1e-45,
  -1e-45,
  1.17549435e-38,
  3.4028235e38,
  -3.4028235e38,
  88.72283,
  88.72284,
  -103.97,
  -103.98,
  -87.33,
  9.01,
  -9.01,
  3.95,
  0.92,
  0.9199999,
  1.5707964,
  3.1415927,
  8192,
  8193,
  1e6,
  65504,
  65519.99,
  65520,
  6.1e-5,
  5.96e-8,
  2.98e-8,
  2.99e-8,
].map(Math.fround);

const points: readonly number[] = (() => {
  const found = [...SPECIAL];
  // Every magnitude, then densely where the functions do something.
  for (let pattern = 0; pattern < 2 ** 32; pattern += 262_147) found.push(floatOfBits(pattern | 0));
  for (let i = -2500; i < 2500; i++) {
    found.push(Math.fround(i / 241), Math.fround(i / 28), Math.fround(1 + i / 5301));
  }
  while (found.length % 16 !== 0) found.push(1);
  return found.map((point) => (Number.isNaN(point) ? Number.NaN : point));
})();

function program(lanes: number, operands: number, of: (...parts: Expr[]) => Expr): LoopProgram {
  const extent = constant(points.length);
  const inputs = ['x', 'y'].slice(0, operands).map((name) => globalBuffer(name, 'f32', [extent]));
  const out = globalBuffer('out', 'f32', [extent]);
  const at = [multiply(variable('i'), lanes)];
  const value = of(...inputs.map((input) => load(input, at, lanes)));
  const body = loop('i', constant(points.length / lanes), [store(out, at, value)], 'parallel');
  return programOf(inputs, [out], [body]);
}

describe.skipIf(cCompiler() === undefined)('math functions in C', () => {
  it('are as exact as they say, in vectors as in scalars', { timeout: 60_000 }, () => {
    const ops = Object.keys(MOST_ULPS) as UnaryOp[];
    const runs = ops.flatMap((op) =>
      [1, 4, 8, 16].map((lanes) => ({
        kernel: emitCKernel(
          `${op}_${lanes}`,
          program(lanes, 1, (x) => unary(op, x)),
        ),
        inputs: [points],
      })),
    );
    const results = compileAndRun(runs);
    const seen: Record<string, number> = {};
    const wrong: string[] = [];
    ops.forEach((op, place) => {
      const exact = points.map((point) => Number(applyUnary(op, 'f64', point)));
      const scalars = results[place * 4]!.outputs[0]!;
      [1, 4, 8, 16].forEach((lanes, i) => {
        results[place * 4 + i]!.outputs[0]!.forEach((actual, at) => {
          const text = `${op}x${lanes}(${points[at]}) = ${actual}`;
          const error = ulps(Number(actual), exact[at]!);
          seen[op] = Math.max(seen[op] ?? 0, error);
          if (error > MOST_ULPS[op]!) wrong.push(`${text}, ${error} ulp from ${exact[at]}`);
          if (!Object.is(actual, scalars[at])) wrong.push(`${text}, scalar ${scalars[at]}`);
        });
      });
    });
    console.log(seen);
    expect(wrong.length, wrong.slice(0, 20).join('\n')).toBe(0);
  });

  it('hold for powers, remainders, minimum and maximum', { timeout: 60_000 }, () => {
    const ops = ['pow', 'min', 'max', 'rem', 'floorMod'] as const;
    const shifted = points.map((_, i) => {
      const other = points[(i * 7919 + 13) % points.length]!;
      if (i % 3 === 1) return Math.fround(((i * 37) % 400) / 40 - 5);
      return i % 3 === 2 ? SPECIAL[((i / 3) % SPECIAL.length) | 0]! : other;
    });
    const lanes = [1, 16];
    const runs = ops.flatMap((op) =>
      lanes.map((width) => ({
        kernel: emitCKernel(
          `${op}_${width}`,
          program(width, 2, (x, y) => binary(op, x!, y!)),
        ),
        inputs: [points, shifted],
      })),
    );
    const wrong: string[] = [];
    let most = 0;
    compileAndRun(runs).forEach(({ outputs: [actual] }, i) => {
      const op = ops[i >> 1]!;
      points.forEach((a, at) => {
        const [b, found] = [shifted[at]!, Number(actual![at])];
        const exact = Number(applyBinary(op, 'f64', a, b));
        const error = ulps(found, op === 'floorMod' ? Math.fround(exact) : exact);
        if (found === 0 && exact === 0) return;
        if (op === 'pow') most = Math.max(most, error);
        if (error > (op === 'pow' || op === 'floorMod' ? 1 : 0)) {
          wrong.push(`${op}x${lanes[i & 1]}(${a}, ${b}) = ${found}, not ${exact}`);
        }
      });
    });
    console.log('pow', most);
    expect(wrong.length, wrong.slice(0, 20).join('\n')).toBe(0);
  });
});
