/**
 * Scans and decodes a model file: the only place that uses `onnx-proto`. Tells apart files that are no
 * models, models that are cut off and models that are damaged, each with one line for the user.
 */
import onnxProto from 'onnx-proto';
import type { onnx } from 'onnx-proto';
import { ModelError } from '../diagnostics.ts';
import { Scanner } from './scan.ts';
import type { Scan } from './scan.ts';
import type { ModelSource } from './source.ts';
import { WireError } from './wireFormat.ts';

export interface DecodedModel {
  readonly proto: onnx.IModelProto;
  readonly scan: Scan;
}

/** Throws ModelError with one of the codes `model/not-onnx`, `truncated`, `too-deep`, `too-large`. */
export function readModel(source: ModelSource): DecodedModel {
  const { name } = source;
  if (source.size === 0) throw new ModelError('model/not-onnx', `${name} is empty.`);
  const foreign = foreignFormat(source.read(0, Math.min(source.size, 64)));
  if (foreign !== undefined) throw new ModelError('model/not-onnx', `${name} ${foreign}`);

  const scanner = new Scanner(source);
  try {
    const scan = scanner.scan();
    if (!scan.hasGraph) {
      throw new ModelError('model/not-onnx', `${name} is not an ONNX model: it has no graph.`);
    }
    return { proto: onnxProto.onnx.ModelProto.decode(scan.structure), scan };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    // A ModelProto starts with its version; without one this was no model to begin with.
    if (!isVersion(scanner.irVersion)) {
      throw new ModelError('model/not-onnx', `${name} is not an ONNX model.`);
    }
    // The outermost message claims more than the file has.
    if (error instanceof WireError && error.tooShort && scanner.depth === 1) {
      throw new ModelError(
        'model/truncated',
        `${name} is cut off: it ends after ${source.size} bytes, in the middle of the model.`,
      );
    }
    const problem = error instanceof WireError ? error.message : 'it cannot be decoded';
    throw new ModelError('model/not-onnx', `${name} is damaged: ${problem}.`);
  }
}

export function decodeAttribute(bytes: Uint8Array): onnx.IAttributeProto {
  return onnxProto.onnx.AttributeProto.decode(bytes);
}

export function decodeValueInfo(bytes: Uint8Array): onnx.IValueInfoProto {
  return onnxProto.onnx.ValueInfoProto.decode(bytes);
}

/** 64-bit integers come as Long objects or as numbers, depending on what the decoder found at start. */
export function toNumber(value: number | { toNumber(): number } | null | undefined): number {
  if (typeof value === 'number') return value;
  return value?.toNumber() ?? 0;
}

/** Whether the message itself has the field (the decoder's prototypes hold defaults). */
export function hasField(message: object, field: string): boolean {
  return Object.hasOwn(message, field);
}

function isVersion(version: number | undefined): boolean {
  return version !== undefined && version > 0 && version < 1000;
}

/** The rest of the sentence "FILE …" for well-known files that are not ONNX. */
function foreignFormat(head: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(head);
  if (text.startsWith('version https://git-lfs')) {
    return 'is a Git LFS pointer, not the model itself. Fetch it with "git lfs pull".';
  }
  if (text.slice(4, 8) === 'ORTM')
    return 'is in the ORT format; open the ONNX file it was made from.';
  if (text.slice(4, 8) === 'TFL3') return 'is a TensorFlow Lite model, not an ONNX model.';
  if (text.startsWith('PK\u0003\u0004'))
    return 'is a zip archive (perhaps a PyTorch file), not an ONNX model.';
  return undefined;
}
