/**
 * Short names for the arithmetic that lowering rules write most: operands of one type, literals of the type of
 * an expression.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, compare, literal, select, unary } from '../loop/expr.ts';

export const plus = (a: Expr, b: Expr): Expr => binary('add', a, b);
export const minus = (a: Expr, b: Expr): Expr => binary('sub', a, b);
export const times = (a: Expr, b: Expr): Expr => binary('mul', a, b);
export const over = (a: Expr, b: Expr): Expr => binary('div', a, b);
export const both = (a: Expr, b: Expr): Expr => binary('and', a, b);
export const square = (x: Expr): Expr => binary('mul', x, x);
export const negative = (x: Expr): Expr => unary('neg', x);
export const exponential = (x: Expr): Expr => unary('exp', x);

/** A constant of the type of `like`. */
export const lit = (like: Expr, value: number): Expr => literal(like.type, value);

export const atLeast = (x: Expr, low: number): Expr => binary('max', x, lit(x, low));
export const atMost = (x: Expr, high: number): Expr => binary('min', x, lit(x, high));

/** `x` where the condition holds, else a constant. */
export const keepWhere = (condition: Expr, x: Expr, otherwise: number): Expr =>
  select(condition, x, lit(x, otherwise));

export const isEqual = (x: Expr, value: number): Expr => compare('eq', x, lit(x, value));
