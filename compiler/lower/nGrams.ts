/**
 * TfIdfVectorizer 9 over integers: how often each n-gram of the pool occurs in a row, with up to `max_skip_count`
 * elements left out between neighbours.
 */
import type { Expr } from '../loop/expr.ts';
import { cast, compare, literal, load, select } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, subtract } from '../loop/indexExpr.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { both, plus, times } from './terms.ts';

/** Each becomes code of its own. */
const MOST_GRAMS = 512;

interface Gram {
  readonly elements: readonly number[];
  readonly slot: number;
  readonly weight: number;
}

/** `pool_int64s` holds all n-grams of one element, then of two …; `ngram_counts` says where each size starts. */
function gramsOf(op: LowerOp): readonly Gram[] {
  const pool = op.ints('pool_int64s') ?? op.unsupported('strings');
  const starts = op.ints('ngram_counts') ?? [];
  const slots = op.ints('ngram_indexes') ?? [];
  const attribute = op.attribute('weights');
  const weights = attribute?.kind === 'floats' ? attribute.value : [];
  const [least, most] = [op.int('min_gram_length', 1), op.int('max_gram_length', 1)];
  const grams = new Map<string, Gram>();
  let next = 0;
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? pool.length;
    const size = i + 1;
    for (let at = start; at + size <= end; at += size) {
      const index = next++;
      const slot = slots[index];
      if (slot === undefined || slot < 0) op.unsupported('its indexes');
      if (size < least || size > most) continue;
      const elements = pool.slice(at, at + size);
      grams.set(elements.join(), { elements, slot: slot!, weight: weights[index] ?? 1 });
    }
  });
  if (grams.size > MOST_GRAMS) op.unsupported(`more than ${MOST_GRAMS} n-grams`);
  return [...grams.values()];
}

const tfIdfVectorizer: Lowering = (op) => {
  const x = op.input(0);
  const grams = gramsOf(op);
  const mode = op.string('mode', 'TF');
  if (!['TF', 'IDF', 'TFIDF'].includes(mode)) op.unsupported('its mode');
  const shape = op.outputDims();
  const width = shape.at(-1)!;
  const length = x.shape.at(-1) ?? op.unsupported('its rank');
  const rows = x.shape.slice(0, -1);
  const skips = op.int('max_skip_count', 0);
  return op.procedure([{ shape, storage: 'f32' }], (scope, [y]) => {
    const row = (inner: typeof scope, index: readonly Index[]): void => {
      inner.loops('o', [width], (cell, [o]) => {
        cell.store(y!, [...index, o!], literal('f32', 0));
      });
      for (const { elements, slot, weight } of grams) {
        if (width.kind !== 'constant' || slot >= width.value) op.unsupported('its indexes');
        const count = inner.mutable('count', literal('f32', 0));
        const size = elements.length;
        for (let step = 1; step <= (size === 1 ? 1 : skips + 1); step++) {
          const places = subtract(length, (size - 1) * step);
          inner.loops('s', [places], (at, [s]) => {
            const hit = elements
              .map((element, k): Expr => {
                const value = cast('i64', at.at(x, [...index, add(s!, k * step)]));
                return compare('eq', value, literal('i64', element));
              })
              .reduce(both);
            const one = select(hit, literal('f32', 1), literal('f32', 0));
            count.set(at, plus(count.value, one));
          });
        }
        const place = [...index, constant(slot)];
        inner.store(y!, place, plus(load(y!, place), weighted(mode, count.value, weight)));
      }
    };
    if (rows.length === 0) row(scope, []);
    else scope.loops('n', rows, row);
  });
};

function weighted(mode: string, count: Expr, weight: number): Expr {
  const factor = literal('f32', weight);
  if (mode === 'TF') return count;
  if (mode === 'TFIDF') return times(count, factor);
  return select(compare('gt', count, literal('f32', 0)), factor, literal('f32', 0));
}

export const LOWERINGS: Readonly<Record<string, Lowering>> = { TfIdfVectorizer: tfIdfVectorizer };
