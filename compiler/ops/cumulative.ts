/**
 * Running sums and products along one axis (input 1). Every element depends on all before it:
 * Many-to-Many.
 */
import { foldElements, isEvaluable } from './arithmetic.ts';
import { axisIn } from './axes.ts';
import type { Mapping, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { perInputElement } from './flops.ts';
import { sameAsInput } from './inferRules.ts';
import type { KnownElement } from './known.ts';
import { forEachIndex, knownTensor, outputDtype, stridesOf } from './known.ts';
import { dataMapping, opaqueMapping } from './mappingRules.ts';

type Step = (sum: number, value: number) => number;

export const FAMILY: readonly OperatorEntry[] = [
  operator('CumSum', {
    since: [11, 14],
    inputs: [2, 2],
    mapping: scanMapping,
    infer: sameAsInput(),
    flops: perInputElement(1),
    properties: ['linear'],
    evaluate: (op) => evaluateScan(op, 0, (sum, value) => sum + value),
  }),
  operator('CumProd', {
    since: [26],
    inputs: [2, 2],
    mapping: scanMapping,
    infer: sameAsInput(),
    flops: perInputElement(1),
    evaluate: (op) => evaluateScan(op, 1, (product, value) => product * value),
  }),
];

function scanMapping(op: OpView): Mapping {
  if (!op.isConstant(1)) return opaqueMapping(op, 'axis known at run time only');
  return dataMapping('many-to-many')(op);
}

function evaluateScan(
  op: OpView,
  start: number,
  step: Step,
): ReturnType<NonNullable<OperatorEntry['evaluate']>> {
  const input = op.known(0);
  const dtype = outputDtype(op);
  const axis = axisIn(op.numbers(1)?.[0] ?? Number.NaN, input?.dims.length ?? 0);
  if (!input || axis === undefined || !isEvaluable(dtype)) return undefined;
  const length = input.dims[axis] as number;
  const stride = stridesOf(input.dims)[axis] as number;
  const backwards = op.int('reverse', 0) !== 0;
  const exclusive = op.int('exclusive', 0) !== 0;
  const data = new Array<KnownElement>(input.data.length);
  forEachIndex(input.dims, (index, position) => {
    if (index[axis] !== 0) return;
    let sum: KnownElement = start;
    for (let i = 0; i < length; i++) {
      const at = position + (backwards ? length - 1 - i : i) * stride;
      const next: KnownElement =
        typeof sum === 'number' ? foldElements(dtype, [input.data[at]], sum, step) : undefined;
      data[at] = exclusive ? sum : next;
      sum = next;
    }
  });
  return [knownTensor(dtype, input.dims, data)];
}
