/**
 * TensorProto -> Constant: checks dims, element type and length of the data, finds out where the bytes are,
 * and decodes small tensors. Nothing here stops an import: a bad tensor is reported and its elements are
 * 'unavailable'.
 */
import type { onnx } from 'onnx-proto';
import { ModelError } from '../diagnostics.ts';
import type { DiagnosticCode } from '../diagnostics.ts';
import type { Constant, ConstantSource, KnownTensor } from '../graph/graph.ts';
import { dataTypeOfCode, tensorType } from '../graph/types.ts';
import type { DataType, ValueType } from '../graph/types.ts';
import { FOLD_CAP } from '../ops/define.ts';
import { elementCount, modelChunks, readConstant } from './constantData.ts';
import { byteLength, decodeElements, isInteger, isNumeric } from './elements.ts';
import { quoted } from './names.ts';
import { toNumber } from './readModel.ts';
import type { Reporter } from './reporter.ts';
import type { Scan } from './scan.ts';
import type { ModelSource } from './source.ts';
import type { DataRange } from './tensorData.ts';
import { dataFieldOf } from './tensorData.ts';
import { MOST_AXES } from './valueTypes.ts';
import { WireError } from './wireFormat.ts';

export interface ReadTensor {
  readonly constant: Constant;
  readonly known?: KnownTensor;
  readonly type: ValueType;
}

/** A problem of one tensor, as the end of the sentence 'Tensor "x" …'. */
class TensorProblem extends Error {
  constructor(
    readonly code: DiagnosticCode,
    message: string,
  ) {
    super(message);
  }
}

/** Elements decoded in one import; a model of thousands of middle-sized tensors stays small. */
const MOST_KNOWN_ELEMENTS = 4_000_000;
/** Floats in external files are read only up to this count (scales of Resize and the like). */
const MOST_EXTERNAL_FLOATS = 64;

const UNAVAILABLE: ConstantSource = { kind: 'unavailable' };

export class TensorReader {
  private knownElements = 0;
  private readonly missing = new Set<string>();
  private readonly refused = new Set<string>();

  constructor(
    private readonly source: ModelSource,
    private readonly scan: Scan,
    private readonly reporter: Reporter,
  ) {}

  /** `name` is for messages; `node` is the operator that holds the tensor, if one does. */
  read(proto: onnx.ITensorProto, name: string, node?: string): ReadTensor {
    const dtype = dataTypeOfCode(proto.dataType ?? 0);
    const doc = proto.docString ? { doc: proto.docString.slice(0, 4096) } : {};
    let dims: readonly number[] = [];
    try {
      dims = dimsOf(proto.dims ?? []);
      if (dtype === 'undefined') throw unknownType(proto.dataType ?? 0);
      const source = this.place(proto, dtype, dims);
      const constant: Constant = { dtype, dims, source, ...doc };
      const known = this.known(constant);
      return { constant, type: tensorType(dtype, dims), ...(known && { known }) };
    } catch (caught) {
      const error = tensorProblem(caught);
      const message =
        error instanceof TensorProblem
          ? `Tensor ${quoted(name)} ${error.message}.`
          : `Tensor ${quoted(name)}: ${error.message}`;
      this.reporter.report(error.code, message, node);
      const badDims = error instanceof TensorProblem && error.message.startsWith('has dims');
      return {
        constant: { dtype, dims, source: UNAVAILABLE, ...doc },
        type: tensorType(dtype, badDims ? null : dims),
      };
    }
  }

  /** A sparse tensor: the values, with the indices beside them. Never decoded to dense. */
  readSparse(proto: onnx.ISparseTensorProto, name: string, node?: string): ReadTensor {
    const values = this.read(proto.values ?? {}, name, node).constant;
    const indices = this.read(proto.indices ?? {}, `${name} (indices)`, node).constant;
    let dims: readonly number[] = [];
    try {
      dims = dimsOf(proto.dims ?? []);
    } catch (error) {
      if (!(error instanceof TensorProblem)) throw error;
      this.reporter.report(error.code, `Tensor ${quoted(name)} ${error.message}.`, node);
    }
    return {
      constant: { ...values, dims, sparse: { indices } },
      type: tensorType(values.dtype, dims),
    };
  }

  private place(
    proto: onnx.ITensorProto,
    dtype: DataType,
    dims: readonly number[],
  ): ConstantSource {
    const count = elementCount({ dims });
    if (dtype === 'string') return UNAVAILABLE;
    if (proto.dataLocation === 1) return this.externalPlace(proto, byteLength(dtype, count));

    const ranges = this.scan.tensors[toNumber(proto.segment?.begin)]?.ranges;
    const range = ranges?.get('raw') ?? ranges?.get(dataFieldOf(dtype));
    if (range === undefined) {
      if (count === 0) return { kind: 'bytes', bytes: new Uint8Array(0) };
      throw new TensorProblem('model/bad-tensor', 'has no data');
    }
    checkLength(range, dtype, count);
    return this.inModel(range, dtype, byteLength(dtype, count));
  }

  private inModel(range: DataRange, dtype: DataType, length: number): ConstantSource {
    const { field, offset, tagged } = range;
    if (range.bytes === undefined) {
      const place = { kind: 'model', offset, length: range.length, field } as const;
      return tagged ? { ...place, tagged } : place;
    }
    if (field === 'raw') return { kind: 'bytes', bytes: range.bytes };
    // Short packed fields are turned into raw bytes here, from memory.
    const kept = range.bytes;
    const memory = {
      size: kept.length,
      read: (at: number, count: number) => kept.subarray(at, at + count),
    };
    const place = { kind: 'model', offset: 0, length: kept.length, field } as const;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const chunk of modelChunks(memory, place, dtype)) {
      if (at + chunk.length > length) throw wrongLength(at + chunk.length, length);
      bytes.set(chunk, at);
      at += chunk.length;
    }
    if (at !== length) throw wrongLength(at, length);
    return { kind: 'bytes', bytes };
  }

  private externalPlace(proto: onnx.ITensorProto, wanted: number): ConstantSource {
    const entries = new Map(
      (proto.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
    );
    const location = entries.get('location') ?? '';
    const offset = wholeNumber(entries.get('offset') ?? '0');
    const length = wholeNumber(entries.get('length') ?? String(wanted));
    if (offset === undefined || length === undefined) {
      throw new TensorProblem('model/external-data', 'has no valid offset and length');
    }
    const found = this.source.external(location);
    if (found.state === 'refused') {
      if (!this.refused.has(location)) {
        this.refused.add(location);
        this.reporter.report(
          'model/external-data',
          `The weights file ${quoted(location)} ${found.reason}, so it is not opened.`,
        );
      }
      return UNAVAILABLE;
    }
    if (length !== wanted) {
      throw new TensorProblem(
        'model/external-data',
        `needs ${wanted} bytes, but ${length} are given in its weights file`,
      );
    }
    if (found.state === 'missing') this.reportMissing(location);
    else if (offset + length > found.file.size) {
      throw new TensorProblem(
        'model/external-data',
        `lies outside its weights file ${quoted(location)} of ${found.file.size} bytes`,
      );
    }
    return { kind: 'external', location, offset, length };
  }

  private reportMissing(location: string): void {
    if (this.missing.has(location)) return;
    this.missing.add(location);
    this.reporter.report(
      'model/external-missing',
      `The weights file ${quoted(location)} is not there. The graph and its plan do not need it; ` +
        'running the model does.',
    );
  }

  private known(constant: Constant): KnownTensor | undefined {
    const { dtype, dims, source } = constant;
    const count = elementCount(constant);
    if (!isNumeric(dtype) || count > FOLD_CAP) return undefined;
    if (this.knownElements + count > MOST_KNOWN_ELEMENTS && count > 64) return undefined;
    if (source.kind === 'unavailable') return undefined;
    if (source.kind === 'external') {
      if (!isInteger(dtype) && count > MOST_EXTERNAL_FLOATS) return undefined;
      if (this.source.external(source.location).state !== 'found') return undefined;
    }
    this.knownElements += count;
    const bytes = readConstant(constant, this.source);
    return { dtype, dims, data: Array.from(decodeElements(bytes, dtype, count)) };
  }
}

/** What went wrong with one tensor; mistakes of the program are thrown on. */
function tensorProblem(error: unknown): TensorProblem | ModelError {
  if (error instanceof TensorProblem || error instanceof ModelError) return error;
  if (error instanceof WireError) {
    return new TensorProblem('model/bad-tensor', `has damaged data: ${error.problem}`);
  }
  throw error;
}

function dimsOf(protoDims: readonly (number | { toNumber(): number })[]): readonly number[] {
  const dims = protoDims.map(toNumber);
  if (dims.length > MOST_AXES) {
    throw new TensorProblem('model/bad-tensor', `has dims of rank ${dims.length}`);
  }
  const valid = dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  // 16-byte elements of 2^49 make 2^53 bytes, the largest length that is still exact.
  if (!valid || !(dims.reduce((product, dim) => product * dim, 1) <= 2 ** 49)) {
    const text = dims.slice(0, 8).join('×') + (dims.length > 8 ? '…' : '');
    throw new TensorProblem('model/bad-tensor', `has dims that cannot be: ${text}`);
  }
  return dims;
}

function checkLength({ field, length, tagged }: DataRange, dtype: DataType, count: number): void {
  const wanted = byteLength(dtype, count);
  if (tagged) {
    if (length < count) throw wrongLength(length, wanted);
  } else if (field === 'raw' || field === 'float' || field === 'double') {
    if (length !== wanted) throw wrongLength(length, wanted);
  } else {
    // A varint takes 1 to 10 bytes; sub-byte types share one.
    const entries = Math.min(wanted, count);
    if (length < entries || length > entries * 10) throw wrongLength(length, wanted);
  }
}

function wrongLength(length: number, wanted: number): TensorProblem {
  return new TensorProblem('model/bad-tensor', `needs ${wanted} bytes of data but has ${length}`);
}

function unknownType(code: number): TensorProblem {
  return code === 0
    ? new TensorProblem('model/bad-tensor', 'has no element type')
    : new TensorProblem('model/unsupported', `has an unknown element type (${code})`);
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}
