/**
 * Loop programs as readable text: for golden tests, failures and people. Not meant to be parsed.
 */
import type { Buffer, Expr } from './expr.ts';
import type { Index, IndexCondition } from './indexExpr.ts';
import type { LoopProgram, Stmt } from './ir.ts';

const SYMBOL: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  multiply: '*',
  floorDiv: 'div',
  mod: 'mod',
};

/** Binding strength of index operators, for as few parentheses as needed. */
const STRENGTH: Readonly<Record<string, number>> = { add: 1, multiply: 2, floorDiv: 2, mod: 2 };

export function printProgram(program: LoopProgram): string {
  const sizes = program.sizes.map(({ name, atLeast }) => `${name} >= ${atLeast}`);
  const lines = [
    `program ${program.name}${sizes.length > 0 ? ` (${sizes.join(', ')})` : ''}`,
    ...program.inputs.map((buffer) => `  in  ${printBuffer(buffer)}`),
    ...program.outputs.map((buffer) => `  out ${printBuffer(buffer)}`),
    ...printBody(program.body, '  '),
  ];
  return `${lines.join('\n')}\n`;
}

export function printBuffer({ name, storage, shape, lanes, space }: Buffer): string {
  const element = lanes === 1 ? storage : `${storage}x${lanes}`;
  return `${space} ${element} ${name}[${shape.map((dim) => printIndex(dim)).join(', ')}]`;
}

function printBody(body: readonly Stmt[], indent: string): string[] {
  return body.flatMap((stmt) => printStmt(stmt, indent));
}

function printStmt(stmt: Stmt, indent: string): string[] {
  const inner = `${indent}  `;
  switch (stmt.kind) {
    case 'for': {
      const mode = stmt.mode === 'serial' ? '' : ` ${stmt.mode}`;
      const head = `${indent}for ${stmt.variable} < ${printIndex(stmt.extent)}${mode}`;
      return [head, ...printBody(stmt.body, inner)];
    }
    case 'let':
      return [`${indent}let ${stmt.name}: ${typeText(stmt.value)} = ${printExpr(stmt.value)}`];
    case 'letIndex':
      return [`${indent}let ${stmt.name} = ${printIndex(stmt.value)}`];
    case 'checkedIndex': {
      const { name, value, extent } = stmt;
      return [`${indent}let ${name} = checked ${printExpr(value)} in [0, ${printIndex(extent)})`];
    }
    case 'variable':
      return [`${indent}var ${stmt.name}: ${typeText(stmt.initial)} = ${printExpr(stmt.initial)}`];
    case 'assign':
      return [`${indent}${stmt.name} = ${printExpr(stmt.value)}`];
    case 'local':
      return [`${indent}${printBuffer(stmt.buffer)}`];
    case 'store': {
      const { buffer, indices, value } = stmt;
      return [`${indent}${printPlace(buffer, indices)} = ${printExpr(value)}`];
    }
    case 'if': {
      const lines = [`${indent}if ${printExpr(stmt.condition)}`, ...printBody(stmt.then, inner)];
      if (stmt.otherwise.length > 0) {
        lines.push(`${indent}else`, ...printBody(stmt.otherwise, inner));
      }
      return lines;
    }
    case 'while':
      return [`${indent}while ${printExpr(stmt.condition)}`, ...printBody(stmt.body, inner)];
    case 'check':
      return [`${indent}check ${printExpr(stmt.condition)} "${stmt.message}"`];
    case 'comment':
      return [`${indent}# ${stmt.text}`];
  }
}

export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'literal':
      return `${Object.is(expr.value, -0) ? '-0' : expr.value}`;
    case 'read':
      return expr.name;
    case 'load': {
      const wide = expr.lanes === expr.buffer.lanes ? '' : `:${expr.lanes}`;
      return `${printPlace(expr.buffer, expr.indices)}${wide}`;
    }
    case 'indexValue':
      return `i64(${printIndex(expr.index)})`;
    case 'compareIndex':
      return `(${printCondition(expr.condition)})`;
    case 'unary':
      return `${expr.op}(${printExpr(expr.a)})`;
    case 'binary':
    case 'compare': {
      const symbol = SYMBOL[expr.op];
      const [a, b] = [printExpr(expr.a), printExpr(expr.b)];
      return symbol === undefined ? `${expr.op}(${a}, ${b})` : `(${a} ${symbol} ${b})`;
    }
    case 'select': {
      const { condition, then, otherwise } = expr;
      return `select(${printExpr(condition)}, ${printExpr(then)}, ${printExpr(otherwise)})`;
    }
    case 'cast':
      return `${expr.type}(${printExpr(expr.a)})`;
    case 'broadcast':
      return `broadcast${expr.lanes}(${printExpr(expr.a)})`;
    case 'lane':
      return `${printExpr(expr.a)}.${expr.lane}`;
    case 'pack':
      return `<${expr.elements.map(printExpr).join(', ')}>`;
    case 'reduceLanes':
      return `reduce_${expr.op}(${printExpr(expr.a)})`;
  }
}

export function printCondition({ op, a, b }: IndexCondition): string {
  return `${printIndex(a)} ${SYMBOL[op]} ${printIndex(b)}`;
}

export function printIndex(index: Index, around = 0): string {
  switch (index.kind) {
    case 'constant':
      return index.value < 0 && around > 1 ? `(${index.value})` : `${index.value}`;
    case 'variable':
    case 'size':
      return index.name;
    case 'choose': {
      const { condition, then, otherwise } = index;
      return `choose(${printCondition(condition)}, ${printIndex(then)}, ${printIndex(otherwise)})`;
    }
    case 'min':
    case 'max':
      return `${index.kind}(${printIndex(index.a)}, ${printIndex(index.b)})`;
    default: {
      const strength = STRENGTH[index.kind]!;
      // Only sums and products are associative: a div (b mod c) keeps its parentheses.
      const loose = index.kind === 'add' || index.kind === 'multiply' ? 0 : 1;
      const left = printIndex(index.a, loose === 0 ? strength : strength + 0.5);
      const right = printIndex(index.b, strength + loose);
      const text = `${left} ${SYMBOL[index.kind] ?? '+'} ${right}`.replace('+ -', '- ');
      return strength < around ? `(${text})` : text;
    }
  }
}

function printPlace(buffer: Buffer, indices: readonly Index[]): string {
  return `${buffer.name}[${indices.map((index) => printIndex(index)).join(', ')}]`;
}

function typeText({ type, lanes }: Expr): string {
  return lanes === 1 ? type : `${type}x${lanes}`;
}
