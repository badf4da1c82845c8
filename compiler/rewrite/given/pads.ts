/** Zeros put around a tensor by an operator of their own, as pads of the window that reads it. */
import { numbersOf, rankOf, scalarOf } from '../constants.ts';
import type { Match } from '../match.ts';
import type { Condition, GivenRule } from '../rule.ts';
import { intsAttribute } from './tensors.ts';

/** Begins and ends of the spatial axes; undefined where others are padded, or anything is cut off. */
function spatialPads(match: Match, label: string): readonly number[] | undefined {
  const { operator } = match.node(label);
  const rank = rankOf(match.graph, operator.inputs[0] ?? -1);
  const given = numbersOf(match.graph, operator.inputs[1] ?? -1);
  if (rank === undefined || !given) return undefined;
  const axes = operator.inputs[3] ?? -1;
  const listed = axes < 0 ? undefined : numbersOf(match.graph, axes);
  if (axes >= 0 && !listed) return undefined;
  const pads = new Array<number>(2 * rank).fill(0);
  const places = listed ?? Array.from({ length: rank }, (_, axis) => axis);
  places.forEach((axis, i) => {
    const place = axis < 0 ? axis + rank : axis;
    pads[place] = given[i] ?? 0;
    pads[rank + place] = given[places.length + i] ?? 0;
  });
  const others = [pads[0], pads[1], pads[rank], pads[rank + 1]];
  if (rank < 3 || others.some((pad) => pad !== 0) || pads.some((pad) => pad < 0)) return undefined;
  return [...pads.slice(2, rank), ...pads.slice(rank + 2)];
}

/** What is put around is what the window puts around itself: zeros, -∞ for maxima, zeros that count for means. */
export function paddingFolds(pad: string, window: string): Condition {
  return (match) => {
    const view = match.view(pad);
    const target = match.view(window);
    if (view.string('mode', 'constant') !== 'constant' || !spatialPads(match, pad)) return false;
    const padding = target.string('auto_pad', 'NOTSET');
    if (padding !== 'NOTSET' && padding !== 'VALID') return false;
    const input = match.node(pad).operator.inputs[2] ?? -1;
    const value = input < 0 ? 0 : scalarOf(match.graph, input);
    if (target.type === 'MaxPool') return value === -Infinity && target.int('ceil_mode', 0) === 0;
    if (value !== 0) return false;
    if (target.type === 'Conv') return true;
    return target.int('count_include_pad', 0) === 1 && target.int('ceil_mode', 0) === 0;
  };
}

export function mergedPads(pad: string, window: string): GivenRule {
  return (match) => {
    const outer = spatialPads(match, pad);
    if (!outer) return undefined;
    const own = match.view(window).ints('pads') ?? outer.map(() => 0);
    if (own.length !== outer.length) return undefined;
    return intsAttribute(outer.map((value, i) => value + (own[i] ?? 0)));
  };
}
