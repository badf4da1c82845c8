/**
 * Reads the data fields of one TensorProto by position: which field holds the elements, where it starts
 * and ends in the file. Up to 1 KiB is kept with the record; more is never read here.
 */
import type { DataType } from '../graph/types.ts';
import { TENSOR } from './schema.ts';
import { BYTES, FIXED32, FIXED64, RUNS_PAST_END, VARINT, WireError } from './wireFormat.ts';
import type { WireReader } from './wireFormat.ts';

export type DataField = 'raw' | 'float' | 'int32' | 'int64' | 'double' | 'uint64';

/** Number and wire type of one unpacked element of every data field. */
export const DATA_FIELDS: Readonly<
  Record<DataField, { readonly field: number; readonly wire: number }>
> = {
  raw: { field: TENSOR.rawData, wire: BYTES },
  float: { field: TENSOR.floatData, wire: FIXED32 },
  int32: { field: TENSOR.int32Data, wire: VARINT },
  int64: { field: TENSOR.int64Data, wire: VARINT },
  double: { field: TENSOR.doubleData, wire: FIXED64 },
  uint64: { field: TENSOR.uint64Data, wire: VARINT },
};

const FIELD_OF_NUMBER = new Map(
  (Object.keys(DATA_FIELDS) as DataField[]).map((name) => [DATA_FIELDS[name].field, name]),
);

/** The data field that holds elements of a type when `raw_data` does not (comments of TensorProto). */
export function dataFieldOf(dtype: DataType): DataField {
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return 'float';
    case 'float64':
    case 'complex128':
      return 'double';
    case 'int64':
      return 'int64';
    case 'uint32':
    case 'uint64':
      return 'uint64';
    default:
      return 'int32';
  }
}

/** Where the elements of one data field are. */
export interface DataRange {
  readonly field: DataField;
  /** Absolute position and length in the file, in bytes. */
  offset: number;
  length: number;
  /** Where the first field starts, its tag included. */
  readonly start: number;
  /** The range holds whole fields, tags included: unpacked elements or several packed runs. */
  tagged: boolean;
  /** The bytes of the range, when it is short. */
  bytes?: Uint8Array;
}

export interface TensorData {
  readonly ranges: Map<DataField, DataRange>;
  /** Elements of string_data; they are not kept. */
  strings: number;
}

/** Ranges up to this length stay in memory. */
const KEPT_BYTES = 1024;

export function emptyTensorData(): TensorData {
  return { ranges: new Map(), strings: 0 };
}

/** Handles one data field of which the tag (starting at `tagOffset`) was just read. */
export function scanDataField(
  reader: WireReader,
  tag: number,
  tagOffset: number,
  end: number,
  data: TensorData,
): void {
  const wire = tag & 7;
  const number = Math.floor(tag / 8);
  if (number === TENSOR.stringData) {
    data.strings++;
    reader.skipValue(wire, end);
    return;
  }
  const field = FIELD_OF_NUMBER.get(number);
  const element = field === undefined ? -1 : DATA_FIELDS[field].wire;
  if (field === undefined || (wire !== BYTES && wire !== element)) {
    reader.skipValue(wire, end);
    return;
  }
  if (wire === BYTES) {
    const length = reader.lengthWithin(end);
    addPacked(reader, data, field, tagOffset, length);
  } else {
    reader.skipValue(wire, end);
    extend(data, field, tagOffset, reader.offset);
  }
  if (reader.offset > end) throw new WireError(end, RUNS_PAST_END, true);
}

function addPacked(
  reader: WireReader,
  data: TensorData,
  field: DataField,
  tagOffset: number,
  length: number,
): void {
  const offset = reader.offset;
  const before = data.ranges.get(field);
  // A repeated `raw_data` replaces the earlier one; repeated packed runs follow each other.
  if (before !== undefined && field !== 'raw') {
    reader.skip(length);
    extend(data, field, tagOffset, reader.offset);
    return;
  }
  const range: DataRange = { field, start: tagOffset, offset, length, tagged: false };
  if (length <= KEPT_BYTES) range.bytes = reader.bytes(length);
  else reader.skip(length);
  data.ranges.set(field, range);
}

/** Adds the field `[tagOffset, end)` to a range of tagged fields, or starts one. */
function extend(data: TensorData, field: DataField, tagOffset: number, end: number): void {
  const range = data.ranges.get(field);
  if (range === undefined) {
    const length = end - tagOffset;
    data.ranges.set(field, { field, start: tagOffset, offset: tagOffset, length, tagged: true });
    return;
  }
  if (!range.tagged) {
    // The first run was taken without its tag and length.
    range.offset = range.start;
    range.tagged = true;
    delete range.bytes;
  }
  range.length = end - range.offset;
}
