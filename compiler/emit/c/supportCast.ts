/**
 * Conversions between types, `to_TARGET_SOURCE`: to floats they round to nearest even, from floats to integers
 * they truncate and saturate (NaN: 0), between integers they wrap.
 */
import type { ScalarType } from '../../loop/scalarType.ts';
import { integerRange, isFloat, SCALAR_TYPES } from '../../loop/scalarType.ts';
import { cType, integerOf } from './cTypes.ts';
import type { SupportCall, SupportMaker, SupportTable } from './supportCall.ts';

function converter(to: ScalarType): SupportMaker {
  return (call) => {
    const from = call.type as ScalarType;
    if (!(from in SCALAR_TYPES)) return undefined;
    return call.lanes === 1 ? scalarCast(to, from, call.name) : vectorCast(to, from, call);
  };
}

function scalarCast(to: ScalarType, from: ScalarType, name: string): string {
  const t = cType(to);
  const head = `INLINE ${t} ${name}(${cType(from)} a) {\n`;
  if (to === 'bool') return `${head}  return a != 0;\n}`;
  if (isFloat(to) || !isFloat(from)) return `${head}  return (${t})a;\n}`;
  const { least, above, min, max } = limits(to, from);
  return `${head}  if (a != a) return 0;
  if (a < ${least}) return ${min};
  return a >= ${above} ? ${max} : (${t})a;
}`;
}

function vectorCast(to: ScalarType, from: ScalarType, { lanes, name }: SupportCall): string {
  const [v, source] = [cType(to, lanes), cType(from, lanes)];
  const head = `INLINE ${v} ${name}(${source} a) {\n`;
  const convert = (value: string, type: string): string =>
    `__builtin_convertvector(${value}, ${type})`;
  if (to === 'bool') return `${head}  return ne_${from}x${lanes}(a, (${source}){0});\n}`;
  if (from === 'bool') {
    const ones = 'a & 1';
    return `${head}  return ${to === 'i32' ? ones : convert(ones, v)};\n}`;
  }
  if (isFloat(to) || !isFloat(from)) return `${head}  return ${convert('a', v)};\n}`;
  const { bits } = SCALAR_TYPES[to];
  if (bits <= 16) {
    // All values of the type are floats: saturated there, then exact.
    const [min, max] = integerRange(to);
    const s = `${from}x${lanes}`;
    const within = `at_most_${s}(splat_${s}(${max}), at_least_${s}(splat_${s}(${min}), a))`;
    const wide = `i32x${lanes}`;
    return `${head}  const ${source} number = select_${s}(eq_${s}(a, a), a, (${source}){0});
  const ${source} within = ${within.replace(', a)', ', number)')};
  return ${convert(convert('within', wide), v)};
}`;
  }
  if (to === 'i32' && from === 'f32') {
    const s = `f32x${lanes}`;
    return `${head}  const i32x${lanes} fits = (a >= -0x1p31f) & (a < 0x1p31f);
  const i32x${lanes} whole = ${convert(`select_${s}(fits, a, (${s}){0})`, v)};
  const i32x${lanes} saturated = ((a >= 0x1p31f) & INT32_MAX) | ((a < -0x1p31f) & INT32_MIN);
  return whole | saturated;
}`;
  }
  return `${head}  ${v} result = {0};
  for (int lane = 0; lane < ${lanes}; lane++) {
    result[lane] = ${name.replace(/x\d+$/, '')}(a[lane]);
  }
  return result;
}`;
}

/** Of a cast from a float type: below `least` and from `above` on it saturates; both are exact floats. */
function limits(to: ScalarType, from: ScalarType) {
  const { bits, kind } = SCALAR_TYPES[to];
  const suffix = from === 'f32' ? 'f' : '';
  const name = integerOf(to, kind === 'signed' ? 'i' : 'u').toUpperCase();
  const macro = name.replace(/^I/, 'INT').replace(/^U/, 'UINT');
  if (kind !== 'signed') {
    return { least: '0', above: `0x1p${bits}${suffix}`, min: '0', max: `${macro}_MAX` };
  }
  const power = `0x1p${bits - 1}${suffix}`;
  return { least: `-${power}`, above: power, min: `${macro}_MIN`, max: `${macro}_MAX` };
}

export const CAST_SUPPORT: SupportTable = Object.fromEntries(
  (Object.keys(SCALAR_TYPES) as ScalarType[]).map((to) => [`to_${to}`, converter(to)]),
);
