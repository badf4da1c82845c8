/**
 * Where the weights of a written model are: in the files of the original by their position there, inside the new file,
 * or in a data file beside it when that would grow beyond what protobuf can hold.
 */
import { packedChunks } from '../bundle/packConstant.ts';
import { constantBytes } from '../bundle/computedConstants.ts';
import type { Constant, Graph, KnownTensor } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import { constantChunks, elementCount } from '../onnx/constantData.ts';
import { byteLength, encodeElements } from '../onnx/elements.ts';
import { quoted } from '../onnx/names.ts';
import type { ModelSource } from '../onnx/source.ts';
import { storageOfDtype } from '../tensor/tensor.ts';
import { ExportError } from './exportError.ts';
import type { Payload } from './message.ts';
import { Message } from './message.ts';

export interface WeightOptions {
  readonly source: ModelSource;
  /** The new file lies beside the original: its bytes are referred to where they are. */
  readonly beside: boolean;
  /** Name of a data file for what has to be written; without: inside of the model. */
  readonly dataFile?: string;
}

/** Below, a reference costs more than the bytes. */
const SMALL_BYTES = 1024;
/** Offsets in data files; what lies at multiples of a page can be mapped. */
const ALIGNMENT = 4096;
/** Protobuf stops at 2 GiB; the graph needs room too. */
const MOST_INSIDE = 2 ** 31 - 2 ** 27;

const TENSOR = { dims: 1, type: 2, name: 8, raw: 9, external: 13, location: 14 } as const;

interface ExternalRange {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export class WeightFile {
  /** Of the data file, in order. */
  readonly payloads: Payload[] = [];
  private end = 0;

  constructor(private readonly options: WeightOptions) {}

  /** @param mayRefer attributes have to hold their tensors. Throws ExportError for strings. */
  tensor(name: string, constant: Constant, known?: KnownTensor, mayRefer = true): Message {
    const { dtype, dims } = constant;
    const proto = new Message();
    for (const dim of dims) proto.int(TENSOR.dims, dim);
    proto.int(TENSOR.type, DATA_TYPES[dtype].code).text(TENSOR.name, name);
    const range = mayRefer ? this.rangeOf(constant) : undefined;
    if (range !== undefined) return withReference(proto, range);
    const payload = this.payload(name, constant, known);
    const { dataFile } = this.options;
    if (!mayRefer || dataFile === undefined || payload.length <= SMALL_BYTES) {
      return proto.payload(TENSOR.raw, payload);
    }
    const padding = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT - this.end;
    if (padding > 0) this.payloads.push(zeros(padding));
    const offset = this.end + padding;
    this.payloads.push(payload);
    this.end = offset + payload.length;
    return withReference(proto, { location: dataFile, offset, length: payload.length });
  }

  /** Bytes of the original's files that hold the elements as they are. */
  private rangeOf({ source, sparse }: Constant): ExternalRange | undefined {
    if (!this.options.beside || sparse !== undefined) return undefined;
    if (source.kind === 'external') return source;
    if (source.kind !== 'model' || source.tagged === true) return undefined;
    const { field, offset, length } = source;
    const isPlain = field === 'raw' || field === 'float' || field === 'double';
    if (!isPlain || length <= SMALL_BYTES) return undefined;
    return { location: this.options.source.name, offset, length };
  }

  private payload(name: string, constant: Constant, known: KnownTensor | undefined): Payload {
    const { dtype, dims } = constant;
    const { source } = this.options;
    if (constant.source.kind === 'unavailable') {
      throw new ExportError(`The elements of ${quoted(name)} (${dtype}) are not at hand.`);
    }
    const length = byteLength(dtype, elementCount(constant));
    if (constant.source.kind === 'computed') {
      const bytes = encodeElements((known?.data ?? []).map(plain), dtype);
      if (dtype === 'int64') saturate(bytes, known!);
      return { length, chunks: () => [bytes] };
    }
    if (constant.sparse !== undefined) {
      const storage = storageOfDtype(dtype);
      if (storage === undefined) throw new ExportError(`${quoted(name)} is a sparse ${dtype}.`);
      return { length, chunks: () => packedChunks({ constant, storage, physical: dims }, source) };
    }
    if (constant.source.kind === 'operators') {
      return { length, chunks: () => [constantBytes(constant, source)] };
    }
    return { length, chunks: () => constantChunks(constant, source, known) };
  }
}

/** Whether everything that has to be written fits into the model file itself. */
export function fitsInside(graph: Graph, beside: boolean): boolean {
  const referred = ({ source }: Constant): boolean =>
    beside && (source.kind === 'external' || source.kind === 'model');
  const bytes = graph.values.reduce(
    (sum, { constant }) =>
      constant === undefined || referred(constant)
        ? sum
        : sum + byteLength(constant.dtype, elementCount(constant)),
    0,
  );
  return bytes <= MOST_INSIDE;
}

function withReference(proto: Message, { location, offset, length }: ExternalRange): Message {
  const entry = (key: string, value: string): Message => new Message().text(1, key).text(2, value);
  return proto
    .message(TENSOR.external, entry('location', location))
    .message(TENSOR.external, entry('offset', String(offset)))
    .message(TENSOR.external, entry('length', String(length)))
    .int(TENSOR.location, 1);
}

function plain(element: unknown): number {
  if (typeof element === 'number') return element;
  throw new ExportError('A constant holds sizes that are not known.');
}

/** End markers of Slice are rounded to 2^63, which is no int64. */
function saturate(bytes: Uint8Array, { data }: KnownTensor): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  data.forEach((element, i) => {
    if (Number(element) >= 2 ** 63) view.setBigInt64(i * 8, 2n ** 63n - 1n, true);
  });
}

function zeros(length: number): Payload {
  return { length, chunks: () => [new Uint8Array(length)] };
}
