// Models as trees of protobuf fields, so that a mutation can change one thing deep inside and all lengths
// around it stay right: otherwise nearly every mutation would end at the first wrong length.
import { SCHEMA } from '../../compiler/onnx/schema.ts';
import type { MessageName } from '../../compiler/onnx/schema.ts';
import { concat, varint } from '../compiler/onnx/protoWriter.ts';

export interface ProtoField {
  number: number;
  wire: number;
  /** Value of wire types 0 (as it is encoded), 1 and 5, and of leaves of type 2. */
  bytes: Uint8Array;
  /** Fields of a nested message, instead of `bytes`. */
  fields?: ProtoField[];
  message?: MessageName;
}

export function parseTree(bytes: Uint8Array, message: MessageName = 'ModelProto'): ProtoField[] {
  const fields: ProtoField[] = [];
  let at = 0;
  const number = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    const field = { number: Math.floor(tag / 8), wire: tag % 8 };
    const start = at;
    if (field.wire === 0) {
      number();
      fields.push({ ...field, bytes: bytes.slice(start, at) });
    } else if (field.wire === 2) {
      const length = number();
      const value = bytes.slice(at, at + length);
      at += length;
      const rule = SCHEMA[message][field.number];
      if (rule?.kind === 'message') {
        const nested = parseTree(value, rule.message);
        fields.push({ ...field, bytes: value, fields: nested, message: rule.message });
      } else fields.push({ ...field, bytes: value });
    } else {
      at += field.wire === 1 ? 8 : 4;
      fields.push({ ...field, bytes: bytes.slice(start, at) });
    }
  }
  return fields;
}

export function encodeTree(fields: readonly ProtoField[]): Uint8Array {
  return concat(
    ...fields.map((field) => {
      const tag = varint(field.number * 8 + field.wire);
      if (field.wire !== 2) return concat(tag, field.bytes);
      const value = field.fields ? encodeTree(field.fields) : field.bytes;
      return concat(tag, varint(value.length), value);
    }),
  );
}

/** Every list of fields in the tree, the outermost included. */
export function messagesOf(fields: ProtoField[]): ProtoField[][] {
  const found = [fields];
  for (const field of fields) if (field.fields) found.push(...messagesOf(field.fields));
  return found;
}
