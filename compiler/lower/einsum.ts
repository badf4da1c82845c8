/**
 * Einsum 12: a sum of products over the labels that the output does not have.
 */
import { binary, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { ELLIPSIS, parseEinsum } from '../ops/einsumEquation.ts';
import type { EinsumTerm } from '../ops/einsumEquation.ts';
import type { Field } from './field.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import { broadcastIndex } from './pointwise.ts';

/** Axes of an operand by label; those under the ellipsis count from the last: `.1`, `.0`. */
function labelsOf(term: EinsumTerm, rank: number): readonly string[] {
  const hidden = rank - term.filter((label) => label !== ELLIPSIS).length;
  return term.flatMap((label) =>
    label === ELLIPSIS
      ? Array.from({ length: Math.max(0, hidden) }, (_, i) => `.${hidden - 1 - i}`)
      : [label],
  );
}

/** The size of each label: of operands that broadcast, the one that is not 1. */
function sizesOf(op: LowerOp, fields: readonly Field[], labels: readonly (readonly string[])[]) {
  const sizes = new Map<string, Index>();
  fields.forEach(({ shape }, i) => {
    if (labels[i]!.length !== shape.length) op.unsupported('its equation does not fit the ranks');
    labels[i]!.forEach((label, axis) => {
      const known = sizes.get(label);
      const isOne = known?.kind === 'constant' && known.value === 1;
      if (known === undefined || isOne) sizes.set(label, shape[axis]!);
    });
  });
  return sizes;
}

const einsum: Lowering = (op) => {
  const equation = parseEinsum(op.string('equation', ''));
  if (typeof equation === 'string') return op.unsupported(equation);
  const fields = op.inputs();
  const labels = fields.map(({ shape }, i) => labelsOf(equation.operands[i] ?? [], shape.length));
  const sizes = sizesOf(op, fields, labels);
  const shape = op.outputDims();
  const outputLabels = labelsOf(equation.output, shape.length);
  const summed = [...sizes.keys()].filter((label) => !outputLabels.includes(label));
  const type = op.outputScalar();
  return [
    op.make({
      shape,
      storage: op.outputStorage(),
      cost: 'heavy',
      element: (scope, index) => {
        const extents = summed.map((label) => sizes.get(label)!);
        return scope.fold('acc', literal(type, 0), extents, (inner, ks, sum) => {
          const at = (label: string): Index =>
            outputLabels.includes(label)
              ? index[outputLabels.indexOf(label)]!
              : ks[summed.indexOf(label)]!;
          const factors = fields.map((field, i) => {
            const own = labels[i]!;
            const full = own.map((label) => sizes.get(label)!);
            return inner.at(field, broadcastIndex(field, full, own.map(at)));
          });
          return binary(
            'add',
            sum,
            factors.reduce((a, b) => binary('mul', a, b)),
          );
        });
      },
    }),
  ];
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = { Einsum: einsum };
