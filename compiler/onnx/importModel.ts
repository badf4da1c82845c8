/**
 * The way from a model file to the compiler's Model: scan and decode, read graphs and functions, bring
 * every operator into canonical form, remove copies, sort. Types are those that the file declares; shapes
 * are inferred later. Weights are not read.
 */
import type { Model } from '../graph/graph.ts';
import { ModelError } from '../diagnostics.ts';
import { finishGraph } from './finishGraph.ts';
import { FunctionTable, opsetMap } from './functionTable.ts';
import { readModel, toNumber } from './readModel.ts';
import { GraphReader } from './readGraph.ts';
import { removeCopies } from './removeCopies.ts';
import { Reporter } from './reporter.ts';
import type { Scan } from './scan.ts';
import type { ModelSource } from './source.ts';
import { Symbols } from './symbols.ts';
import { TensorReader } from './tensors.ts';

/** Newer versions are opened with a warning: their operators may have changed. */
const NEWEST_IR = 14;
const NEWEST_OPSET = 28;
/** Oldest opset whose operators have the forms that this importer knows. */
const OLDEST_OPSET = 7;

/**
 * Imports a model. Throws ModelError, with one line for the user, when there is nothing to show: not a
 * model, truncated, damaged, dangling names, a cycle, endless functions, beyond the limits. Everything
 * else becomes a diagnostic of the result.
 */
export function importModel(source: ModelSource): Model {
  const { proto, scan } = readModel(source);
  const reporter = new Reporter();
  const opsets = opsetMap(proto.opsetImport);
  const irVersion = toNumber(proto.irVersion);
  reportVersions(irVersion, opsets, reporter);
  reportSkipped(scan, reporter);

  const symbols = new Symbols();
  const reader = new GraphReader({
    tensors: new TensorReader(source, scan, reporter),
    symbols,
    reporter,
    functions: new FunctionTable(proto.functions ?? [], scan, opsets, reporter),
    scan,
  });
  if (!proto.graph) {
    throw new ModelError('model/not-onnx', `${source.name} is not an ONNX model: it has no graph.`);
  }
  const draft = reader.readMain(proto.graph, opsets);
  removeCopies(draft);
  const graph = finishGraph(draft);
  return {
    irVersion,
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(' '),
    opsets,
    metadata: new Map(
      (proto.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
    ),
    graph,
    symbols: symbols.all,
    diagnostics: reporter.finish(),
  };
}

function reportVersions(
  irVersion: number,
  opsets: ReadonlyMap<string, number>,
  reporter: Reporter,
): void {
  if (irVersion > NEWEST_IR) {
    const message = `The file format version ${irVersion} is newer than ${NEWEST_IR}, the newest known.`;
    reporter.report('model/ir-version', `${message} Parts of the model may be missing.`);
  }
  const opset = opsets.get('');
  if (opset === undefined) return;
  if (opset < OLDEST_OPSET) {
    const message = `Operator set ${opset} is older than ${OLDEST_OPSET}; some operators may be read wrongly.`;
    reporter.report('model/opset', `${message} Convert the model to a newer one if so.`);
  } else if (opset > NEWEST_OPSET) {
    const message = `Operator set ${opset} is newer than ${NEWEST_OPSET}, the newest known.`;
    reporter.report('model/opset', `${message} Changed operators may be read wrongly.`);
  }
}

function reportSkipped({ skipped }: Scan, reporter: Reporter): void {
  if (skipped.trainingInfos > 0) {
    reporter.report('model/unsupported', 'The training part of the model is left out.');
  }
  if (skipped.longLists > 0) {
    const message = `${skipped.longLists} attribute lists of more than 65,536 elements were shortened.`;
    reporter.report('model/unsupported', message);
  }
  if (skipped.longTexts > 0) {
    const message = `${skipped.longTexts} texts of more than 1 MiB were left out.`;
    reporter.report('model/unsupported', message);
  }
}
