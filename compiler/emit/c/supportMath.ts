/**
 * Math functions.
 */
import type { SupportMaker, SupportTable } from './supportCall.ts';

/** By the math library, in double: rare functions, and all of f64. */
function doubles(own: string, operands = 1): SupportMaker {
  return ({ type, lanes, name }) => {
    if (lanes > 1 || (type !== 'f32' && type !== 'f64')) return undefined;
    const names = ['a', 'b'].slice(0, operands);
    const t = type === 'f32' ? 'float' : 'double';
    const list = names.map((each) => `${t} ${each}`).join(', ');
    return `INLINE ${t} ${name}(${list}) {\n  return (${t})${own}(${names.join(', ')});\n}`;
  };
}

export const MATH_SUPPORT: SupportTable = {
  exp: doubles('exp'),
  expm1: doubles('expm1'),
  log: doubles('log'),
  log1p: doubles('log1p'),
  erf: doubles('erf'),
  sin: doubles('sin'),
  cos: doubles('cos'),
  tan: doubles('tan'),
  asin: doubles('asin'),
  acos: doubles('acos'),
  atan: doubles('atan'),
  sinh: doubles('sinh'),
  cosh: doubles('cosh'),
  tanh: doubles('tanh'),
  asinh: doubles('asinh'),
  acosh: doubles('acosh'),
  atanh: doubles('atanh'),
  pow: doubles('pow', 2),
};
