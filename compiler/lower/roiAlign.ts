/**
 * RoiAlign 22: each cell of a region is the mean (or the largest) of bilinear samples. Positions, clamping and the
 * mode 'max', which takes the largest weighted corner, are ONNX Runtime's. The samples of a region are the same in
 * every channel: they are worked out once where their number is fixed.
 */
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, cast, compare, indexValue, literal, load, select, unary } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { constant, ONE, ZERO } from '../loop/indexExpr.ts';
import type { ScalarType } from '../loop/scalarType.ts';
import { registerType } from '../loop/scalarType.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { sideBySide } from './ranking.ts';
import type { Mutable, Scope } from './scope.ts';
import { declare } from './sorting.ts';

/** Samples along one axis of a cell, where the region decides: a hostile region must not take forever. */
const MOST_SAMPLES = 4096;

/** Where a sample lies along one axis: two neighbours and their weights, both 0 outside of the image. */
interface Sample {
  readonly low: Index;
  readonly high: Index;
  readonly lowWeight: Expr;
  readonly highWeight: Expr;
}

/** One axis of one region. */
interface Axis {
  readonly start: Expr;
  readonly bin: Expr;
  /** Samples in a cell, as a float and as an integer. */
  readonly grid: Expr;
  readonly samples: Expr;
  readonly extent: Index;
  readonly cells: number;
}

const roiAlign: Lowering = (op) => {
  const [data, regions, batches] = [op.input(0), op.input(1), op.input(2)];
  const shape = op.outputDims();
  const [count, channels] = shape as [Index, Index];
  const mode = op.string('mode', 'avg');
  if (mode !== 'avg' && mode !== 'max') op.unsupported('its mode');
  const fixed = op.int('sampling_ratio', 0);
  if (fixed > 64) op.unsupported(`${fixed} samples`);
  const type = registerType(data.storage);
  const cells = [op.int('output_height', 1), op.int('output_width', 1)] as const;
  if (cells.some((size) => size < 1)) op.unsupported('its output size');
  return op.procedure([{ shape, storage: data.storage }], (scope, [out]) => {
    scope.loops(
      'r',
      [count],
      (region, [r]) => {
        const batch = region.checkedIndex(
          'batch',
          cast('i64', region.at(batches, [r!])),
          data.shape[0]!,
          op.id,
        );
        const axes = [0, 1].map((which) =>
          axisOf(
            op,
            region,
            regions,
            r!,
            which as 0 | 1,
            cells[which]!,
            data.shape[2 + which]!,
            type,
          ),
        ) as [Axis, Axis];
        const tables =
          fixed > 0 && !op.manyThreads
            ? axes.map((axis) => tableOf(op, region, axis, fixed))
            : undefined;
        const points = [channels, constant(cells[0]), constant(cells[1])];
        const eachPoint = (point: (cell: Scope, at: readonly Index[]) => void): void =>
          op.manyThreads
            ? sideBySide(region, 'c', points, point)
            : region.loops('c', points, point);
        eachPoint((cell, at) => {
          const [c, y, x] = at as [Index, Index, Index];
          const total = cell.mutable('total', literal(type, 0));
          const isFirst = cell.mutable('isFirst', literal('bool', 1));
          eachSample(op, cell, axes[0], tables?.[0], y, (row, vertical) => {
            eachSample(op, row, axes[1], tables?.[1], x, (point, horizontal) => {
              const value = (h: 'low' | 'high', w: 'low' | 'high'): Expr =>
                binary(
                  'mul',
                  binary('mul', vertical[`${h}Weight`], horizontal[`${w}Weight`]),
                  point.at(data, [batch, c, vertical[h], horizontal[w]]),
                );
              const corners = [
                value('low', 'low'),
                value('low', 'high'),
                value('high', 'low'),
                value('high', 'high'),
              ];
              if (mode === 'avg') {
                const sum = corners.reduce((a, b) => binary('add', a, b));
                return total.set(point, binary('add', total.value, sum));
              }
              const most = point.bind(
                'most',
                corners.reduce((a, b) => binary('max', a, b)),
              );
              const larger = binary('max', total.value, most);
              total.set(point, select(isFirst.value, most, larger));
              isFirst.set(point, literal('bool', 0));
            });
          });
          cell.store(
            out!,
            [r!, c, y, x],
            mode === 'avg' ? mean(total, axes, type) : total.value,
            op.id,
          );
        });
      },
      scope.isRoot || op.manyThreads ? 'parallel' : 'serial',
    );
  });
};

function mean(total: Mutable, axes: readonly Axis[], type: ScalarType): Expr {
  const samples = binary('mul', axes[0]!.samples, axes[1]!.samples);
  const count = binary('max', samples, literal('i64', 1));
  return binary('div', total.value, cast(type, count));
}

/** @param which 0: vertical, 1: horizontal. Regions are [x1, y1, x2, y2]. */
function axisOf(
  op: LowerOp,
  scope: Scope,
  regions: Field,
  region: Index,
  which: 0 | 1,
  cells: number,
  extent: Index,
  type: ScalarType,
): Axis {
  const half =
    op.opset >= 16 && op.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const scale = literal(type, op.float('spatial_scale', 1));
  const edge = (part: number): Expr => {
    const scaled = binary('mul', scope.at(regions, [region, constant(part)]), scale);
    return scope.bind('edge', half ? binary('sub', scaled, literal(type, 0.5)) : scaled);
  };
  const [start, end] = [edge(which === 0 ? 1 : 0), edge(which === 0 ? 3 : 2)];
  const length = binary('sub', end, start);
  const size = scope.bind('size', half ? length : binary('max', length, literal(type, 1)));
  const bin = scope.bind('bin', binary('div', size, literal(type, cells)));
  const fixed = op.int('sampling_ratio', 0);
  const grid = fixed > 0 ? literal(type, fixed) : scope.bind('grid', unary('ceil', bin));
  const samples = fixed > 0 ? literal('i64', fixed) : scope.bind('samples', cast('i64', grid));
  if (fixed <= 0) {
    const few = compare('le', samples, literal('i64', MOST_SAMPLES));
    scope.check(few, op.id, `a region has more than ${MOST_SAMPLES} samples in a cell`);
  }
  return { start, bin, grid, samples, extent, cells };
}

interface Place {
  readonly low: Expr;
  readonly high: Expr;
  readonly lowWeight: Expr;
  readonly highWeight: Expr;
}

/** Sample `sample` of cell `cell`, both integers. */
function placeOf(
  scope: Scope,
  { start, bin, grid, extent }: Axis,
  cell: Expr,
  sample: Expr,
): Place {
  const { type } = start;
  const within = binary('add', cast(type, sample), literal(type, 0.5));
  const offset = binary('div', binary('mul', within, bin), grid);
  const position = scope.bind(
    'position',
    binary('add', binary('add', start, binary('mul', cast(type, cell), bin)), offset),
  );
  const size = cast(type, indexValue(extent));
  const isInside = scope.bind(
    'isInside',
    binary('and', compare('ge', position, literal(type, -1)), compare('le', position, size)),
  );
  const positive = select(compare('gt', position, literal(type, 0)), position, literal(type, 0));
  const last = indexValue({ kind: 'add', a: extent, b: constant(-1) });
  const sound = scope.bind('sound', select(isInside, positive, literal(type, 0)));
  const low = scope.bind('low', binary('min', cast('i64', sound), last));
  const high = binary('min', binary('add', low, literal('i64', 1)), last);
  // At the last element the sample is that element.
  const clamped = select(compare('ge', low, last), cast(type, low), sound);
  const fraction = scope.bind('fraction', binary('sub', clamped, cast(type, low)));
  const zero = literal(type, 0);
  return {
    low,
    high: scope.bind('high', high),
    lowWeight: scope.bind(
      'lowWeight',
      select(isInside, binary('sub', literal(type, 1), fraction), zero),
    ),
    highWeight: scope.bind('highWeight', select(isInside, fraction, zero)),
  };
}

/** The samples of all cells: neighbours and weights, [cells, samples, 2]. */
interface Table {
  readonly places: Buffer;
  readonly weights: Buffer;
}

function tableOf(op: LowerOp, scope: Scope, axis: Axis, samples: number): Table {
  const shape = [constant(axis.cells), constant(samples), constant(2)];
  const table = {
    places: declare(scope, 'places', 'i64', shape),
    weights: declare(scope, 'weights', axis.start.type, shape),
  };
  scope.loops('p', shape.slice(0, 2), (inner, index) => {
    const [cell, sample] = index.map(indexValue) as [Expr, Expr];
    const place = placeOf(inner, axis, cell, sample);
    inner.store(table.places, [...index, ZERO], place.low, op.id);
    inner.store(table.places, [...index, ONE], place.high, op.id);
    inner.store(table.weights, [...index, ZERO], place.lowWeight, op.id);
    inner.store(table.weights, [...index, ONE], place.highWeight, op.id);
  });
  return table;
}

/** Runs `body` for the samples of one cell along one axis. */
function eachSample(
  op: LowerOp,
  scope: Scope,
  axis: Axis,
  table: Table | undefined,
  cell: Index,
  body: (scope: Scope, sample: Sample) => void,
): void {
  const checked = (
    inner: Scope,
    low: Expr,
    high: Expr,
    weights: readonly [Expr, Expr],
  ): Sample => ({
    low: inner.checkedIndex('low', low, axis.extent, op.id),
    high: inner.checkedIndex('high', high, axis.extent, op.id),
    lowWeight: weights[0],
    highWeight: weights[1],
  });
  if (table !== undefined) {
    scope.loops('s', [table.places.shape[1]!], (inner, [s]) => {
      const read = (buffer: Buffer, part: Index): Expr =>
        inner.bind('w', load(buffer, [cell, s!, part]));
      const weights = [read(table.weights, ZERO), read(table.weights, ONE)] as const;
      body(inner, checked(inner, read(table.places, ZERO), read(table.places, ONE), weights));
    });
    return;
  }
  const fixed = op.int('sampling_ratio', 0);
  if (fixed > 0) {
    scope.loops('s', [constant(fixed)], (inner, [s]) => {
      const place = placeOf(inner, axis, indexValue(cell), indexValue(s!));
      body(inner, checked(inner, place.low, place.high, [place.lowWeight, place.highWeight]));
    });
    return;
  }
  const s = scope.mutable('s', literal('i64', 0));
  scope.repeat(compare('lt', s.value, axis.samples), (inner) => {
    const place = placeOf(inner, axis, indexValue(cell), s.value);
    body(inner, checked(inner, place.low, place.high, [place.lowWeight, place.highWeight]));
    s.set(inner, binary('add', s.value, literal('i64', 1)));
  });
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { RoiAlign: roiAlign };
