/**
 * Window functions of signal processing: generators that fold where their size is constant.
 */
import type { Dim } from '../graph/dim.ts';
import type { KnownTensor } from '../graph/graph.ts';
import { tensorType } from '../graph/types.ts';
import { isEvaluable, storeAs } from './arithmetic.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator } from './entry.ts';
import { perOutputElement } from './flops.ts';
import { dtypeAttribute } from './inferRules.ts';
import { countOf, knownTensor, outputDims, outputDtype, scalarOf } from './known.ts';
import { fixedMapping } from './mappingRules.ts';

/** Coefficients of cos(0), cos(2 pi i / n), cos(4 pi i / n). */
type Coefficients = readonly [number, number, number];

export const FAMILY: readonly OperatorEntry[] = [
  window('HannWindow', [0.5, -0.5, 0]),
  window('HammingWindow', [25 / 46, -21 / 46, 0]),
  window('BlackmanWindow', [0.42, -0.5, 0.08]),
];

function window(name: string, coefficients: Coefficients): OperatorEntry {
  return operator(name, {
    since: [17],
    mapping: fixedMapping('one-to-one'),
    infer: (op) => [tensorType(dtypeAttribute(op, 'output_datatype', 'float32'), [windowSize(op)])],
    flops: perOutputElement(4),
    evaluate: (op) => evaluateWindow(op, coefficients),
    source: true,
  });
}

function windowSize(op: InferContext): Dim {
  const stated = scalarOf(op, 0) ?? op.dataDim('size');
  if (typeof stated === 'number' && (!Number.isInteger(stated) || stated < 0)) {
    op.fail(`size ${stated}`);
  }
  return stated;
}

/** A periodic window of n is a symmetric one of n + 1 without its last element. */
function evaluateWindow(op: OpView, [a, b, c]: Coefficients): readonly KnownTensor[] | undefined {
  const dims = outputDims(op);
  const dtype = outputDtype(op);
  if (!isEvaluable(dtype)) return undefined;
  const count = countOf(dims);
  const period = op.int('periodic', 1) !== 0 ? count : count - 1;
  const data = Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / period;
    return storeAs(dtype, a + b * Math.cos(angle) + c * Math.cos(2 * angle));
  });
  return [knownTensor(dtype, dims, data)];
}
