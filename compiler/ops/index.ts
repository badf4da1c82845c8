/**
 * The operator table: every family by name, looked up by domain and operator type. Adding an operator means
 * adding its entry to a family; adding a family means adding it to this list.
 */
import type { OperatorEntry } from './define.ts';
import * as attention from './attention.ts';
import * as concat from './concat.ts';
import * as controlFlow from './controlFlow.ts';
import * as conversion from './conversion.ts';
import * as convolution from './convolution.ts';
import * as cumulative from './cumulative.ts';
import * as dataDependent from './dataDependent.ts';
import * as einsum from './einsum.ts';
import * as elementwiseBinary from './elementwiseBinary.ts';
import * as elementwiseUnary from './elementwiseUnary.ts';
import * as gather from './gather.ts';
import * as losses from './losses.ts';
import * as machineLearning from './machineLearning.ts';
import * as matmul from './matmul.ts';
import * as microsoftActivations from './microsoftActivations.ts';
import * as microsoftAttention from './microsoftAttention.ts';
import * as microsoftFused from './microsoftFused.ts';
import * as microsoftGeneral from './microsoftGeneral.ts';
import * as microsoftNormalisation from './microsoftNormalisation.ts';
import * as microsoftQuantised from './microsoftQuantised.ts';
import * as microsoftQuantisedProducts from './microsoftQuantisedProducts.ts';
import * as microsoftRare from './microsoftRare.ts';
import * as nchwc from './nchwc.ts';
import * as normalisation from './normalisation.ts';
import * as pad from './pad.ts';
import * as permutation from './permutation.ts';
import * as pooling from './pooling.ts';
import * as quantisation from './quantisation.ts';
import * as random from './random.ts';
import * as recurrent from './recurrent.ts';
import * as reduction from './reduction.ts';
import * as repetition from './repetition.ts';
import * as reshape from './reshape.ts';
import * as resize from './resize.ts';
import * as scatter from './scatter.ts';
import * as selection from './selection.ts';
import * as sequence from './sequence.ts';
import * as signal from './signal.ts';
import * as slice from './slice.ts';
import * as softmax from './softmax.ts';
import * as sources from './sources.ts';
import * as strings from './strings.ts';
import * as training from './training.ts';
import * as vision from './vision.ts';
import * as windows from './windows.ts';

const FAMILIES: readonly { readonly FAMILY: readonly OperatorEntry[] }[] = [
  // Elementwise.
  elementwiseUnary,
  elementwiseBinary,
  selection,
  conversion,
  quantisation,
  // Data movement and sources.
  reshape,
  permutation,
  concat,
  slice,
  pad,
  repetition,
  gather,
  scatter,
  sources,
  windows,
  resize,
  // Many-to-Many.
  reduction,
  cumulative,
  convolution,
  pooling,
  matmul,
  einsum,
  normalisation,
  softmax,
  attention,
  losses,
  // Opaque.
  dataDependent,
  controlFlow,
  recurrent,
  random,
  sequence,
  signal,
  strings,
  vision,
  // ONNX Runtime's own.
  microsoftActivations,
  microsoftAttention,
  microsoftFused,
  microsoftGeneral,
  microsoftNormalisation,
  microsoftQuantised,
  microsoftQuantisedProducts,
  microsoftRare,
  nchwc,
  // Beside networks.
  machineLearning,
  training,
];

export const OPERATORS: readonly OperatorEntry[] = FAMILIES.flatMap(({ FAMILY }) => FAMILY);

const TABLE = buildTable();
const DOMAINS: ReadonlySet<string> = new Set(OPERATORS.map((entry) => entry.domain));

/** The entry of an operator; `domain` '' is ai.onnx. */
export function lookupOperator(domain: string, type: string): OperatorEntry | undefined {
  return TABLE.get(domain)?.get(type);
}

/** Whether the table holds any operator of the domain. */
export function isKnownDomain(domain: string): boolean {
  return DOMAINS.has(domain);
}

function buildTable(): ReadonlyMap<string, ReadonlyMap<string, OperatorEntry>> {
  const table = new Map<string, Map<string, OperatorEntry>>();
  for (const entry of OPERATORS) {
    const domain = table.get(entry.domain) ?? new Map<string, OperatorEntry>();
    if (domain.has(entry.name)) throw new Error(`operator ${entry.name} stands twice in the table`);
    table.set(entry.domain, domain.set(entry.name, entry));
  }
  return table;
}
