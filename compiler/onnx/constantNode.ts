/**
 * `Constant` nodes become constants. All attribute forms: value, sparse_value, value_float(s), value_int(s),
 * value_string(s).
 */
import type { AttributeValue, Constant, KnownTensor } from '../graph/graph.ts';
import { tensorType } from '../graph/types.ts';
import type { DataType } from '../graph/types.ts';
import { FOLD_CAP } from '../ops/define.ts';
import type { DraftNode } from './draft.ts';
import { encodeElements } from './elements.ts';
import type { Reporter } from './reporter.ts';

interface ConstantValue {
  readonly constant: Constant;
  readonly known?: KnownTensor;
}

/** Gives the node's output its value; false (reported) when it stays an operator. */
export function applyConstantNode(node: DraftNode, reporter: Reporter): boolean {
  const [output, ...others] = node.outputs;
  if (output === undefined || others.length > 0) {
    reporter.report('operator/bad-arity', 'A Constant has exactly one output.', node.id);
    return false;
  }
  for (const [name, attribute] of node.attributes) {
    const value = constantOf(name, attribute);
    if (value === undefined) continue;
    output.constant = value.constant;
    if (value.known) output.known = value.known;
    output.type = tensorType(value.constant.dtype, value.constant.dims);
    return true;
  }
  reporter.report('model/bad-attribute', 'This Constant has no value.', node.id);
  return false;
}

function constantOf(name: string, attribute: AttributeValue): ConstantValue | undefined {
  switch (attribute.kind) {
    case 'tensor': {
      const { value, known } = attribute;
      return name === 'value' || name === 'sparse_value'
        ? { constant: value, ...(known && { known }) }
        : undefined;
    }
    case 'float':
      return name === 'value_float' ? computed('float32', [], [attribute.value]) : undefined;
    case 'int':
      return name === 'value_int' ? computed('int64', [], [attribute.value]) : undefined;
    case 'floats':
      return name === 'value_floats' ? list('float32', attribute.value) : undefined;
    case 'ints':
      return name === 'value_ints' ? list('int64', attribute.value) : undefined;
    case 'string':
      return name === 'value_string' ? strings([]) : undefined;
    case 'strings':
      return name === 'value_strings' ? strings([attribute.value.length]) : undefined;
    default:
      return undefined;
  }
}

function list(dtype: DataType, data: readonly number[]): ConstantValue {
  return computed(dtype, [data.length], data);
}

function computed(
  dtype: DataType,
  dims: readonly number[],
  data: readonly number[],
): ConstantValue {
  if (data.length > FOLD_CAP) {
    const bytes = encodeElements(data, dtype);
    return { constant: { dtype, dims, source: { kind: 'bytes', bytes } } };
  }
  return {
    constant: { dtype, dims, source: { kind: 'computed' } },
    known: { dtype, dims, data },
  };
}

function strings(dims: readonly number[]): ConstantValue {
  return { constant: { dtype: 'string', dims, source: { kind: 'unavailable' } } };
}
