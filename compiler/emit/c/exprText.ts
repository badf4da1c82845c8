/**
 * Data expressions in C. Operators that C has and defines are written as such, everything else calls a support
 * function. Parts that occur twice, and parts that would make a line too long, get a name of their own.
 */
import type { BinaryOp, Expr, UnaryOp } from '../../loop/expr.ts';
import { operandsOf } from '../../loop/expr.ts';
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';
import type { ScalarType } from '../../loop/scalarType.ts';
import { isFloat, SCALAR_TYPES } from '../../loop/scalarType.ts';
import { cType, typeSuffix } from './cTypes.ts';
import type { IndexNames } from './indexText.ts';
import { conditionText, indexText } from './indexText.ts';

/** What expressions need of the place they stand in. */
export interface ExprPlace extends IndexNames {
  load(expr: Extract<Expr, { kind: 'load' }>): string;
  /** In normal form, with the numbers of unrolled loops. */
  simple(index: Index): Index;
  scalar(name: string): string;
  /** Binds a value to a new name before the statement. */
  bind(declaration: string, value: string): string;
  /** Text of one lane of a named vector; default: as GCC and Clang have it. */
  lane?(vector: string, lane: number): string;
  /** A vector of elements; default: likewise. */
  pack?(type: string, elements: readonly string[]): string;
}

const LONGEST_PART = 60;

/** Text of one expression; call it once for everything that one statement evaluates. */
export function exprText(expr: Expr, place: ExprPlace): string {
  return bare(new ExprPrinter(expr, place).print(expr));
}

/** Without parentheses around all of it. */
function bare(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')') depth--;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}

const UNARY_NAMES: Partial<Record<UnaryOp, string>> = {
  isNaN: 'is_nan',
  isInfinite: 'is_infinite',
  roundF16: 'round_f16',
  roundBf16: 'round_bf16',
  bitNot: 'bit_not',
};

const FLOAT_OPERATORS: Partial<Record<BinaryOp, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
};
const BIT_OPERATORS: Partial<Record<BinaryOp, string>> = { and: '&', or: '|', xor: '^' };
const COMPARISONS = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const;
const REDUCTIONS = { add: 'sum', mul: 'product', min: 'least', max: 'most' } as const;

class ExprPrinter {
  private readonly uses = new Map<Expr, number>();
  private readonly texts = new Map<Expr, string>();

  constructor(
    root: Expr,
    private readonly place: ExprPlace,
  ) {
    this.count(root);
  }

  print(expr: Expr): string {
    const known = this.texts.get(expr);
    if (known !== undefined) return known;
    let text = this.write(expr);
    const again = (this.uses.get(expr) ?? 0) > 1 && !/^-?[\w.]+$/.test(text);
    if (again) text = this.bind(expr, text);
    this.texts.set(expr, text);
    return text;
  }

  private count(expr: Expr): void {
    const before = this.uses.get(expr) ?? 0;
    this.uses.set(expr, before + 1);
    if (before === 0) for (const operand of operandsOf(expr)) this.count(operand);
  }

  private bind({ type, lanes }: Expr, text: string): string {
    return this.place.bind(cType(type, lanes), bare(text));
  }

  /** An operand: named where it is long. */
  private part(expr: Expr): string {
    const text = this.print(expr);
    if (text.length <= LONGEST_PART) return text;
    const name = this.bind(expr, text);
    this.texts.set(expr, name);
    return name;
  }

  private call(operation: string, expr: Expr, ...operands: readonly string[]): string {
    const list = operands.map(bare).join(', ');
    return `${operation}_${typeSuffix(expr.type, expr.lanes)}(${list})`;
  }

  private write(expr: Expr): string {
    const { place } = this;
    switch (expr.kind) {
      case 'literal':
        return literalText(expr.type, expr.value);
      case 'read':
        return place.scalar(expr.name);
      case 'load':
        return place.load(expr);
      case 'indexValue': {
        const text = indexText(place.simple(expr.index), place, 4);
        return /^-?\d+$/.test(text) ? `INT64_C(${text})` : text;
      }
      case 'compareIndex':
        return `(${this.condition(expr.condition)})`;
      case 'unary':
        return this.unary(expr.op, expr.a);
      case 'binary':
        return this.binary(expr.op, expr.a, expr.b);
      case 'compare': {
        const [a, b] = [this.part(expr.a), this.part(expr.b)];
        if (expr.lanes === 1) return `(${a} ${COMPARISONS[expr.op]} ${b})`;
        return this.call(expr.op, expr.a, a, b);
      }
      case 'select': {
        const parts = [expr.condition, expr.then, expr.otherwise].map((part) => this.part(part));
        if (expr.lanes === 1) return `(${parts[0]} ? ${parts[1]} : ${parts[2]})`;
        return this.call('select', expr, ...parts);
      }
      case 'cast':
        return this.cast(expr.type, expr.a);
      case 'broadcast':
        return this.call('splat', expr, this.part(expr.a));
      case 'lane': {
        const a = this.part(expr.a);
        const vector = /^\w+$/.test(a) ? a : this.bind(expr.a, a);
        const element = place.lane?.(vector, expr.lane) ?? `${vector}[${expr.lane}]`;
        return expr.type === 'bool' ? `(${element} & 1)` : element;
      }
      case 'pack': {
        const elements = expr.elements.map((element) => bare(this.part(element)));
        const signed = elements.map((text) => (expr.type === 'bool' ? `-(${text})` : text));
        const type = cType(expr.type, expr.lanes);
        return place.pack?.(type, signed) ?? `(${type}){${signed.join(', ')}}`;
      }
      case 'reduceLanes':
        return this.call(REDUCTIONS[expr.op], expr.a, this.part(expr.a));
    }
  }

  private condition({ op, a, b }: IndexCondition): string {
    const { place } = this;
    return conditionText({ op, a: place.simple(a), b: place.simple(b) }, place);
  }

  private unary(op: UnaryOp, a: Expr): string {
    const text = this.part(a);
    if (op === 'not') return a.lanes === 1 ? `!${atom(text)}` : `~${atom(text)}`;
    if (op === 'neg' && isFloat(a.type)) return `(-${atom(text)})`;
    return this.call(UNARY_NAMES[op] ?? op, a, text);
  }

  private binary(op: BinaryOp, a: Expr, b: Expr): string {
    const operator = BIT_OPERATORS[op] ?? (isFloat(a.type) ? FLOAT_OPERATORS[op] : undefined);
    if (operator !== undefined) return `(${this.part(a)} ${operator} ${this.part(b)})`;
    if (op === 'pow' && isFloat(a.type)) {
      const simple = this.simplePower(a, b);
      if (simple !== undefined) return simple;
    }
    if ((op === 'min' || op === 'max') && isFloat(a.type)) {
      const limit = op === 'max' ? 'at_least' : 'at_most';
      if (isNumber(b)) return this.call(limit, a, this.part(b), this.part(a));
      if (isNumber(a)) return this.call(limit, a, this.part(a), this.part(b));
    }
    const name = op === 'floorMod' ? 'floor_mod' : op;
    return this.call(name, a, this.part(a), this.part(b));
  }

  /** Small constant powers, within an ulp and a half. */
  private simplePower(a: Expr, exponent: Expr): string | undefined {
    const value = literalOf(exponent);
    if (value !== 2 && value !== 3) return undefined;
    const text = this.part(a);
    const base = /^\w+$/.test(text) ? text : this.bind(a, text);
    return `(${new Array<string>(value).fill(base).join(' * ')})`;
  }

  private cast(to: ScalarType, a: Expr): string {
    const text = this.part(a);
    const [from, scalar] = [a.type, a.lanes === 1];
    if (scalar && to === 'bool') return `(${text} != 0)`;
    const exact = isFloat(to) || (!isFloat(from) && SCALAR_TYPES[to].bits <= 64);
    if (scalar && exact) return `(${cType(to)})${atom(text)}`;
    return this.call(`to_${to}`, a, text);
  }
}

/** Something that a prefix operator can stand before. */
function atom(text: string): string {
  return /^[\w.]+$/.test(text) || text.startsWith('(') || /^\w+\([^()]*\)$/.test(text)
    ? text
    : `(${text})`;
}

function literalOf(expr: Expr): number | undefined {
  if (expr.kind === 'broadcast') return literalOf(expr.a);
  return expr.kind === 'literal' && typeof expr.value === 'number' ? expr.value : undefined;
}

function isNumber(expr: Expr): boolean {
  const value = literalOf(expr);
  return value !== undefined && !Number.isNaN(value);
}

export function literalText(type: ScalarType, value: number | bigint): string {
  if (isFloat(type)) return floatText(Number(value), type === 'f32' ? 'f' : '');
  const { bits, kind } = SCALAR_TYPES[type];
  const wide = BigInt(value);
  if (kind === 'bool') return wide === 0n ? '0' : '1';
  if (bits === 64) {
    if (kind === 'unsigned') return `UINT64_C(${wide})`;
    return wide === -(1n << 63n)
      ? 'INT64_MIN'
      : wide < 0n
        ? `(-INT64_C(${-wide}))`
        : `INT64_C(${wide})`;
  }
  if (kind === 'unsigned') return bits === 32 ? `${wide}u` : `${wide}`;
  if (wide === -0x80000000n) return 'INT32_MIN';
  return wide < 0n ? `(${wide})` : `${wide}`;
}

/** The shortest decimal that is this float. */
function floatText(value: number, suffix: string): string {
  if (Number.isNaN(value)) return suffix ? 'NAN' : '(double)NAN';
  if (Math.abs(value) === Infinity) {
    const infinity = suffix ? 'INFINITY' : '(double)INFINITY';
    return value < 0 ? `(-${infinity})` : infinity;
  }
  let digits = `${Math.abs(value)}`;
  if (suffix) {
    for (let precision = 1; precision <= 9; precision++) {
      const text = Math.abs(value).toPrecision(precision);
      if (Math.fround(Number(text)) === Math.abs(value)) {
        digits = text;
        break;
      }
    }
  }
  // 1e+21 and 0.5 are floats in C, 3 needs a point.
  if (!/[.e]/.test(digits)) digits += '.0';
  return value < 0 || Object.is(value, -0) ? `(-${digits}${suffix})` : `${digits}${suffix}`;
}
