/**
 * The one line that stands for a fusion block: its operators' types in order, repeats counted, the seed
 * always among those named, as many as fit.
 */
import { shortType } from './names.ts';

/** Width of a text in CSS pixels. */
export type Measure = (text: string) => number;

/**
 * 'Conv + BatchNorm + Relu', 'MatMul + 3× Add + 5 more'. The result is at most `width` wide unless a
 * single type alone is wider.
 *
 * @param types operator types in topological order, at least one
 * @param seed position of the seed in `types`, or -1
 */
export function blockLabel(
  types: readonly string[],
  seed: number,
  measure: Measure,
  width: number,
): string {
  const terms = countRuns(types.map(shortType));
  const seedTerm = terms.findIndex((term) => seed >= term.from && seed < term.from + term.count);
  const all = terms.map(termText).join(' + ');
  if (measure(all) <= width) return all;
  for (let shown = terms.length - 1; shown >= 1; shown--) {
    const text = partial(terms, shown, seedTerm, types.length);
    if (measure(text) <= width || shown === 1) return text;
  }
  return all;
}

interface Term {
  readonly type: string;
  readonly from: number;
  count: number;
}

function countRuns(types: readonly string[]): Term[] {
  const terms: Term[] = [];
  types.forEach((type, from) => {
    const last = terms.at(-1);
    if (last?.type === type) last.count++;
    else terms.push({ type, from, count: 1 });
  });
  return terms;
}

function termText({ type, count }: Term): string {
  return count === 1 ? type : `${count}× ${type}`;
}

function partial(terms: readonly Term[], shown: number, seedTerm: number, total: number): string {
  const named = terms.slice(0, shown);
  const seed = terms[seedTerm];
  if (seed && seedTerm >= shown) named[shown - 1] = seed;
  const rest = total - named.reduce((sum, term) => sum + term.count, 0);
  return `${named.map(termText).join(' + ')} + ${rest} more`;
}

/** The longest head of `text` that fits, with an ellipsis when cut. */
export function fitText(text: string, measure: Measure, width: number): string {
  if (measure(text) <= width) return text;
  const characters = Array.from(text);
  let low = 1;
  let high = characters.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(`${characters.slice(0, middle).join('')}…`) <= width) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join('')}…`;
}
