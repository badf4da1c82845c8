/**
 * Tensors as files: one serialised TensorProto each, as in the data sets of ONNX's own test cases. Files are
 * untrusted: sizes, types and lengths are checked before anything is allocated.
 */
import type { Constant } from '../graph/graph.ts';
import { DATA_TYPES, dataTypeOfCode } from '../graph/types.ts';
import type { DataType } from '../graph/types.ts';
import { readConstant } from '../onnx/constantData.ts';
import { byteLength, isNumeric } from '../onnx/elements.ts';
import { modelFromBytes } from '../onnx/source.ts';
import type { TensorData } from '../onnx/tensorData.ts';
import { dataFieldOf, emptyTensorData, scanDataField } from '../onnx/tensorData.ts';
import { BYTES, VARINT, WireError, WireReader, WireWriter } from '../onnx/wireFormat.ts';
import { ModelError, oneLine } from '../diagnostics.ts';
import { makeTensor } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/** Field numbers of TensorProto that `tensorData.ts` does not read. */
const DIMS = 1;
const DATA_TYPE = 2;
const NAME = 8;
const RAW_DATA = 9;
const DATA_LOCATION = 14;

const MOST_AXES = 64;
/** Bytes of one tensor file's elements. */
const MOST_BYTES = 2 ** 32;

/** A tensor file that cannot be used; the message names what is wrong, not the file. */
export class TensorFileError extends Error {
  constructor(message: string) {
    super(oneLine(message));
    this.name = 'TensorFileError';
  }
}

/** The tensor in the bytes of a file. Throws TensorFileError. */
export function readTensorProto(bytes: Uint8Array): Tensor {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof TensorFileError) throw error;
    if (error instanceof WireError || error instanceof ModelError) {
      throw new TensorFileError(`this is no tensor file, or a damaged one: ${error.message}`);
    }
    throw error;
  }
}

function decode(bytes: Uint8Array): Tensor {
  const source = modelFromBytes(bytes, 'tensor');
  const reader = new WireReader(source);
  const data = emptyTensorData();
  const dims: number[] = [];
  let code = 0;
  while (reader.offset < bytes.length) {
    const start = reader.offset;
    const tag = reader.tag();
    const wire = tag & 7;
    switch (Math.floor(tag / 8)) {
      case DIMS:
        readDims(reader, wire, bytes.length, dims);
        break;
      case DATA_TYPE:
        expectVarint(wire, 'element type');
        code = reader.varint();
        break;
      case DATA_LOCATION:
        expectVarint(wire, 'place of the data');
        if (reader.varint() !== 0) throw new TensorFileError('its data is in another file');
        break;
      default:
        scanDataField(reader, tag, start, bytes.length, data);
    }
  }
  const dtype = dataTypeOfCode(code);
  if (dtype === 'string' || !isNumeric(dtype)) {
    const name = dtype === 'undefined' ? `element type ${code}` : `${dtype} elements`;
    throw new TensorFileError(`tensors of ${name} are not read`);
  }
  return makeTensor(dtype, dims, elements(bytes, dtype, dims, data));
}

function readDims(reader: WireReader, wire: number, end: number, into: number[]): void {
  const until = wire === BYTES ? reader.lengthWithin(end) + reader.offset : undefined;
  if (until === undefined) expectVarint(wire, 'sizes');
  while (until === undefined || reader.offset < until) {
    const dim = reader.varint();
    if (!Number.isSafeInteger(dim)) throw new TensorFileError(`a tensor has no size ${dim}`);
    into.push(dim);
    if (into.length > MOST_AXES) throw new TensorFileError('it has too many axes');
    if (until === undefined) return;
  }
}

function expectVarint(wire: number, what: string): void {
  if (wire !== VARINT) throw new TensorFileError(`its ${what} cannot be read`);
}

/** Checked against the bytes that are there before memory is taken for them. */
function elements(
  file: Uint8Array,
  dtype: DataType,
  dims: readonly number[],
  { ranges }: TensorData,
): Uint8Array {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const wanted = byteLength(dtype, count);
  if (!(wanted <= MOST_BYTES)) {
    // A sequence or an optional, read as a tensor, has its name where the sizes are.
    throw new TensorFileError('its sizes are too large: it is damaged, or no tensor');
  }
  const range = ranges.get('raw') ?? ranges.get(dataFieldOf(dtype));
  if (range === undefined || range.length === 0) {
    if (count === 0) return new Uint8Array(0);
    throw new TensorFileError('it has no data');
  }
  // A varint of one byte can hold eight bytes of an element, and two elements of 4 bits.
  if (wanted > range.length * 8) {
    throw new TensorFileError(`${wanted} bytes of data are needed, there are ${range.length}`);
  }
  const { field, offset, length, tagged } = range;
  const place = { kind: 'model', field, offset, length, ...(tagged && { tagged }) } as const;
  const constant: Constant = { dtype, dims, source: place };
  return readConstant(constant, modelFromBytes(file, 'tensor'));
}

/** A file of the tensor, its elements as `raw_data`. */
export function writeTensorProto({ dtype, dims, bytes }: Tensor, name = ''): Uint8Array {
  const head = new WireWriter();
  for (const dim of dims) {
    head.varint(DIMS * 8 + VARINT);
    head.varint(dim);
  }
  head.varint(DATA_TYPE * 8 + VARINT);
  head.varint(DATA_TYPES[dtype].code);
  if (name !== '') head.text(NAME, name);
  head.varint(RAW_DATA * 8 + BYTES);
  head.varint(bytes.length);
  const file = new Uint8Array(head.length + bytes.length);
  file.set(head.result());
  file.set(bytes, head.length);
  return file;
}
