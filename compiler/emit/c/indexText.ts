/**
 * Index expressions in C: 64-bit arithmetic, as few parentheses as needed. Division is C's own where the dividend
 * is proven not to be negative.
 */
import type { Facts } from '../../loop/facts.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import { ZERO } from '../../loop/indexExpr.ts';
import { decide } from '../../loop/simplifyIndex.ts';

export interface IndexNames {
  readonly facts: Facts;
  name(kind: 'variable' | 'size', name: string): string;
}

/** Binding strength: a conditional expression is the weakest, a name the strongest. */
const CONDITIONAL = 0;
const SUM = 2;
const PRODUCT = 3;

export function indexText(index: Index, names: IndexNames, around = CONDITIONAL): string {
  const part = (of: Index, strength = CONDITIONAL): string => indexText(of, names, strength);
  const wrap = (text: string, strength: number): string => (strength < around ? `(${text})` : text);
  switch (index.kind) {
    case 'constant':
      return constantText(index.value, around > SUM);
    case 'variable':
    case 'size':
      return names.name(index.kind, index.name);
    case 'add': {
      const [a, b] = [part(index.a, SUM), part(index.b, SUM)];
      return wrap(b.startsWith('-') ? `${a} - ${b.slice(1)}` : `${a} + ${b}`, SUM);
    }
    case 'multiply': {
      const [a, b] = index.b.kind === 'constant' ? [index.b, index.a] : [index.a, index.b];
      // A negative factor stands in front, where a sum can turn it into a subtraction.
      const first = a.kind === 'constant' ? constantText(a.value, false) : part(a, PRODUCT);
      // Only products are associative: 2 * (i / 4) keeps its parentheses.
      const second = part(b, b.kind === 'multiply' ? PRODUCT : PRODUCT + 1);
      return wrap(`${first} * ${second}`, PRODUCT);
    }
    case 'floorDiv':
    case 'mod': {
      const [symbol, call] = index.kind === 'mod' ? ['%', 'floor_mod'] : ['/', 'floor_div'];
      const notNegative = decide({ op: 'le', a: ZERO, b: index.a }, names.facts) === true;
      if (!notNegative) return `${call}(${part(index.a)}, ${part(index.b)})`;
      return wrap(`${part(index.a, PRODUCT + 1)} ${symbol} ${part(index.b, PRODUCT + 1)}`, PRODUCT);
    }
    case 'min':
    case 'max':
      return `${index.kind}_index(${part(index.a)}, ${part(index.b)})`;
    case 'choose': {
      const { condition, then, otherwise } = index;
      const text = `${conditionText(condition, names)} ? ${part(then, 1)} : ${part(otherwise, 1)}`;
      return wrap(text, CONDITIONAL);
    }
  }
}

const OPERATORS = { lt: '<', le: '<=', eq: '==' } as const;

export function conditionText({ op, a, b }: IndexCondition, names: IndexNames): string {
  return `${indexText(a, names, 1)} ${OPERATORS[op]} ${indexText(b, names, 1)}`;
}

function constantText(value: number, wrapped: boolean): string {
  const digits =
    Math.abs(value) > 0x7fffffff ? `INT64_C(${Math.abs(value)})` : `${Math.abs(value)}`;
  if (value >= 0) return digits;
  return wrapped ? `(-${digits})` : `-${digits}`;
}

/** Functions that `indexText` may call. */
export const INDEX_SUPPORT: Readonly<Record<string, string>> = {
  floor_div: `INLINE int64_t floor_div(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}`,
  floor_mod: `INLINE int64_t floor_mod(int64_t a, int64_t b) {
  const int64_t rest = a % b;
  return rest < 0 ? rest + b : rest;
}`,
  min_index: `INLINE int64_t min_index(int64_t a, int64_t b) {
  return a < b ? a : b;
}`,
  max_index: `INLINE int64_t max_index(int64_t a, int64_t b) {
  return a > b ? a : b;
}`,
};
