/**
 * The first pass over a model file. Walks every message once, through a small window, and writes the
 * structure without tensor elements for the decoder; elements are cut out by position. What the decoder's
 * schema does not know is read here and kept in side tables; the copied messages carry an index into them:
 * TensorProto.segment.begin, NodeProto.doc_string and FunctionProto.doc_string.
 */
import { ModelError } from '../diagnostics.ts';
import type { RandomAccess } from './randomAccess.ts';
import { FUNCTION, MODEL, NODE, SCHEMA, TENSOR } from './schema.ts';
import type { FieldRule, MessageName } from './schema.ts';
import { emptyTensorData, scanDataField } from './tensorData.ts';
import type { TensorData } from './tensorData.ts';
import {
  BYTES,
  FIXED32,
  FIXED64,
  RUNS_PAST_END,
  VARINT,
  WireError,
  WireReader,
  WireWriter,
} from './wireFormat.ts';

/** Newer fields of a node: `overload` chooses a function, `metadata_props` is shown to the user. */
export interface NodeExtras {
  overload: string;
  readonly metadata: [key: string, value: string][];
}

/** Newer fields of a function; the messages are encoded as the decoder wants them. */
export interface FunctionExtras {
  overload: string;
  readonly attributeDefaults: Uint8Array[];
  readonly valueInfos: Uint8Array[];
}

export interface Scan {
  /** A ModelProto without tensor elements. */
  readonly structure: Uint8Array;
  readonly tensors: readonly TensorData[];
  readonly nodes: readonly NodeExtras[];
  readonly functions: readonly FunctionExtras[];
  readonly hasGraph: boolean;
  readonly irVersion: number | undefined;
  /** What was left out, for diagnostics. */
  readonly skipped: {
    readonly trainingInfos: number;
    readonly longLists: number;
    readonly longTexts: number;
  };
}

/** Deepest nesting of messages. A subgraph in a subgraph takes three levels. */
const MOST_DEPTH = 64;
/** Elements kept of one attribute list or dims list. */
const LONGEST_LIST = 1 << 16;
/** Bytes kept of one name or text. Longer ones (compiled blobs in attributes) are left out. */
const LONGEST_TEXT = 1 << 20;
/** Estimated bytes of all decoded objects together. */
const MOST_DECODED = 320 * 2 ** 20;
const COST = { message: 200, field: 40, element: 48 } as const;

/** Walks the whole file. Throws WireError (damaged) or ModelError (too deep, too large). */
export class Scanner {
  private readonly reader: WireReader;
  private readonly tensors: TensorData[] = [];
  private readonly nodes: NodeExtras[] = [];
  private readonly functions: FunctionExtras[] = [];
  private readonly skipped = { trainingInfos: 0, longLists: 0, longTexts: 0 };
  private decodedBytes = 0;
  /** Known even when the walk fails later: then the file is a damaged model rather than no model. */
  irVersion: number | undefined;
  /** Nesting of the message that is being read; 1 is the outermost. */
  depth = 0;
  private hasGraph = false;

  constructor(private readonly source: RandomAccess) {
    this.reader = new WireReader(source);
  }

  scan(): Scan {
    const writer = new WireWriter();
    this.message('ModelProto', this.source.size, 1, writer);
    return {
      structure: writer.result(),
      tensors: this.tensors,
      nodes: this.nodes,
      functions: this.functions,
      hasGraph: this.hasGraph,
      irVersion: this.irVersion,
      skipped: this.skipped,
    };
  }

  private message(name: MessageName, end: number, depth: number, writer: WireWriter): void {
    if (depth > MOST_DEPTH) {
      throw new ModelError(
        'model/too-deep',
        `The model nests its parts more than ${MOST_DEPTH} levels deep.`,
      );
    }
    this.charge(COST.message);
    this.depth = depth;
    this.fieldsOf(name, end, depth, writer);
    this.depth = depth - 1;
  }

  private fieldsOf(name: MessageName, end: number, depth: number, writer: WireWriter): void {
    switch (name) {
      case 'TensorProto':
        this.tensor(end, depth, writer);
        break;
      case 'NodeProto':
        this.node(end, depth, writer);
        break;
      case 'FunctionProto':
        this.function(end, depth, writer);
        break;
      case 'ModelProto':
        this.fields(name, end, depth, writer, (tag) => {
          if (tag >>> 3 === MODEL.trainingInfo) this.skipped.trainingInfos++;
          return false;
        });
        break;
      default:
        this.fields(name, end, depth, writer, () => false);
    }
  }

  private tensor(end: number, depth: number, writer: WireWriter): void {
    const data = emptyTensorData();
    this.fields('TensorProto', end, depth, writer, (tag, tagOffset) => {
      if (tag >>> 3 === TENSOR.segment) return false;
      scanDataField(this.reader, tag, tagOffset, end, data);
      return true;
    });
    const segment = writer.open(TENSOR.segment);
    writer.varint(8 + VARINT);
    writer.varint(this.tensors.length);
    writer.close(segment);
    this.tensors.push(data);
    for (const range of data.ranges.values()) this.charge(range.bytes?.length ?? 0);
  }

  private node(end: number, depth: number, writer: WireWriter): void {
    const extras: NodeExtras = { overload: '', metadata: [] };
    this.fields('NodeProto', end, depth, writer, (tag) => {
      if ((tag & 7) !== BYTES) return false;
      switch (tag >>> 3) {
        case NODE.overload:
          extras.overload = this.text(end);
          return true;
        case NODE.metadata:
          extras.metadata.push(this.entry(end));
          return true;
        default:
          return false;
      }
    });
    if (extras.overload === '' && extras.metadata.length === 0) return;
    writer.text(NODE.docString, String(this.nodes.length));
    this.nodes.push(extras);
  }

  private function(end: number, depth: number, writer: WireWriter): void {
    const extras: FunctionExtras = { overload: '', attributeDefaults: [], valueInfos: [] };
    this.fields('FunctionProto', end, depth, writer, (tag) => {
      if ((tag & 7) !== BYTES) return false;
      switch (tag >>> 3) {
        case FUNCTION.overload:
          extras.overload = this.text(end);
          return true;
        case FUNCTION.attributeDefault:
          extras.attributeDefaults.push(this.separate('AttributeProto', end, depth));
          return true;
        case FUNCTION.valueInfo:
          extras.valueInfos.push(this.separate('ValueInfoProto', end, depth));
          return true;
        default:
          return false;
      }
    });
    writer.text(FUNCTION.docString, String(this.functions.length));
    this.functions.push(extras);
  }

  /**
   * Copies the fields of one message up to `end`. `own` gets the tags of the fields that the schema marks
   * so; it returns false to have the value skipped.
   */
  private fields(
    name: MessageName,
    end: number,
    depth: number,
    writer: WireWriter,
    own: (tag: number, tagOffset: number) => boolean,
  ): void {
    const reader = this.reader;
    const rules = SCHEMA[name];
    let counts: Map<number, number> | undefined;
    while (reader.offset < end) {
      const tagOffset = reader.offset;
      const tag = reader.tag();
      const number = tag >>> 3;
      const rule: FieldRule | undefined = rules[number];
      if (rule === undefined) this.skip(tag, end);
      else if (rule.kind === 'own') {
        if (!own(tag, tagOffset)) this.skip(tag, end);
      } else if (rule.kind === 'message') {
        if ((tag & 7) !== BYTES) this.skip(tag, end);
        else this.nested(rule.message, number, end, depth, writer);
      } else if (rule.kind === 'list') {
        counts ??= new Map();
        this.list(rule.wire, tag, end, writer, counts);
      } else if ((tag & 7) !== rule.wire) this.skip(tag, end);
      else if (name === 'ModelProto' && number === MODEL.irVersion) this.version(writer, tag);
      else this.value(tag, end, writer);
      if (reader.offset > end) {
        throw new WireError(end, RUNS_PAST_END, true);
      }
    }
  }

  private nested(
    message: MessageName,
    number: number,
    end: number,
    depth: number,
    writer: WireWriter,
  ): void {
    const length = this.reader.lengthWithin(end);
    if (message === 'GraphProto' && depth === 1) this.hasGraph = true;
    const start = writer.open(number);
    this.message(message, this.reader.offset + length, depth + 1, writer);
    writer.close(start);
  }

  private separate(message: MessageName, end: number, depth: number): Uint8Array {
    const length = this.reader.lengthWithin(end);
    const writer = new WireWriter();
    this.message(message, this.reader.offset + length, depth + 1, writer);
    return writer.result().slice();
  }

  private version(writer: WireWriter, tag: number): void {
    this.irVersion = this.reader.varint();
    writer.varint(tag);
    writer.varint(this.irVersion);
  }

  /** One element or one packed run of a repeated field. */
  private list(
    wire: number,
    tag: number,
    end: number,
    writer: WireWriter,
    counts: Map<number, number>,
  ): void {
    const number = tag >>> 3;
    const packed = (tag & 7) === BYTES && wire !== BYTES;
    if (!packed && (tag & 7) !== wire) {
      this.skip(tag, end);
      return;
    }
    const before = counts.get(number) ?? 0;
    if (packed) {
      const length = this.reader.lengthWithin(end);
      // At least this many bytes make one element; exact for fixed sizes, an upper bound for varints.
      const count =
        before + (wire === FIXED32 ? length / 4 : wire === FIXED64 ? length / 8 : length);
      counts.set(number, count);
      if (count > LONGEST_LIST) {
        this.skipped.longLists++;
        this.reader.skip(length);
        return;
      }
      this.charge(COST.element * (count - before));
      this.checkPacked(wire, length);
      writer.varint(tag);
      writer.varint(length);
      writer.copy(this.reader, length);
      return;
    }
    counts.set(number, before + 1);
    if (before >= LONGEST_LIST) {
      if (before === LONGEST_LIST) this.skipped.longLists++;
      this.reader.skipValue(tag & 7, end);
    } else {
      this.charge(COST.element);
      this.value(tag, end, writer);
    }
  }

  private checkPacked(wire: number, length: number): void {
    const size = wire === FIXED32 ? 4 : wire === FIXED64 ? 8 : 1;
    if (length % size !== 0)
      throw new WireError(this.reader.offset, 'a list ends inside an element');
  }

  /** Copies one scalar or text. */
  private value(tag: number, end: number, writer: WireWriter): void {
    this.charge(COST.field);
    if ((tag & 7) === BYTES) {
      const length = this.reader.lengthWithin(end);
      if (length > LONGEST_TEXT) {
        this.skipped.longTexts++;
        this.reader.skip(length);
        return;
      }
      this.charge(length);
      writer.varint(tag);
      writer.varint(length);
      writer.copy(this.reader, length);
      return;
    }
    writer.varint(tag);
    if ((tag & 7) === VARINT) writer.copyVarint(this.reader);
    else writer.copy(this.reader, (tag & 7) === FIXED32 ? 4 : 8);
  }

  private skip(tag: number, end: number): void {
    this.charge(COST.field);
    this.reader.skipValue(tag & 7, end);
  }

  private text(end: number): string {
    const length = this.reader.lengthWithin(end);
    if (length > LONGEST_TEXT) {
      this.skipped.longTexts++;
      this.reader.skip(length);
      return '';
    }
    this.charge(COST.field + length);
    return new TextDecoder().decode(this.reader.bytes(length));
  }

  private entry(end: number): [key: string, value: string] {
    const length = this.reader.lengthWithin(end);
    const entryEnd = this.reader.offset + length;
    let key = '';
    let value = '';
    this.charge(COST.message);
    while (this.reader.offset < entryEnd) {
      const tag = this.reader.tag();
      if (tag === 8 + BYTES) key = this.text(entryEnd);
      else if (tag === 16 + BYTES) value = this.text(entryEnd);
      else this.skip(tag, entryEnd);
    }
    if (this.reader.offset > entryEnd) {
      throw new WireError(entryEnd, RUNS_PAST_END, true);
    }
    return [key, value];
  }

  private charge(bytes: number): void {
    this.decodedBytes += bytes;
    if (this.decodedBytes > MOST_DECODED) {
      throw new ModelError(
        'model/too-large',
        'The model has too much structure to be opened: more than 300 MB without its weights.',
      );
    }
  }
}
