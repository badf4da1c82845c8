/**
 * Support functions of OpenCL kernels: the scalar ones are those of C; of vectors each lane is computed by the scalar
 * function, which is what a GPU does anyway.
 */
import type { ScalarType, StorageType } from '../../loop/scalarType.ts';
import { INDEX_SUPPORT } from '../c/indexText.ts';
import { cStorage, cType } from '../c/cTypes.ts';
import { makeSupport, SUPPORT_CALL } from '../c/support.ts';
import type { SupportCall } from '../c/supportCall.ts';

const COMPARISONS = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);
const PREDICATES = new Set(['is_nan', 'is_infinite']);
const REDUCTIONS: Readonly<Record<string, string>> = {
  sum: 'add',
  product: 'mul',
  least: 'min',
  most: 'max',
};

/** Definitions of all functions that the text calls, in the order that C needs. */
export function openclSupport(text: string): readonly string[] {
  const done = new Map<string, string>();
  const visit = (code: string): void => {
    for (const [name, definition] of Object.entries(INDEX_SUPPORT)) {
      if (!done.has(name) && code.includes(`${name}(`)) done.set(name, definition);
    }
    for (const [name, operation, type, lanes] of code.matchAll(SUPPORT_CALL)) {
      if (done.has(name)) continue;
      const made = makeFunction({
        operation: operation!,
        type: type as StorageType,
        lanes: Number(lanes ?? 1),
        name,
      });
      visit(made.slice(made.indexOf('{')));
      done.set(name, made);
    }
  };
  visit(text);
  return [...done.values()];
}

function makeFunction(call: SupportCall): string {
  if (call.lanes === 1) return scalarFunction(call);
  const { operation, type, lanes, name } = call;
  const own = cType(type as ScalarType, lanes);
  const each = (of: (lane: string) => string): string =>
    Array.from({ length: lanes }, (_, i) => of(laneOf(i))).join(', ');
  const scalar = name.replace(/x\d+$/, '');
  if (operation === 'splat') {
    const value = type === 'bool' ? '-value' : 'value';
    return `INLINE ${own} ${name}(${cStorage(type)} value) {\n  return (${own})(${value});\n}`;
  }
  if (operation === 'select') {
    const mask = cType('i32', lanes);
    const lane = (at: string): string => `mask.${at} ? a.${at} : b.${at}`;
    return `INLINE ${own} ${name}(${mask} mask, ${own} a, ${own} b) {\n  return (${own})(${each(lane)});\n}`;
  }
  const reduced = REDUCTIONS[operation];
  if (reduced !== undefined) return reduction(call, reduced);
  const mask = cType('i32', lanes);
  if (COMPARISONS.has(operation)) {
    // Masks of bool are 0 and -1: true is the smaller one.
    const [a, b] = type === 'bool' ? ['b', 'a'] : ['a', 'b'];
    const of = type === 'bool' ? scalar.replace(/bool$/, 'i32') : scalar;
    return `INLINE ${mask} ${name}(${own} a, ${own} b) {\n  return (${mask})(${each((at) => `${of}(${a}.${at}, ${b}.${at})`)});\n}`;
  }
  if (PREDICATES.has(operation)) {
    return `INLINE ${mask} ${name}(${own} a) {\n  return (${mask})(${each((at) => `-(int)${scalar}(a.${at})`)});\n}`;
  }
  const cast = /^to_(\w+)$/.exec(operation);
  if (cast) return vectorCast(call, cast[1] as ScalarType, each);
  const parameters = parametersOf(scalarFunction({ ...call, lanes: 1, name: scalar }));
  const list = ['a', 'b', 'c'].slice(0, parameters);
  const lane = (at: string): string => `${scalar}(${list.map((p) => `${p}.${at}`).join(', ')})`;
  return `INLINE ${own} ${name}(${list.map((p) => `${own} ${p}`).join(', ')}) {\n  return (${own})(${each(lane)});\n}`;
}

function vectorCast(
  { type, lanes, name }: SupportCall,
  to: ScalarType,
  each: (of: (lane: string) => string) => string,
): string {
  const [target, source] = [cType(to, lanes), cType(type as ScalarType, lanes)];
  const scalar = `to_${to}_${type}`;
  const lane = (at: string): string => {
    const value = type === 'bool' ? `a.${at} & 1` : `a.${at}`;
    return to === 'bool' ? `-(int)${scalar}(${value})` : `${scalar}(${value})`;
  };
  return `INLINE ${target} ${name}(${source} a) {\n  return (${target})(${each(lane)});\n}`;
}

function reduction({ type, lanes, name }: SupportCall, operation: string): string {
  const own = cType(type as ScalarType, lanes);
  let parts = Array.from({ length: lanes }, (_, i) => `value.${laneOf(i)}`);
  // Halves, as in C, so that sums round alike.
  while (parts.length > 1) {
    const half = parts.length / 2;
    parts = parts.slice(0, half).map((part, i) => {
      const other = parts[i + half]!;
      return /^f/.test(type) && (operation === 'add' || operation === 'mul')
        ? `(${part} ${operation === 'add' ? '+' : '*'} ${other})`
        : `${operation}_${type}(${part}, ${other})`;
    });
  }
  return `INLINE ${cStorage(type)} ${name}(${own} value) {\n  return ${parts[0]};\n}`;
}

/** OpenCL's own functions where C's way is none here. */
function scalarFunction(call: SupportCall): string {
  const { operation, type, name } = call;
  if (operation === 'bits' && type === 'f32') {
    return `INLINE uint ${name}(float value) {\n  return as_uint(value);\n}`;
  }
  if (operation === 'float' && type === 'u32') {
    return `INLINE float ${name}(uint value) {\n  return as_float(value);\n}`;
  }
  if (operation === 'pow' && type === 'f32') {
    return `INLINE float ${name}(float a, float b) {\n  return pow(a, b);\n}`;
  }
  // C's constant fits float and double alike; an overloaded function takes two of the same type.
  return makeSupport(call).replace('copysign(INFINITY,', 'copysign((double)INFINITY,');
}

function parametersOf(definition: string): number {
  // The last line before the body: texts may hold helpers and comments first.
  const heads = [...definition.matchAll(/INLINE \w+ \w+\(([^)]*)\) \{/g)];
  return heads.at(-1)![1]!.split(',').length;
}

/** 's0' … 'sf'. */
export function laneOf(lane: number): string {
  return `s${lane.toString(16)}`;
}
