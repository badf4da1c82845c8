/**
 * What a module of kernels imports: `memory.memory`, and rare functions of doubles under `math`.
 */
import { erf } from '../../loop/errorFunction.ts';

type Double = (a: number, b: number) => number;

/** Every function that a module may import; the engine knows those of `Math` and calls them directly. */
export const MATH_IMPORTS: Readonly<Record<string, Double>> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  erf,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  pow: Math.pow,
  rem: (a, b) => a % b,
};

/** The import object for `new WebAssembly.Instance`. */
export function importsOf<Memory>(memory: Memory) {
  return { memory: { memory }, math: MATH_IMPORTS };
}
