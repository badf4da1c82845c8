/**
 * Fixed patterns of MNN, TVM and TFLite as of the paper (2021), as data. Operator names are the patterns'
 * content here: nothing is decided about an operator beyond whether it stands in a list.
 */

export interface ChainStep {
  readonly types: ReadonlySet<string>;
  /** Repetitions; 1 when absent. Every step may be missing. */
  readonly most?: number;
  /** Only when its other operands are constants. */
  readonly constantOperand?: true;
  /** Only without broadcasting of computed operands. */
  readonly sameShape?: true;
}

/** An anchor and the operators that may follow, each the only reader of the one before. */
export interface ChainPattern {
  readonly name: string;
  /** Which tools have it. */
  readonly tools: readonly ('MNN' | 'TVM' | 'TFLite')[];
  readonly anchor: ReadonlySet<string>;
  /** The anchor itself must be One-to-One. */
  readonly elementwise?: true;
  readonly steps: readonly ChainStep[];
}

/** A named composition of several operators that a converter replaces by one kernel. */
export interface CompositePattern {
  readonly name: string;
  readonly tools: readonly ('MNN' | 'TVM' | 'TFLite')[];
  /** In topological order; `reads` are places in this list. */
  readonly operators: readonly {
    readonly types: ReadonlySet<string>;
    readonly reads: readonly number[];
  }[];
}

const types = (...names: string[]): ReadonlySet<string> => new Set(names);

const ACTIVATIONS = types(
  ...['Relu', 'Clip', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Sigmoid', 'HardSigmoid', 'HardSwish'],
  ...['Tanh', 'Softplus', 'ThresholdedRelu', 'Gelu', 'Mish'],
);
const BINARY = types('Add', 'Sub', 'Mul', 'Div');
const ELEMENTWISE = types(
  ...ACTIVATIONS,
  ...BINARY,
  ...['Abs', 'Neg', 'Sqrt', 'Exp', 'Log', 'Erf', 'Pow', 'Reciprocal', 'Floor', 'Ceil', 'Round'],
  ...['Min', 'Max', 'Sin', 'Cos', 'Sum', 'Cast'],
);

export const CHAINS: readonly ChainPattern[] = [
  {
    name: 'convolution, batch normalisation, bias, residual, activation',
    tools: ['MNN', 'TVM', 'TFLite'],
    anchor: types('Conv', 'ConvTranspose'),
    steps: [
      { types: types('BatchNormalization') },
      { types: BINARY, constantOperand: true, most: 2 },
      { types: types('Add', 'Sum'), sameShape: true },
      { types: ACTIVATIONS },
    ],
  },
  {
    name: 'matrix product, bias, activation',
    tools: ['TVM', 'TFLite'],
    anchor: types('Gemm', 'MatMul'),
    steps: [{ types: types('Add'), constantOperand: true }, { types: ACTIVATIONS }],
  },
  {
    name: 'pooling, activation',
    tools: ['TVM'],
    anchor: types('MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'),
    steps: [{ types: ACTIVATIONS }],
  },
  {
    name: 'batch normalisation, activation',
    tools: ['MNN', 'TVM', 'TFLite'],
    anchor: types('BatchNormalization', 'InstanceNormalization'),
    steps: [{ types: ACTIVATIONS }],
  },
  {
    name: 'elementwise chain',
    tools: ['TVM'],
    anchor: ELEMENTWISE,
    elementwise: true,
    steps: [{ types: ELEMENTWISE, sameShape: true, most: 8 }],
  },
];

export const COMPOSITES: readonly CompositePattern[] = [
  {
    name: 'Gelu (erf)',
    tools: ['MNN', 'TFLite'],
    operators: [
      { types: types('Div', 'Mul'), reads: [] },
      { types: types('Erf'), reads: [0] },
      { types: types('Add'), reads: [1] },
      { types: types('Mul'), reads: [2] },
      { types: types('Mul'), reads: [3] },
    ],
  },
  {
    name: 'layer normalisation',
    tools: ['MNN'],
    operators: [
      { types: types('ReduceMean'), reads: [] },
      { types: types('Sub'), reads: [0] },
      { types: types('Pow'), reads: [1] },
      { types: types('ReduceMean'), reads: [2] },
      { types: types('Add'), reads: [3] },
      { types: types('Sqrt'), reads: [4] },
      { types: types('Div'), reads: [1, 5] },
      { types: types('Mul'), reads: [6] },
      { types: types('Add'), reads: [7] },
    ],
  },
];
