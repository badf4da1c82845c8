/**
 * Recognises dense convolutions of 3 x 3 taps with stride 1 among the nests of a program, whatever is fused around
 * them: sums of products of a constant filter and something that depends on rows and taps only by their sum. Planes
 * of 3-D convolutions and the batch are loops around it, of which one may be open; their taps are summed like channels.
 */
import type { Buffer, Expr } from '../../loop/expr.ts';
import { indicesOf, operandsOf } from '../../loop/expr.ts';
import type { Facts } from '../../loop/facts.ts';
import type { Index } from '../../loop/indexExpr.ts';
import { substitute, subtract, variable, visitNames } from '../../loop/indexExpr.ts';
import type { LoopProgram, Stmt } from '../../loop/ir.ts';
import { bodiesOf, expressionsOf } from '../../loop/ir.ts';
import { mentionsIndex, stmtIndices } from '../../loop/mentions.ts';
import { simplifyBody } from '../../loop/simplify.ts';
import { insideLoop } from '../../loop/simplifyIndex.ts';
import { analyseNest } from '../nest.ts';
import { visitLoads } from '../transform/independence.ts';
import { visitBound } from '../transform/names.ts';
import type { Loop } from '../transform/place.ts';
import { mapBody } from '../transform/rewrite.ts';
import { TAPS } from './transforms.ts';

export interface LoopAxis {
  readonly variable: string;
  readonly extent: number;
}

export interface OpenAxis {
  readonly variable: string;
  readonly extent: Index;
}

export interface Convolution {
  /** What stands in the nest, outermost first: its loops and what is bound between them. */
  readonly levels: readonly Stmt[];
  /** Batch, planes: all loops but the next four. */
  readonly outer: readonly LoopAxis[];
  /** A loop whose extent only a run knows: boxes of a detector. */
  readonly open: OpenAxis | undefined;
  readonly channel: LoopAxis;
  readonly row: LoopAxis;
  readonly column: LoopAxis;
  /** Summed over, beside the taps: input channels, taps along planes. */
  readonly summed: readonly LoopAxis[];
  readonly filter: Buffer;
  /** Of the filter, its last two left out: over `channel` and `summed`. */
  readonly filterIndices: readonly Index[];
  /** Statements that find one input, and it: over `outer`, `open`, `summed`, `atRow` and `atColumn`. */
  readonly input: readonly Stmt[];
  readonly value: Expr;
  /** Names of row + tap and column + tap. */
  readonly atRow: string;
  readonly atColumn: string;
  /** The body of the innermost loop: a sum, which starts as said, and what is made of it. */
  readonly before: readonly Stmt[];
  readonly sum: Extract<Stmt, { readonly kind: 'variable' }>;
  readonly after: readonly Stmt[];
}

/** `undefined` for every other nest. */
export function matchConvolution(
  program: LoopProgram,
  nest: Loop,
  facts: Facts,
  constants: ReadonlySet<string>,
): Convolution | undefined {
  const { kind, axes } = analyseNest(nest, facts);
  if (kind !== 'contraction') return undefined;
  const levels = levelsOf(nest, axes.length);
  const loops = levels.filter((stmt): stmt is Loop => stmt.kind === 'for');
  if (loops.some(({ mode }) => mode !== 'parallel')) return undefined;
  const point = loops.at(-1)!.body;
  const sumOf = sumIn(point);
  if (sumOf === undefined) return undefined;
  const { taps, body, sum } = sumOf;
  const factors = factorsIn(body, sum.name, constants);
  if (factors === undefined || readsOf(program, factors.filter.buffer.name) !== 1) return undefined;
  const all = axes.flatMap(({ variable: name, extent }) =>
    extent === undefined ? [] : [{ variable: name, extent }],
  );
  const [open, ...others] = loops.filter(({ extent }) => extent.kind !== 'constant');
  if (others.length > 0 || factors.value.type !== 'f32') return undefined;
  const { buffer, indices } = factors.filter;
  const roles = rolesIn(factors.filter, taps, all);
  if (roles === undefined) return undefined;
  const { channel, summed, tapRow, tapColumn } = roles;
  const inside = taps.reduce(
    (at, { variable: name, extent }) => insideLoop(at, name, { kind: 'constant', value: extent }),
    loops.reduce((at, loop) => insideLoop(at, loop.variable, loop.extent), facts),
  );
  const spatial = all.filter((axis) => axis !== channel);
  const found: Stmt = { kind: 'let', name: `${sum.name}.input`, value: factors.value };
  const rows = alongTap([...factors.body, found], tapRow, spatial, inside);
  const columns = rows && alongTap(rows.body, tapColumn, spatial, inside);
  if (rows === undefined || columns === undefined || columns.axis === rows.axis) return undefined;
  const outer = spatial.filter((axis) => axis !== rows.axis && axis !== columns.axis);
  const around = open === undefined ? outer : [open, ...outer];
  const free = new Set([...around, ...summed].map((axis) => axis.variable));
  free.add(rows.at).add(columns.at);
  const last = columns.body.at(-1);
  if (last?.kind !== 'let' || !dependsOnlyOn(columns.body, free)) return undefined;
  return {
    levels,
    outer,
    open: open && { variable: open.variable, extent: open.extent },
    channel,
    row: rows.axis,
    column: columns.axis,
    summed,
    filter: buffer,
    filterIndices: indices.slice(0, -2),
    input: columns.body.slice(0, -1),
    value: last.value,
    atRow: rows.at,
    atColumn: columns.at,
    before: point.slice(0, sumOf.place),
    sum,
    after: point.slice(sumOf.place + 2),
  };
}

interface Roles {
  readonly channel: LoopAxis;
  readonly summed: readonly LoopAxis[];
  readonly tapRow: LoopAxis;
  readonly tapColumn: LoopAxis;
}

/** What each loop is to a filter [channel, summed…, 3, 3] that is read with one loop per axis, or 0. */
function rolesIn(
  { buffer, indices }: Factors['filter'],
  taps: readonly LoopAxis[],
  axes: readonly LoopAxis[],
): Roles | undefined {
  const rank = indices.length;
  if (rank < 4 || buffer.storage !== 'f32') return undefined;
  const named = indices.map((index) => (index.kind === 'variable' ? index.name : undefined));
  const [tapRow, tapColumn] = [rank - 2, rank - 1].map((at) =>
    taps.find((tap) => tap.variable === named[at] && tap.extent === TAPS),
  );
  if (tapRow === undefined || tapColumn === undefined || tapRow === tapColumn) return undefined;
  if (!buffer.shape.slice(-2).every((extent) => isExtent(extent, TAPS))) return undefined;
  const channel = axes.find((axis) => axis.variable === named[0]);
  const summed = taps.filter((tap) => tap !== tapRow && tap !== tapColumn);
  if (channel === undefined || summed.length === 0) return undefined;
  const read = named.slice(0, -2).filter((name) => name !== undefined);
  const expected = new Set([channel, ...summed].map((axis) => axis.variable));
  const once = read.length === expected.size && read.every((name) => expected.has(name));
  const plain = indices.every((index) => index.kind === 'variable' || isExtent(index, 0));
  if (!plain || !once || new Set(read).size !== read.length) return undefined;
  return { channel, summed, tapRow, tapColumn };
}

function isExtent(index: Index, value: number): boolean {
  return index.kind === 'constant' && index.value === value;
}

/** Loops of the perfect nest and the bindings before each. */
function levelsOf(nest: Loop, count: number): readonly Stmt[] {
  const levels: Stmt[] = [nest];
  let { body } = nest;
  for (let left = count - 1; left > 0; left--) {
    const inner = body.at(-1) as Loop;
    levels.push(...body.slice(0, -1), inner);
    ({ body } = inner);
  }
  return levels;
}

interface FoundSum {
  /** Position of the variable in the point; the loops stand right behind it. */
  readonly place: number;
  readonly sum: Extract<Stmt, { readonly kind: 'variable' }>;
  readonly taps: readonly LoopAxis[];
  /** Inside all loops. */
  readonly body: readonly Stmt[];
}

function sumIn(point: readonly Stmt[]): FoundSum | undefined {
  const at = point.findIndex(({ kind }) => kind === 'for');
  const [sum, first] = [point[at - 1], point[at]];
  if (sum?.kind !== 'variable' || first?.kind !== 'for') return undefined;
  const taps: LoopAxis[] = [];
  let body: readonly Stmt[] = [first];
  for (;;) {
    const [only] = body;
    if (body.length !== 1 || only?.kind !== 'for') break;
    if (only.extent.kind !== 'constant') return undefined;
    taps.push({ variable: only.variable, extent: only.extent.value });
    ({ body } = only);
  }
  return { place: at - 1, sum, taps, body };
}

interface Factors {
  readonly filter: Extract<Expr, { readonly kind: 'load' }>;
  /** Finds the other factor; zero where there is none. */
  readonly body: readonly Stmt[];
  readonly value: Expr;
}

/** Of `sum = sum + filter * other`, or of `sum + chosen` where a branch makes that product or nothing. */
function factorsIn(
  body: readonly Stmt[],
  sum: string,
  constants: ReadonlySet<string>,
): Factors | undefined {
  const last = body.at(-1);
  if (last?.kind !== 'assign' || last.name !== sum) return undefined;
  const { value } = last;
  if (value.kind !== 'binary' || value.op !== 'add') return undefined;
  const isSum = (expr: Expr): boolean => expr.kind === 'read' && expr.name === sum;
  const added = isSum(value.a) ? value.b : isSum(value.b) ? value.a : undefined;
  if (added === undefined) return undefined;
  const before = body.slice(0, -1);
  if (!isPlain(before)) return undefined;
  if (added.kind !== 'read') return withoutFilter(before, added, constants);
  // `var chosen = 0; if (…) { …; chosen = product }`
  const [chosen, choice] = before.slice(-2);
  if (chosen?.kind !== 'variable' || chosen.name !== added.name) return undefined;
  if (!isZero(chosen.initial) || choice?.kind !== 'if') return undefined;
  if (choice.otherwise.length > 0) return undefined;
  const assigned = choice.then.at(-1);
  if (assigned?.kind !== 'assign' || assigned.name !== chosen.name) return undefined;
  const inner = withoutFilter(choice.then.slice(0, -1), assigned.value, constants);
  if (inner === undefined) return undefined;
  const then = [...inner.body, { ...assigned, value: inner.value }];
  const rest = [...before.slice(0, -2), chosen, { ...choice, then }];
  return { filter: inner.filter, body: rest, value: added };
}

function withoutFilter(
  body: readonly Stmt[],
  product: Expr,
  constants: ReadonlySet<string>,
): Factors | undefined {
  if (product.kind !== 'binary' || product.op !== 'mul') return undefined;
  const loadOf = (expr: Expr): Factors['filter'] | undefined => {
    const bound =
      expr.kind === 'read'
        ? body.find((stmt) => stmt.kind === 'let' && stmt.name === expr.name)
        : undefined;
    const source = bound?.kind === 'let' ? bound.value : expr;
    return source.kind === 'load' && constants.has(source.buffer.name) ? source : undefined;
  };
  for (const [a, b] of [
    [product.a, product.b],
    [product.b, product.a],
  ] as const) {
    const filter = loadOf(a);
    if (filter === undefined) continue;
    const rest = body.filter(
      (stmt) => !(stmt.kind === 'let' && a.kind === 'read' && stmt.name === a.name),
    );
    return { filter, body: rest, value: b };
  }
  return undefined;
}

function isZero(expr: Expr): boolean {
  return expr.kind === 'literal' && expr.value === 0;
}

/** Nothing but bindings, branches and what they assign. */
function isPlain(body: readonly Stmt[]): boolean {
  return body.every(
    (stmt) =>
      ['let', 'letIndex', 'variable', 'assign', 'if', 'comment'].includes(stmt.kind) &&
      bodiesOf(stmt).every(isPlain),
  );
}

/** The axis with which a tap only stands as a sum, and the input in terms of that sum. */
function alongTap(
  body: readonly Stmt[],
  tap: LoopAxis,
  axes: readonly LoopAxis[],
  facts: Facts,
): { readonly body: readonly Stmt[]; readonly axis: LoopAxis; readonly at: string } | undefined {
  for (const axis of axes) {
    const at = `${axis.variable}+${tap.variable}`;
    const place = subtract(variable(at), variable(axis.variable));
    const index = (of: Index): Index =>
      substitute(of, (name) => (name === tap.variable ? place : undefined));
    const free = simplifyBody(mapBody(body, { index }), facts);
    if (!mentionsIndex(free, axis.variable)) return { body: free, axis, at };
  }
  return undefined;
}

/** Whether statements use no names but these and their own. */
function dependsOnlyOn(body: readonly Stmt[], names: ReadonlySet<string>): boolean {
  const own = new Set(names);
  visitBound(body, (name) => own.add(name));
  let fits = true;
  const visitIndex = (index: Index): void =>
    visitNames(index, (kind, name) => (fits &&= kind === 'variable' && own.has(name)));
  const visitExpr = (expr: Expr): void => {
    if (expr.kind === 'read') fits &&= own.has(expr.name);
    indicesOf(expr).forEach(visitIndex);
    operandsOf(expr).forEach(visitExpr);
  };
  const visit = (stmt: Stmt): void => {
    stmtIndices(stmt).forEach(visitIndex);
    expressionsOf(stmt).forEach(visitExpr);
    for (const inner of bodiesOf(stmt)) inner.forEach(visit);
  };
  body.forEach(visit);
  return fits;
}

/** Loads of a buffer anywhere in a program. */
function readsOf({ body }: LoopProgram, name: string): number {
  let count = 0;
  visitLoads(body, (buffer) => {
    if (buffer.name === name) count++;
  });
  return count;
}
