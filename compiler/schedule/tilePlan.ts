/**
 * Which axis of a nest becomes vector lanes, which one rows of the register tile, in which order the tiles go and
 * which reduction loops are inside: one request for `tile`, and the layouts that constants have to be packed in.
 * All pairs of axes are judged by the model of `registerTile`; kernels with wide tiles, whole reductions, the packed
 * operand outside and rows inside come out of it.
 */
import type { Layout, LayoutAxis } from '../loop/layout.ts';
import { storageBytes } from '../loop/scalarType.ts';
import type { Target } from '../target/target.ts';
import { laneStrides } from './affine.ts';
import type { Access, Axis, Nest } from './nest.ts';
import { dependsOn, productOf } from './nest.ts';
import { laneShape, lanesFor, singleAxis } from './operands.ts';
import type { LaneShape } from './operands.ts';
import type { Turn } from './turnOperand.ts';
import { canTurn, turnedElements } from './turnOperand.ts';
import type { RegisterTile, TileQuestion } from './registerTile.ts';
import { chooseRegisterTile, costOf } from './registerTile.ts';
import type { ReductionLevel, TileAxis, TileRequest } from './transform/tile.ts';

export interface TilePlan {
  readonly request: TileRequest;
  readonly packs: ReadonlyMap<string, Layout>;
  /** Operands to copy first, so that they are adjacent along the vectors: see `turnOperand`. */
  readonly turns: readonly Turn[];
  /** Modelled cycles of the whole nest on one core. */
  readonly cycles: number;
}

export interface TileContext {
  readonly target: Target;
  /** Names of buffers that may be packed: constant inputs, and memory that the program fills. */
  readonly constants: ReadonlySet<string>;
  /** Those of them that are filled at run time. */
  readonly filled: ReadonlySet<string>;
}

/** Cycles of a gathered vector or a scattered store, per lane. */
export const GATHER = 2;
/** Cycles of an element of a transposed copy. */
const TURN = 2.5;
/** Work of a nest (operations) below which starting threads costs more than it gains: about 20 us. */
export const PARALLEL_WORK = 400_000;
/** Enough tiles for the threads of any machine at hand to end together. */
export const ENOUGH_TILES = 24;
/** The least number of tiles that keeps several threads busy. */
const FEW_TILES = 8;
/** Longest window axis that is written out. */
const MOST_UNROLLED = 7;

interface Candidate {
  readonly columns: Axis;
  readonly rows: Axis | undefined;
  readonly lanes: number;
  readonly tile: RegisterTile;
  readonly cycles: number;
  /** Loads that a transposed copy serves. */
  readonly turned: readonly Access[];
}

/** `undefined` where no axis has a constant extent of at least two. */
export function planTile(nest: Nest, context: TileContext): TilePlan | undefined {
  const found = bestCandidate(nest, context);
  if (found === undefined) return undefined;
  const best = enoughTiles(nest, found);
  const { columns, rows, tile, lanes, cycles, turned } = best;
  const order = axisOrder(nest, best, context);
  const axes = order.map((axis): TileAxis => {
    const { variable } = axis;
    if (axis === columns) return { variable, lanes, points: tile.vectors };
    return axis === rows ? { variable, points: tile.rows } : { variable };
  });
  const packs = new Map<string, Layout>();
  const reductions = reductionLevels(nest, best);
  for (const load of innerLoads(nest)) {
    if (!context.constants.has(load.buffer.name) || packs.has(load.buffer.name)) continue;
    const layout = packOf(load, nest, best, reductions);
    if (layout !== undefined) packs.set(load.buffer.name, layout);
  }
  return {
    request: {
      axes,
      parallel: parallelAxes(nest, order, best),
      ...(reductions.length > 0 && { reductions }),
    },
    packs,
    turns: turned.map((access) => ({ access, columns: columns.variable })),
    cycles,
  };
}

/** Counts that only a run knows are taken as this: many rows, and no tile divides them. */
const UNKNOWN_EXTENT = 97;
/** Rows of the tile that only a run counts cost this much more: they may be few, and items of a batch lie far apart. */
const UNKNOWN_ROWS = 1.25;

function extentOf({ extent }: Axis): number {
  return extent ?? UNKNOWN_EXTENT;
}

function bestCandidate(
  nest: Nest,
  { target, constants, filled }: TileContext,
): Candidate | undefined {
  const loads = innerLoads(nest);
  const stores = nest.accesses.filter(({ kind }) => kind === 'store');
  const steps = productOf(nest.inner) ?? 64;
  const points = nest.axes.map(extentOf).reduce((a, b) => a * b, 1);
  let best: Candidate | undefined;
  for (const columns of nest.axes) {
    if (columns.extent === undefined || columns.extent < 2) continue;
    const full = lanesFor(nest, target, [columns]);
    const lanes = Math.min(full, powerBelow(columns.extent));
    const shapes = loads.map((load): LaneShape => {
      const shape = laneShape(load, columns, lanes, constants);
      return shape === 'gathered' && canTurn(load, nest, columns) ? 'turned' : shape;
    });
    const turned = loads.filter((_, at) => shapes[at] === 'turned');
    // Filling packed memory across its rows takes as long as a copy.
    const scattering = loads.filter(
      ({ buffer }, at) => shapes[at] === 'packed' && filled.has(buffer.name),
    );
    const copies = [...turned, ...scattering].reduce(
      (sum, load) => sum + TURN * turnedElements(load, nest),
      0,
    );
    const storeShapes = stores.map((access) => laneShape(access, columns, lanes, constants));
    // Lanes of one store go to one place: this axis is no output axis of it.
    if (storeShapes.includes('scalar')) continue;
    // Inner axes first: of equal ones, rows of the tile should be neighbours in memory.
    for (const rows of [undefined, ...[...nest.axes].reverse()]) {
      if (rows === columns || (rows && extentOf(rows) < 2)) continue;
      const question = questionOf(loads, shapes, columns, rows, lanes);
      const tile = chooseRegisterTile(question, target);
      const share = points / (columns.extent * (rows ? extentOf(rows) : 1));
      const gathers = gatherCycles(loads, shapes, rows, columns.extent);
      const scattered = storeShapes.filter((shape) => shape === 'gathered').length;
      const scatter = (scattered * GATHER * columns.extent * (rows ? extentOf(rows) : 1)) / steps;
      const risk = rows !== undefined && rows.extent === undefined ? UNKNOWN_ROWS : 1;
      const cycles = risk * share * steps * (costOf(question, tile) + gathers + scatter) + copies;
      if (best === undefined || cycles < best.cycles * 0.999) {
        best = { columns, rows, lanes, tile, cycles, turned };
      }
    }
  }
  return best;
}

/**
 * Without rows to share a vector there is little to gain from wide tiles, and threads need several of them. Loops
 * that store inside of a tile would go back and forth between its vectors.
 */
function enoughTiles(nest: Nest, found: Candidate): Candidate {
  const { columns, lanes, tile, rows } = found;
  if (nest.kind === 'rows') return { ...found, tile: { ...tile, vectors: 1 } };
  if (rows !== undefined || (nest.work ?? Infinity) < PARALLEL_WORK) return found;
  const others = (productOf(nest.axes) ?? Infinity) / (columns.extent ?? 1);
  const tiles = (others * (columns.extent ?? 1)) / lanes;
  const vectors = Math.max(1, Math.min(tile.vectors, Math.floor(tiles / FEW_TILES)));
  return { ...found, tile: { ...tile, vectors } };
}

/** Loads of the innermost work: in the reduction where there is one. */
function innerLoads({ accesses }: Nest): readonly Access[] {
  const loads = accesses.filter(({ kind }) => kind === 'load');
  const inside = loads.filter(({ inner }) => inner.length > 0);
  return inside.length > 0 ? inside : loads;
}

function questionOf(
  loads: readonly Access[],
  shapes: readonly LaneShape[],
  columns: Axis,
  rows: Axis | undefined,
  lanes: number,
): TileQuestion {
  const onRows = (load: Access): boolean => rows !== undefined && dependsOn(load, rows.variable);
  const isScalar = (at: number): boolean => shapes[at] === 'scalar';
  const shared = loads.filter((load, at) => !isScalar(at) && !onRows(load)).length;
  const own = loads.filter((load, at) => !isScalar(at) && onRows(load)).length;
  return {
    rows: rows ? extentOf(rows) : 1,
    columns: columns.extent ?? 1,
    lanes,
    shared: Math.max(shared, own > 0 ? 0 : 1),
    vectorRows: own > 0,
  };
}

/** Per step of the reduction, over both extents. */
function gatherCycles(
  loads: readonly Access[],
  shapes: readonly LaneShape[],
  rows: Axis | undefined,
  columns: number,
): number {
  let cycles = 0;
  loads.forEach((load, at) => {
    if (shapes[at] !== 'gathered') return;
    const each = rows !== undefined && dependsOn(load, rows.variable) ? extentOf(rows) : 1;
    cycles += GATHER * columns * each;
  });
  return cycles;
}

/** Tiles, outermost first: axes that the vector operand depends on, its lanes, the others, rows innermost. */
function axisOrder(
  nest: Nest,
  { columns, rows, lanes }: Candidate,
  { target, constants }: TileContext,
): readonly Axis[] {
  const loads = innerLoads(nest);
  const others = nest.axes.filter((axis) => axis !== columns && axis !== rows);
  const last = rows === undefined ? [] : [rows];
  if (nest.kind !== 'contraction') {
    // Memory order: what is written is written front to back.
    return [...nest.axes.filter((axis) => axis !== rows), ...last];
  }
  const operand = loads.filter((load) => laneShape(load, columns, lanes, constants) !== 'scalar');
  const batch = others.filter(({ variable }) => operand.some((load) => dependsOn(load, variable)));
  const rest = others.filter((axis) => !batch.includes(axis));
  const streamed = loads.filter((load) => !operand.includes(load));
  const [first, second] = target.cache;
  const small = operand.every((load) => bytesOf(load) <= second / 2);
  const large = streamed.some((load) => bytesOf(load) > second);
  // A small packed operand stays in the cache while the large one passes once.
  if (small && large && first > 0) return [...batch, ...rest, columns, ...last];
  return [...batch, columns, ...rest, ...last];
}

function bytesOf({ buffer }: Access): number {
  const elements = buffer.shape.map((dim) => (dim.kind === 'constant' ? dim.value : 64));
  return elements.reduce((a, b) => a * b, storageBytes(buffer.storage));
}

/** As many leading axes as give enough tiles; none where the work is not worth a fork. */
function parallelAxes(
  nest: Nest,
  order: readonly Axis[],
  { columns, rows, tile, lanes }: Candidate,
): number {
  if (nest.work !== undefined && nest.work < PARALLEL_WORK) return 0;
  let tiles = 1;
  for (const [at, axis] of order.entries()) {
    const size = axis === columns ? tile.vectors * lanes : axis === rows ? tile.rows : 1;
    tiles *= Math.ceil(extentOf(axis) / size);
    if (tiles >= ENOUGH_TILES) return at + 1;
  }
  return order.length;
}

/**
 * Windows outside, channels inside; the window axis that runs along the rows of the tile is written out. A
 * channel axis that its layout divides goes in steps of the block.
 */
function reductionLevels(nest: Nest, { rows, columns }: Candidate): readonly ReductionLevel[] {
  const { inner } = nest;
  if (nest.kind === 'rows' || inner.length === 0) return [];
  const loads = innerLoads(nest);
  const windows = inner.filter((axis) => loads.some((load) => slides(load, axis, nest.axes)));
  const channels = inner.filter((axis) => !windows.includes(axis));
  const unrolls = (axis: Axis): boolean => {
    if (axis.extent === undefined || axis.extent > MOST_UNROLLED) return false;
    const along = loads.some((load) => rows !== undefined && slides(load, axis, [rows]));
    const alongLanes = loads.some((load) => slides(load, axis, [columns]));
    return along || alongLanes;
  };
  const level = (axis: Axis): ReductionLevel => ({
    variable: axis.variable,
    ...(unrolls(axis) && { unroll: true }),
  });
  const outside: ReductionLevel[] = [];
  const inside: ReductionLevel[] = [];
  for (const axis of channels) {
    const block = windows.length > 0 ? blockOf(loads, axis) : undefined;
    const { variable } = axis;
    if (block !== undefined) {
      outside.push({ variable, step: block });
      inside.push({ variable });
    } else (isPlanar(loads, axis) && windows.length > 0 ? outside : inside).push({ variable });
  }
  const rolled = windows.map(level).filter(({ unroll }) => unroll !== true);
  const unrolled = windows.map(level).filter(({ unroll }) => unroll === true);
  return [...outside, ...rolled, ...unrolled, ...inside];
}

/** The index of some axis of the buffer moves with both: a window. */
function slides({ indices }: Access, axis: Axis, along: readonly Axis[]): boolean {
  return indices.some(
    (index) =>
      dependsOn({ indices: [index] }, axis.variable) &&
      along.some(({ variable }) => dependsOn({ indices: [index] }, variable)),
  );
}

/** Channels per block of a load that is divided along the axis; `undefined` where none is, or one block is all. */
function blockOf(loads: readonly Access[], { variable, extent }: Axis): number | undefined {
  if (extent === undefined) return undefined;
  for (const load of loads) {
    const { position, facts } = load;
    for (const block of [64, 32, 24, 16, 12, 8, 4]) {
      if (extent <= block || !dependsOn(load, variable)) continue;
      const [lane] = laneStrides(position, variable, extent, block, facts);
      const [twice] = laneStrides(position, variable, extent, block * 2, facts);
      if (lane === 1 && twice !== 1) return block;
    }
  }
  return undefined;
}

/** Neighbours along the axis are far apart in some streamed load: whole planes between them. */
function isPlanar(loads: readonly Access[], { variable, extent }: Axis): boolean {
  return loads.some((load) => {
    if (!dependsOn(load, variable)) return false;
    const [lane] = laneStrides(load.position, variable, extent ?? 4, 4, load.facts);
    return lane === 'irregular' || Math.abs(lane) > 64;
  });
}

/**
 * Panels of the tile's width along the vector axis, in the order in which the reduction reads them: [columns /
 * width] … reduction levels … [columns % width].
 */
function packOf(
  load: Access,
  nest: Nest,
  { columns, lanes, tile }: Candidate,
  reductions: readonly ReductionLevel[],
): Layout | undefined {
  const rank = load.buffer.shape.length;
  const axis = rank < 2 ? undefined : singleAxis(load, columns.variable);
  if (axis === undefined) return undefined;
  // Panels of the tile, or of all columns where they fit into one.
  const widths = [lanes * tile.vectors, columns.extent ?? 0];
  const width = widths.find((size) => size > 1 && isAligned(load, axis, columns, nest, size));
  const reductionAxes: LayoutAxis[] = [];
  const covered = new Map<number, number>();
  for (const { variable, step } of reductions) {
    const own = singleAxis(load, variable);
    if (own === undefined || own === axis) continue;
    if (step !== undefined) {
      reductionAxes.push({ axis: own, divide: step });
      covered.set(own, step);
    } else {
      const modulo = covered.get(own);
      reductionAxes.push(modulo === undefined ? { axis: own } : { axis: own, modulo });
      covered.set(own, 0);
    }
  }
  const rest: LayoutAxis[] = [];
  for (let other = 0; other < rank; other++) {
    if (other !== axis && !covered.has(other)) rest.push({ axis: other });
  }
  if (width === undefined) return [...rest, ...reductionAxes, { axis }];
  return [...rest, { axis, divide: width }, ...reductionAxes, { axis, modulo: width }];
}

/** Every tile starts at a multiple of the panel's width. */
function isAligned(load: Access, axis: number, columns: Axis, nest: Nest, width: number): boolean {
  const [, step] = laneStrides(
    load.indices[axis],
    columns.variable,
    columns.extent ?? width,
    width,
    load.facts,
  );
  if (step !== width && (columns.extent ?? 0) > width) return false;
  return [...nest.axes, ...nest.inner].every((other) => {
    if (other === columns) return true;
    const [stride] = laneStrides(
      load.indices[axis],
      other.variable,
      other.extent ?? 2,
      2,
      load.facts,
    );
    return stride !== 'irregular' && stride % width === 0;
  });
}

export function powerBelow(extent: number): number {
  return 2 ** Math.floor(Math.log2(extent));
}
