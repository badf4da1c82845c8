/**
 * Names of kernels: a number and a word that says what the kernel mostly does. Identifiers in C, made by the compiler.
 */

/** Operators that shape a kernel, most telling first; the rest of a block is prologue and epilogue. */
const TELLING = [
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'Attention',
  'LSTM',
  'GRU',
  'RNN',
  'Loop',
  'If',
  'Scan',
  'Einsum',
  'Softmax',
  'LayerNormalization',
  'Pool',
  'Reduce',
  'Resize',
  'Gather',
  'Scatter',
  'Concat',
  'Transpose',
];

const LONGEST_WORD = 24;

/** `types`: operator types of the block (of the operator table: never text of a model alone). */
export function kernelName(number: number, types: readonly string[]): string {
  const telling = TELLING.flatMap((word) => types.find((type) => type.includes(word)) ?? []);
  const word = (telling[0] ?? types[0] ?? 'copy').replace(/[^A-Za-z0-9]/g, '').toLowerCase();
  return `k${number}_${word.slice(0, LONGEST_WORD) || 'op'}`;
}
