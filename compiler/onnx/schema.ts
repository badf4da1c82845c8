/**
 * The messages of onnx.proto (up to IR 11) as the scanner sees them: which fields are copied to
 * the decoder, which lead to tensors, which hold long lists. Fields that are not listed are dropped.
 */
import { BYTES, FIXED32, VARINT } from './wireFormat.ts';

export type MessageName =
  | 'ModelProto'
  | 'GraphProto'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'SparseTensorProto'
  | 'FunctionProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TypeProto.Tensor'
  | 'TypeProto.SparseTensor'
  | 'TypeProto.Sequence'
  | 'TypeProto.Map'
  | 'TypeProto.Optional'
  | 'TensorShapeProto'
  | 'Dimension'
  | 'StringStringEntryProto'
  | 'OperatorSetIdProto';

export type FieldRule =
  /** Copied as it is. */
  | { readonly kind: 'copy'; readonly wire: number }
  /** Repeated numbers or strings: copied up to a limit. `wire` is that of one element. */
  | { readonly kind: 'list'; readonly wire: number }
  | { readonly kind: 'message'; readonly message: MessageName }
  /** Read by a handler of the scanner, because the decoder does not know it or must not see it. */
  | { readonly kind: 'own' };

const number: FieldRule = { kind: 'copy', wire: VARINT };
const float: FieldRule = { kind: 'copy', wire: FIXED32 };
const text: FieldRule = { kind: 'copy', wire: BYTES };
const numbers: FieldRule = { kind: 'list', wire: VARINT };
const floats: FieldRule = { kind: 'list', wire: FIXED32 };
const texts: FieldRule = { kind: 'list', wire: BYTES };
const own: FieldRule = { kind: 'own' };
const message = (name: MessageName): FieldRule => ({ kind: 'message', message: name });

const type = message('TypeProto');
const valueInfo = message('ValueInfoProto');
const entry = message('StringStringEntryProto');

/** Field numbers that the scanner handles itself, by what they hold. */
export const MODEL = { irVersion: 1, graph: 7, trainingInfo: 20 } as const;
export const NODE = { docString: 6, overload: 8, metadata: 9 } as const;
export const FUNCTION = {
  docString: 8,
  attributeDefault: 11,
  valueInfo: 12,
  overload: 13,
} as const;
export const TENSOR = {
  segment: 3,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
} as const;

export const SCHEMA: Readonly<Record<MessageName, Readonly<Record<number, FieldRule>>>> = {
  ModelProto: {
    [MODEL.irVersion]: number,
    2: text, // producer_name
    3: text, // producer_version
    4: text, // domain
    5: number, // model_version
    6: text, // doc_string
    [MODEL.graph]: message('GraphProto'),
    8: message('OperatorSetIdProto'),
    14: entry, // metadata_props
    [MODEL.trainingInfo]: own,
    25: message('FunctionProto'),
  },
  GraphProto: {
    1: message('NodeProto'),
    2: text, // name
    5: message('TensorProto'), // initializer
    11: valueInfo, // input
    12: valueInfo, // output
    13: valueInfo, // value_info
    15: message('SparseTensorProto'),
    // doc_string (10), quantization_annotation (14) and metadata_props (16) decide nothing here.
  },
  NodeProto: {
    1: text, // input
    2: text, // output
    3: text, // name
    4: text, // op_type
    5: message('AttributeProto'),
    [NODE.docString]: own,
    7: text, // domain
    [NODE.overload]: own,
    [NODE.metadata]: own,
  },
  AttributeProto: {
    1: text, // name
    2: float,
    3: number,
    4: text, // s
    5: message('TensorProto'),
    6: message('GraphProto'),
    7: floats,
    8: numbers,
    9: texts,
    10: message('TensorProto'),
    11: message('GraphProto'),
    14: type,
    15: type,
    20: number, // type
    21: text, // ref_attr_name
    22: message('SparseTensorProto'),
    23: message('SparseTensorProto'),
  },
  TensorProto: {
    1: numbers, // dims
    2: number, // data_type
    [TENSOR.segment]: own,
    [TENSOR.floatData]: own,
    [TENSOR.int32Data]: own,
    [TENSOR.stringData]: own,
    [TENSOR.int64Data]: own,
    8: text, // name
    [TENSOR.rawData]: own,
    [TENSOR.doubleData]: own,
    [TENSOR.uint64Data]: own,
    12: text, // doc_string
    13: entry, // external_data
    14: number, // data_location
  },
  SparseTensorProto: { 1: message('TensorProto'), 2: message('TensorProto'), 3: numbers },
  FunctionProto: {
    1: text, // name
    4: text, // input
    5: text, // output
    6: text, // attribute
    7: message('NodeProto'),
    [FUNCTION.docString]: own,
    9: message('OperatorSetIdProto'),
    10: text, // domain
    [FUNCTION.attributeDefault]: own,
    [FUNCTION.valueInfo]: own,
    [FUNCTION.overload]: own,
  },
  ValueInfoProto: { 1: text, 2: type },
  TypeProto: {
    1: message('TypeProto.Tensor'),
    4: message('TypeProto.Sequence'),
    5: message('TypeProto.Map'),
    8: message('TypeProto.SparseTensor'),
    9: message('TypeProto.Optional'),
  },
  'TypeProto.Tensor': { 1: number, 2: message('TensorShapeProto') },
  'TypeProto.SparseTensor': { 1: number, 2: message('TensorShapeProto') },
  'TypeProto.Sequence': { 1: type },
  'TypeProto.Map': { 1: number, 2: type },
  'TypeProto.Optional': { 1: type },
  TensorShapeProto: { 1: message('Dimension') },
  Dimension: { 1: number, 2: text },
  StringStringEntryProto: { 1: text, 2: text },
  OperatorSetIdProto: { 1: text, 2: number },
};
