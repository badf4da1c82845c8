/**
 * A model as a valid `.onnx` file: the graph as it is now (rewritten, constants folded), in the lowest opset from the
 * original's on that has all of its operators. Weights stay in the original's files where the new one lies beside them.
 */
import type { Graph, Model, Operator } from '../graph/graph.ts';
import type { ModelSource } from '../onnx/source.ts';
import { formFacts, graphProto } from './graphProto.ts';
import type { Piece } from './message.ts';
import { chunksOf, Message } from './message.ts';
import type { FormFacts } from './nodeForm.ts';
import { opsetFor } from './nodeForm.ts';
import { ValueNames } from './valueNames.ts';
import { fitsInside, WeightFile } from './weightFile.ts';

export interface WriteOptions {
  /** Where the original's bytes are. */
  readonly source: ModelSource;
  /** The new file lies in the original's folder and may refer to its weights. */
  readonly beside: boolean;
  /** Name of a file beside the new one, for weights that a model file cannot hold. */
  readonly dataFile: string;
}

export interface WrittenModel {
  /** Of ai.onnx. */
  readonly opset: number;
  readonly pieces: readonly Piece[];
  /** Of the data file; empty where none is needed. */
  readonly data: readonly Piece[];
}

const MODEL = { ir: 1, producer: 2, graph: 7, opset: 8, metadata: 14 } as const;
const PRODUCER = 'Fusion Studio';

/** First IR version that may import an opset of ai.onnx, as the specification pairs them. */
const IR_VERSIONS: readonly (readonly [opset: number, ir: number])[] = [
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [13, 7],
  [11, 6],
  [10, 5],
  [9, 4],
];
/** Initialisers need no input of their own from here on. */
const LEAST_IR = 4;

/**
 * @param model inferred. Throws ExportError where ONNX cannot say what the graph means; while its pieces are written,
 * ModelError where weights cannot be read.
 */
export function writeModel(model: Model, { source, beside, dataFile }: WriteOptions): WrittenModel {
  const { graph, symbols, metadata } = model;
  const opset = opsetFor(operatorsOf(graph), model.opsets.get('') ?? 1);
  const inside = fitsInside(graph, beside);
  const weights = new WeightFile({ source, beside, ...(inside ? {} : { dataFile }) });
  const isNamed = (symbol: string): boolean => symbols.get(symbol)?.origin === 'input';
  const context = { names: new ValueNames(graph), weights, opset, isNamed };
  const body = graphProto(graph, context);
  const ir = IR_VERSIONS.find(([first]) => opset >= first)?.[1] ?? LEAST_IR;
  const proto = new Message().int(MODEL.ir, Math.max(model.irVersion, ir));
  proto.text(MODEL.producer, PRODUCER).message(MODEL.graph, body);
  for (const [domain, version] of imports(model, opset)) {
    proto.message(MODEL.opset, new Message().text(1, domain).int(2, version));
  }
  for (const [key, value] of metadata) {
    proto.message(MODEL.metadata, new Message().text(1, key).text(2, value));
  }
  return { opset, pieces: proto.pieces, data: weights.payloads };
}

/** All bytes in memory, for small models. */
export function modelBytes({ pieces }: WrittenModel): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunksOf(pieces)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Domains that the graph uses; those of a domain that nothing imports get their first version. */
function imports({ graph, opsets }: Model, opset: number): ReadonlyMap<string, number> {
  const used = new Map<string, number>([['', opset]]);
  for (const [{ domain }] of operatorsOf(graph)) {
    if (!used.has(domain)) used.set(domain, opsets.get(domain) ?? 1);
  }
  return used;
}

/** Those of bodies too. */
function* operatorsOf(graph: Graph): Generator<readonly [Operator, FormFacts]> {
  const facts = formFacts(graph);
  for (const operator of graph.operators) {
    yield [operator, facts];
    for (const body of operator.subgraphs.values()) yield* operatorsOf(body);
  }
}
