// Accuracy of the math functions on an OpenCL device, over all kinds of floats, as scalars and in vectors. Devices flush
// subnormal numbers if they like and need not be as exact as the processor's own library.
import { describe, expect, it } from 'vitest';
import { emitGpuKernel } from '../../../../compiler/emit/opencl/emitKernel.ts';
import { applyBinary, applyUnary } from '../../../../compiler/loop/arithmetic.ts';
import type { Expr, UnaryOp } from '../../../../compiler/loop/expr.ts';
import { binary, load, unary } from '../../../../compiler/loop/expr.ts';
import { constant, multiply, variable } from '../../../../compiler/loop/indexExpr.ts';
import type { LoopProgram } from '../../../../compiler/loop/ir.ts';
import { globalBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { programOf } from '../../loop/programs.ts';
import { floatOfBits, ulps } from '../c/ulp.ts';
import { openclLacks, suiteName } from './openclLacks.ts';
import { runOnDevice } from './runOnDevice.ts';

/** Largest error in units in the last place: of our own functions, and of OpenCL's as its standard bounds them. */
const MOST_ULPS: Partial<Record<UnaryOp, number>> = {
  exp: 2,
  expm1: 2,
  log: 2,
  log1p: 2,
  tanh: 5,
  erf: 2,
  sin: 4,
  cos: 4,
  tan: 5,
  asin: 4,
  acos: 4,
  atan: 5,
  sinh: 4,
  cosh: 4,
  asinh: 4,
  acosh: 4,
  atanh: 5,
};
const MOST_ULPS_OF_POWERS = 16;

const points: readonly number[] = (() => {
  const found = [0, -0, Infinity, -Infinity, Number.NaN, 88.72283, -103.97, 9.01, 3.95, 8193, 1e6];
  for (let pattern = 0; pattern < 2 ** 32; pattern += 1_000_003)
    found.push(floatOfBits(pattern | 0));
  for (let i = -1000; i < 1000; i++) found.push(i / 96, i / 11, 1 + i / 2101);
  while (found.length % 8 !== 0) found.push(1);
  return found.map((point) => (Number.isNaN(point) ? Number.NaN : Math.fround(point)));
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

const SMALLEST = 2 ** -126;

/** An error that is not for the device to decide. */
function isWrong(actual: number, exact: number, most: number): boolean {
  if (Math.abs(exact) < 2 * SMALLEST) return !(Math.abs(actual) <= 4 * SMALLEST);
  return ulps(actual, exact) > most;
}

describe.skipIf(openclLacks() !== undefined)(suiteName('math functions in OpenCL'), () => {
  it('are as exact as the standard asks', { timeout: 120_000 }, () => {
    const ops = Object.keys(MOST_ULPS) as UnaryOp[];
    const unaries = ops.flatMap((op) =>
      [1, 8].map((lanes) => ({
        op,
        kernel: emitGpuKernel(
          `${op}_${lanes}`,
          program(lanes, 1, (x) => unary(op, x)),
        ),
        inputs: [points],
      })),
    );
    const powers = [1, 4].map((lanes) => ({
      kernel: emitGpuKernel(
        `pow_${lanes}`,
        program(lanes, 2, (x, y) => binary('pow', x!, y!)),
      ),
      inputs: [points, points.map((_, i) => Math.fround(((i * 37) % 400) / 40 - 5))],
    }));
    const runs = [...unaries, ...powers];
    const wrong: string[] = [];
    runOnDevice(runs).forEach(({ outputs }, i) => {
      const { kernel, inputs } = runs[i]!;
      const op = unaries[i]?.op;
      points.forEach((point, at) => {
        // Subnormal operands may be taken for zero.
        if (point !== 0 && Math.abs(point) < SMALLEST) return;
        const actual = Number(outputs[0]![at]);
        const exact =
          op === undefined
            ? applyBinary('pow', 'f64', point, inputs[1]![at]!)
            : applyUnary(op, 'f64', point);
        const most = op === undefined ? MOST_ULPS_OF_POWERS : MOST_ULPS[op]!;
        if (!isWrong(actual, Number(exact), most)) return;
        wrong.push(`${kernel.name}(${point}, ${inputs[1]?.[at]}) = ${actual}, not ${exact}`);
      });
    });
    expect(wrong.length, wrong.slice(0, 20).join('\n')).toBe(0);
  });
});
