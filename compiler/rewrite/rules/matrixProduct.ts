/** Linear algebra of matrix products: scales, shifts and further products go into constant weights. */
import { attributeIs, ofRank, perColumn, readOnce, scalar } from '../conditions.ts';
import {
  concatAxis,
  isIdentityMatrix,
  columnShape,
  columnVector,
  rowScale,
  swapsLastAxes,
  vectorShape,
} from '../given/matrices.ts';
import type { RuleSpec } from '../rule.ts';
import { rules } from '../rule.ts';

/** Per-column scales of any rank as one row, beside weights. */
const ROW = '(Reshape $s !row)';
const ROW_SHAPE = { dtype: 'int64', dims: [1], data: [-1] } as const;
/** A shift of every row of the left operand, as one row. */
const EDGE = '(Expand (Reshape $e !flat) !vector)';

const SPECS: readonly RuleSpec[] = [
  {
    name: 'sum-of-products',
    row: 'L2',
    precision: 'rounding',
    forms: [
      ['(Add (MatMul ?x $w) (MatMul ?x $u))', '(MatMul ?x (Add $w $u))'],
      ['(Sub (MatMul ?x $w) (MatMul ?x $u))', '(MatMul ?x (Sub $w $u))'],
      ['(Add (MatMul ?x ?w) (MatMul ?x ?u))', '(MatMul ?x (Add ?w ?u))'],
      ['(Add (MatMul ?w ?x) (MatMul ?u ?x))', '(MatMul (Add ?w ?u) ?x)'],
    ],
  },
  {
    name: 'product-of-two-inputs',
    row: 'L3',
    precision: 'rounding',
    when: [ofRank('w', 2), ofRank('u', 2)],
    forms: [
      [
        '(Add (MatMul ?x $w) (MatMul ?y $u))',
        '(MatMul (Concat{axis=last} ?x ?y) (Concat{axis=0} $w $u))',
      ],
    ],
    given: { last: concatAxis('x', 'y') },
  },
  {
    name: 'order-of-products',
    row: 'L4',
    precision: 'rounding',
    forms: [
      ['(MatMul (MatMul ?x ?w) ?u)', '(MatMul ?x (MatMul ?w ?u))'],
      ['(MatMul ?x (MatMul ?w ?u))', '(MatMul (MatMul ?x ?w) ?u)'],
    ],
  },
  {
    name: 'scaled-product',
    row: 'L5',
    precision: 'rounding',
    when: [ofRank('w', 2), perColumn('s')],
    forms: [
      ['(Mul (MatMul ?x $w) $s)', `(MatMul ?x (Mul $w ${ROW}))`],
      ['(Div (MatMul ?x $w) $s)', `(MatMul ?x (Div $w ${ROW}))`],
      ['(Mul (Add (MatMul ?x $w) $b) $s)', `(Add (MatMul ?x (Mul $w ${ROW})) (Mul $b $s))`],
      ['(Div (Add (MatMul ?x $w) $b) $s)', `(Add (MatMul ?x (Div $w ${ROW})) (Div $b $s))`],
    ],
    given: { row: () => ROW_SHAPE },
  },
  {
    name: 'scaled-gemm',
    row: 'L5',
    precision: 'rounding',
    when: [ofRank('w', 2), perColumn('s')],
    forms: [
      [
        '(Mul (Gemm:g ?x $w $b) $s)',
        '(=g ?x (Mul $w (Reshape $s !columns)) (Mul $b (Reshape $s !row)))',
      ],
      ['(Mul (Gemm:g ?x $w) $s)', '(=g ?x (Mul $w (Reshape $s !columns)))'],
      [
        '(Div (Gemm:g ?x $w $b) $s)',
        '(=g ?x (Div $w (Reshape $s !columns)) (Div $b (Reshape $s !row)))',
      ],
      ['(Div (Gemm:g ?x $w) $s)', '(=g ?x (Div $w (Reshape $s !columns)))'],
    ],
    given: { columns: columnShape('g'), row: () => ROW_SHAPE },
  },
  {
    // A scalar passes through whatever moves elements, down to the weights.
    name: 'scale-through-movement',
    row: 'L5',
    precision: 'rounding',
    when: [scalar('s')],
    forms: [
      ...scaled('(~moves:m (MatMul ?x $w))', '(~m (MatMul ?x %))'),
      ...scaled('(~moves:m (Add (MatMul ?x $w) $b))', '(~m (Add (MatMul ?x %) ^))'),
      ...scaled('(~moves:m (Gemm:g ?x $w $b))', '(~m (=g ?x % ^))'),
      ...scaled('(~moves:m (Conv:g ?x $w))', '(~m (=g ?x %))'),
      ...scaled('(~moves:m (Conv:g ?x $w $b))', '(~m (=g ?x % ^))'),
      ...inProduct('(MatMul ?x $w)', '(MatMul ?x %)'),
      ...inProduct('(Add (MatMul ?x $w) $b)', '(Add (MatMul ?x %) ^)'),
      ...inProduct('(Gemm:g ?x $w $b)', '(=g ?x % ^)'),
    ],
  },
  {
    name: 'affine-before-product',
    row: 'L6',
    precision: 'rounding',
    when: [ofRank('w', 2), readOnce('i')],
    forms: [
      [
        '(Add (MatMul (Add:i (Mul ?x $g) $e) $w) $b)',
        `(Add (MatMul ?x (Mul (Reshape $g !column) $w)) (Add (MatMul ${EDGE} $w) $b))`,
      ],
      [
        '(MatMul (Add:i (Mul ?x $g) $e) $w)',
        `(Add (MatMul ?x (Mul (Reshape $g !column) $w)) (MatMul ${EDGE} $w))`,
      ],
    ],
    given: { column: columnVector('g', 'w'), flat: () => ROW_SHAPE, vector: vectorShape('e', 'w') },
  },
  {
    name: 'scale-before-product',
    row: 'L6',
    precision: 'rounding',
    when: [ofRank('w', 2)],
    forms: [
      ['(MatMul (Mul ?x $g) $w)', '(MatMul ?x (Mul (Reshape $g !column) $w))'],
      ['(MatMul (Div ?x $g) $w)', '(MatMul ?x (Div $w (Reshape $g !column)))'],
    ],
    given: { column: columnVector('g', 'w') },
  },
  {
    name: 'shift-before-product',
    row: 'L6',
    precision: 'rounding',
    when: [ofRank('w', 2), readOnce('i')],
    forms: [
      ['(Add (MatMul (Add:i ?x $e) $w) $b)', `(Add (MatMul ?x $w) (Add (MatMul ${EDGE} $w) $b))`],
    ],
    given: { flat: () => ROW_SHAPE, vector: vectorShape('e', 'w') },
  },
  {
    name: 'row-scale-past-product',
    row: 'L7',
    precision: 'rounding',
    when: [rowScale('d', 'a')],
    forms: [
      ['(MatMul (Mul ?d ?a) ?b)', '(Mul ?d (MatMul ?a ?b))'],
      ['(MatMul (Div ?a ?d) ?b)', '(Div (MatMul ?a ?b) ?d)'],
      ['(Mul (MatMul ?a ?b) ?d)', '(MatMul (Mul ?a ?d) ?b)'],
      ['(Div (MatMul ?a ?b) ?d)', '(MatMul (Div ?a ?d) ?b)'],
    ],
  },
  {
    name: 'scalar-past-product',
    row: 'L7',
    precision: 'rounding',
    when: [scalar('d')],
    forms: [
      ['(MatMul ?a (Mul ?d ?b))', '(Mul ?d (MatMul ?a ?b))'],
      ['(MatMul ?a (Div ?b ?d))', '(Div (MatMul ?a ?b) ?d)'],
      ['(Mul (MatMul ?a ?b) ?d)', '(MatMul ?a (Mul ?b ?d))'],
      ['(Div (MatMul ?a ?b) ?d)', '(MatMul ?a (Div ?b ?d))'],
    ],
  },
  {
    name: 'transposed-product',
    row: 'L8',
    precision: 'exact',
    when: [swapsLastAxes('t'), swapsLastAxes('s'), swapsLastAxes('u')],
    forms: [['(Transpose:t (MatMul (Transpose:s ?a) (Transpose:u ?b)))', '(MatMul ?b ?a)']],
  },
  {
    name: 'transposed-operand',
    row: 'L8',
    precision: 'exact',
    when: [ofRank('a', 2), ofRank('b', 2), swapsLastAxes('t')],
    forms: [
      ['(MatMul (Transpose:t ?a) ?b)', '(Gemm{transA=1} ?a ?b)'],
      ['(MatMul ?a (Transpose:t ?b))', '(Gemm{transB=1} ?a ?b)'],
    ],
  },
  {
    name: 'transposed-gemm-left',
    row: 'L8',
    precision: 'exact',
    when: [swapsLastAxes('t'), attributeIs('g', 'transA', 0, 0)],
    forms: [['(Gemm:g (Transpose:t ?a) ?b ?c~)', '(=g{transA=1} ?a ?b ?c)']],
  },
  {
    name: 'transposed-gemm-right',
    row: 'L8',
    precision: 'exact',
    when: [swapsLastAxes('t'), attributeIs('g', 'transB', 0, 0)],
    forms: [['(Gemm:g ?a (Transpose:t ?b) ?c~)', '(=g{transB=1} ?a ?b ?c)']],
  },
  {
    name: 'product-with-bias',
    row: 'L9',
    precision: 'exact',
    when: [ofRank('x', 2), ofRank('w', 2), ofRank('b', 0, 1, 2)],
    forms: [['(Add (MatMul ?x $w) $b)', '(Gemm ?x $w $b)']],
  },
  {
    name: 'identity-matrix',
    row: 'L10',
    precision: 'exact',
    when: [isIdentityMatrix('i')],
    forms: [
      ['(MatMul ?x $i)', '?x'],
      ['(MatMul $i ?x)', '?x'],
    ],
  },
];

type Form = readonly [before: string, after: string];

/** `before` times or by a scalar s: the weights w (%) and the bias b (^) of `after` are scaled instead. */
function scaled(before: string, after: string): readonly Form[] {
  return ['Mul', 'Div'].map((type): Form => {
    const text = after.replace('%', `(${type} $w $s)`).replace('^', `(${type} $b $s)`);
    return [`(${type} ${before} $s)`, text];
  });
}

/** The same where the scaled tensor is an operand of a product, as queries and keys of attention are. */
function inProduct(before: string, after: string): readonly Form[] {
  return [
    ...scaled(`(MatMul (~moves:m ${before}) ?y)`, `(MatMul (~m ${after}) ?y)`),
    ...scaled(`(MatMul ?y (~moves:m ${before}))`, `(MatMul ?y (~m ${after}))`),
  ];
}

export const MATRIX_PRODUCT = rules('linear', SPECS);
