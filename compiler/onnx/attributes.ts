/**
 * AttributeProto -> AttributeValue. Graph attributes are left to the caller, which knows the scope.
 */
import type { onnx } from 'onnx-proto';
import type { AttributeValue } from '../graph/graph.ts';
import { quoted } from './names.ts';
import { hasField, toNumber } from './readModel.ts';
import type { Reporter } from './reporter.ts';
import type { Symbols } from './symbols.ts';
import type { TensorReader } from './tensors.ts';
import { valueType } from './valueTypes.ts';

/** AttributeProto.AttributeType */
const KIND = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
} as const;

export interface AttributeContext {
  readonly tensors: TensorReader;
  readonly symbols: Symbols;
  readonly reporter: Reporter;
  /** Id of the operator, for messages and names. */
  readonly node: string;
}

/** The value of an attribute; 'graph' marks graph attributes; undefined (reported) when unusable. */
export function attributeValue(
  proto: onnx.IAttributeProto,
  { tensors, symbols, reporter, node }: AttributeContext,
): AttributeValue | undefined {
  const label = `${node} (${proto.name ?? ''})`;
  switch (kindOf(proto)) {
    case KIND.float:
      return { kind: 'float', value: proto.f ?? 0 };
    case KIND.int:
      return { kind: 'int', value: toNumber(proto.i) };
    case KIND.string:
      return { kind: 'string', value: text(proto.s) };
    case KIND.floats:
      return { kind: 'floats', value: proto.floats ?? [] };
    case KIND.ints:
      return { kind: 'ints', value: (proto.ints ?? []).map(toNumber) };
    case KIND.strings:
      return { kind: 'strings', value: (proto.strings ?? []).map(text) };
    case KIND.tensor: {
      if (!proto.t) break;
      const { constant, known } = tensors.read(proto.t, label, node);
      return { kind: 'tensor', value: constant, ...(known && { known }) };
    }
    case KIND.tensors: {
      const value = (proto.tensors ?? []).map((t) => tensors.read(t, label, node).constant);
      return { kind: 'tensors', value };
    }
    case KIND.sparseTensor: {
      if (!proto.sparseTensor) break;
      const { constant } = tensors.readSparse(proto.sparseTensor, label, node);
      return { kind: 'tensor', value: constant };
    }
    case KIND.type:
      return { kind: 'type', value: valueType(proto.tp, label, symbols) };
    case KIND.graph:
    case KIND.graphs:
      return { kind: 'graph' };
    case KIND.sparseTensors:
    case KIND.types: {
      const message = `Attribute ${quoted(proto.name ?? '')} has a kind that is not read.`;
      reporter.report('model/unsupported', message, node);
      return undefined;
    }
  }
  const message = `Attribute ${quoted(proto.name ?? '')} has no value.`;
  reporter.report('model/bad-attribute', message, node);
  return undefined;
}

/** The declared kind; files from before IR 2 leave it out, then the field that is set decides. */
function kindOf(proto: onnx.IAttributeProto): number {
  if (proto.type) return proto.type;
  if (proto.t) return KIND.tensor;
  if (proto.g) return KIND.graph;
  if (proto.sparseTensor) return KIND.sparseTensor;
  if (proto.tp) return KIND.type;
  if (proto.floats?.length) return KIND.floats;
  if (proto.ints?.length) return KIND.ints;
  if (proto.strings?.length) return KIND.strings;
  if (proto.tensors?.length) return KIND.tensors;
  if (proto.graphs?.length) return KIND.graphs;
  if (hasField(proto, 'f')) return KIND.float;
  if (hasField(proto, 'i')) return KIND.int;
  if (hasField(proto, 's')) return KIND.string;
  return 0;
}

const UTF8 = new TextDecoder();

function text(bytes: Uint8Array | null | undefined): string {
  return bytes ? UTF8.decode(bytes) : '';
}
