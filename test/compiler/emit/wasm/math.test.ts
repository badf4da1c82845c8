// Accuracy of the module's own functions on f32 over all magnitudes; scalar and vector forms give the same bits.
import { expect, it } from 'vitest';
import { erf } from '../../../../compiler/loop/errorFunction.ts';
import type { UnaryOp } from '../../../../compiler/loop/expr.ts';
import { load, unary } from '../../../../compiler/loop/expr.ts';
import { constant, multiply, variable } from '../../../../compiler/loop/indexExpr.ts';
import { globalBuffer, loop, store } from '../../../../compiler/loop/ir.ts';
import { Random } from '../../lower/randomGraphs.ts';
import { programOf } from '../../loop/programs.ts';
import { ulpsBetween } from './comparing.ts';
import { runInWasm } from './runInWasm.ts';

const COUNT = 20_000;

function points(): readonly number[] {
  const random = new Random(7);
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  return Array.from({ length: COUNT }, (_, i) => {
    // Every third: any bits; the others: where functions are neither 0 nor infinite.
    if (i % 3 === 0) word[0] = random.below(2 ** 32);
    else float[0] = (random.below(2 ** 24) / 2 ** 23 - 1) * (i % 3 === 1 ? 2 : 100);
    return float[0]!;
  });
}

function compute(
  op: UnaryOp,
  inputs: readonly number[],
  lanes: number,
  storeVectors = false,
): readonly number[] {
  const x = globalBuffer('x', 'f32', [constant(COUNT)]);
  const y = globalBuffer('y', 'f32', [constant(COUNT)]);
  const at = [multiply(variable('i'), lanes)];
  const body = [store(y, at, unary(op, load(x, at, lanes)))];
  const program = programOf([x], [y], [loop('i', constant(COUNT / lanes), body)]);
  return runInWasm(program, [inputs], {}, { storeVectors })[0]! as readonly number[];
}

it.each([
  ['exp', 1, Math.exp],
  ['expm1', 3, Math.expm1],
  ['log', 1, Math.log],
  ['log1p', 3, Math.log1p],
  ['tanh', 5, Math.tanh],
  ['erf', 2, erf],
] as const)('%s within %d ulp', (op, most, exact) => {
  const inputs = points();
  const scalar = compute(op, inputs, 1);
  const vector = compute(op, inputs, 4);
  const stored = compute(op, inputs, 4, true);
  expect(scalar.filter((value, i) => !Object.is(value, vector[i]))).toEqual([]);
  expect(stored).toEqual(vector);
  let worst = { ulps: 0, at: 0 };
  inputs.forEach((x, i) => {
    const ulps = ulpsBetween(scalar[i]!, Math.fround(exact(x)));
    if (ulps > worst.ulps) worst = { ulps, at: x };
  });
  console.log(`${op}: ${worst.ulps} ulp at ${worst.at}`);
  expect(worst.ulps, `at ${worst.at}`).toBeLessThanOrEqual(most);
});
