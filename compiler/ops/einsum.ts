/**
 * Einsum 12: shapes, mapping type and FLOPs follow from the equation. Without a contracted or repeated
 * label it is a product of permuted operands; with one it reduces.
 */
import type { Dim } from '../graph/dim.ts';
import { dimBroadcast, dimEqual, dimMul, dimProduct, formatDim } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import type { InferContext, Mapping, OperatorEntry, OpView } from './define.ts';
import { ELLIPSIS, parseEinsum } from './einsumEquation.ts';
import type { EinsumEquation, EinsumTerm } from './einsumEquation.ts';
import { operator, VARIADIC } from './entry.ts';
import { commonDtype, presentInputs } from './inferRules.ts';
import { fixedMapping, nodeMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  operator('Einsum', {
    since: [12],
    inputs: [1, VARIADIC],
    mapping: einsumMapping,
    infer: (op) => [tensorType(commonDtype(op, presentInputs(op)), einsumShape(op))],
    flops: einsumFlops,
    properties: ['linear', 'distributive'],
  }),
];

/** Size of each label; the axes of the ellipsis are labels '...0', '...1' from the right. */
type Sizes = Map<string, Dim>;

function einsumShape(op: InferContext): Shape {
  const equation = parseEinsum(op.string('equation', ''));
  if (typeof equation === 'string') return op.fail(equation);
  if (equation.operands.length !== op.inputCount) {
    op.fail(`the equation has ${equation.operands.length} operands, the node ${op.inputCount}`);
  }
  const bound = bindLabels(op, equation, (message) => op.fail(message));
  if (!bound.complete && equation.output.includes(ELLIPSIS)) return null;
  return expandTerm(equation.output, bound.ellipsisRank).map(
    (label) => bound.sizes.get(label) ?? op.dataDim(`label_${label}`),
  );
}

interface Bound {
  readonly sizes: Sizes;
  /** Axes that '...' stands for, the most of any operand. */
  readonly ellipsisRank: number;
  /** False when an operand's rank is not known. */
  readonly complete: boolean;
}

function bindLabels(op: OpView, equation: EinsumEquation, fail: (message: string) => void): Bound {
  const sizes: Sizes = new Map();
  let ellipsisRank = 0;
  let complete = true;
  equation.operands.forEach((term, input) => {
    const shape = op.shape(input);
    if (shape === null) {
      complete = false;
      return;
    }
    const letters = term.filter((label) => label !== ELLIPSIS).length;
    const spare = shape.length - letters;
    if (spare < 0 || (spare > 0 && !term.includes(ELLIPSIS))) {
      fail(`operand ${input} has rank ${shape.length} but its term has ${letters} labels`);
      return;
    }
    ellipsisRank = Math.max(ellipsisRank, spare);
    expandTerm(term, spare).forEach((label, axis) => {
      const size = shape[axis] as Dim;
      const joined = dimBroadcast(sizes.get(label) ?? 1, size);
      if (joined === undefined) {
        const other = formatDim(sizes.get(label) as Dim);
        fail(`label '${label}' is ${other} in one operand and ${formatDim(size)} in another`);
      } else sizes.set(label, joined);
    });
  });
  return { sizes, ellipsisRank, complete };
}

/** Labels axis by axis; an ellipsis of n axes gives '...n-1' … '...0', aligned at the right. */
function expandTerm(term: EinsumTerm, ellipsisRank: number): string[] {
  return term.flatMap((label) =>
    label === ELLIPSIS
      ? Array.from({ length: ellipsisRank }, (_, i) => `${ELLIPSIS}${ellipsisRank - 1 - i}`)
      : [label],
  );
}

function einsumMapping(op: OpView): Mapping {
  const reduces = fixedMapping('many-to-many')(op);
  const equation = parseEinsum(op.string('equation', ''));
  if (typeof equation === 'string' || equation.operands.length !== op.inputCount) return reduces;
  const bound = bindLabels(op, equation, () => undefined);
  if (!bound.complete) return reduces;
  const output = expandTerm(equation.output, bound.ellipsisRank);
  const terms = equation.operands.map((term, input) => {
    const letters = term.filter((label) => label !== ELLIPSIS).length;
    return expandTerm(term, (op.shape(input)?.length ?? letters) - letters);
  });
  const contracts = terms.flat().some((label) => !output.includes(label));
  const repeats = terms.some((term) => new Set(term).size !== term.length);
  if (contracts || repeats) return reduces;
  const edges = terms.map((term, input) =>
    edgeOf(term, op.shape(input) ?? [], output, bound.sizes),
  );
  return nodeMapping(op, edges, terms.length > 1 ? 'product without a contraction' : undefined);
}

/** How one operand's elements reach the output when nothing is summed. */
function edgeOf(
  term: readonly string[],
  shape: readonly Dim[],
  output: readonly string[],
  sizes: Sizes,
): MappingType {
  const broadcast = output.some((label) => {
    const axis = term.indexOf(label);
    return !dimEqual(axis < 0 ? 1 : (shape[axis] as Dim), sizes.get(label) ?? 1);
  });
  if (broadcast) return 'one-to-many';
  const large = (label: string): boolean => sizes.get(label) !== 1;
  const kept = output.filter((label) => term.includes(label));
  const order = (labels: readonly string[]): string => labels.join(' ');
  if (order(term) === order(output)) return 'one-to-one';
  const moved = order(term.filter(large)) !== order(kept.filter(large));
  return moved ? 'shuffle' : 'reorganize';
}

/** One multiplication per extra operand and, where a label is contracted, one addition, per label tuple. */
function einsumFlops(op: OpView): Dim {
  const equation = parseEinsum(op.string('equation', ''));
  if (typeof equation === 'string' || equation.operands.length !== op.inputCount) return 0;
  const { sizes } = bindLabels(op, equation, () => undefined);
  const used = new Set(equation.operands.flat());
  const contracts = [...used].some((label) => !equation.output.includes(label));
  const perTuple = equation.operands.length - 1 + (contracts ? 1 : 0);
  return dimMul(dimProduct([...sizes.values()]), perTuple);
}
