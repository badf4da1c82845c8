/**
 * ai.onnx.ml 5: encoders, linear and kernel models, tree ensembles. They appear before and behind networks
 * in exported pipelines; opaque, run on the host, with the shapes that the next operator needs.
 */
import type { Dim } from '../graph/dim.ts';
import { dimAdd, dimProduct } from '../graph/dim.ts';
import type { DataType, Shape, ValueType } from '../graph/types.ts';
import { tensorType } from '../graph/types.ts';
import type { InferContext, OperatorEntry, OpView } from './define.ts';
import { operator, VARIADIC } from './entry.ts';
import type { InferRule } from './inferRules.ts';
import { sameAsInput, sameShape } from './inferRules.ts';
import { opaqueMapping } from './mappingRules.ts';

export const FAMILY: readonly OperatorEntry[] = [
  host('ArrayFeatureExtractor', [1], extracted, [2, 2]),
  host('Binarizer', [1], sameAsInput()),
  host('CategoryMapper', [1], (op) => [
    tensorType(op.dtype(0) === 'string' ? 'int64' : 'string', op.shape(0)),
  ]),
  host('FeatureVectorizer', [1], (op) => [tensorType('float32', joinedFeatures(op))], [
    1,
    VARIADIC,
  ]),
  host('Imputer', [1], sameAsInput()),
  host('LabelEncoder', [1, 2, 4], (op) => [tensorType(labelDtype(op), op.shape(0))]),
  host('LinearClassifier', [1], classified, [1, 1], 2),
  host('LinearRegressor', [1], (op) => [perRow(op, 'float32', op.int('targets', 1))]),
  host('Normalizer', [1], sameShape('float32')),
  host('OneHotEncoder', [1], (op) => [tensorType('float32', encodedShape(op))]),
  host('Scaler', [1], sameShape('float32')),
  host('SVMClassifier', [1], classified, [1, 1], 2),
  host('SVMRegressor', [1], (op) => [perRow(op, 'float32', 1)]),
  host('TreeEnsemble', [5], (op) => [perRow(op, op.dtype(0), op.int('n_targets', 1))]),
  host('TreeEnsembleClassifier', [1, 3, 5], classified, [1, 1], 2),
  host('TreeEnsembleRegressor', [1, 3, 5], (op) => [perRow(op, 'float32', op.int('n_targets', 1))]),
  host('ZipMap', [1], (op) => [
    { kind: 'sequence', element: { kind: 'other', text: `map(${labelType(op)}, float32)` } },
  ]),
];

function host(
  name: string,
  since: readonly number[],
  infer: InferRule,
  inputs: readonly [number, number] = [1, 1],
  outputs = 1,
): OperatorEntry {
  return operator(name, {
    domain: 'ai.onnx.ml',
    since,
    inputs,
    outputs: [1, outputs],
    mapping: (op) => opaqueMapping(op, 'runs on the host'),
    infer,
  });
}

/** One row of `columns` per row of the input. */
function perRow(op: InferContext, dtype: DataType, columns: Dim): ValueType {
  return tensorType(dtype, [rows(op), columns]);
}

/** A single row may come without its batch axis. */
function rows(op: InferContext): Dim {
  const shape = op.shape(0);
  if (!shape) return op.dataDim('rows');
  return shape.length < 2 ? 1 : (shape[0] as Dim);
}

/** Labels and one score per class. */
function classified(op: InferContext): readonly ValueType[] {
  const classes = classCount(op);
  const label = labelType(op);
  return [tensorType(label, [rows(op)]), perRow(op, 'float32', classes ?? op.dataDim('classes'))];
}

function labelType(op: OpView): 'string' | 'int64' {
  const names = ['classlabels_strings', 'classlabels_string'];
  return names.some((name) => listLength(op, name) > 0) ? 'string' : 'int64';
}

function classCount(op: OpView): number | undefined {
  const names = ['classlabels_strings', 'classlabels_ints', 'classlabels_int64s'];
  const count = Math.max(...names.map((name) => listLength(op, name)));
  return count > 0 ? count : undefined;
}

function listLength(op: OpView, name: string): number {
  const list = op.attribute(name);
  return list?.kind === 'strings' || list?.kind === 'ints' ? list.value.length : 0;
}

function labelDtype(op: OpView): DataType {
  const tensor = op.attribute('values_tensor');
  if (tensor?.kind === 'tensor') return tensor.value.dtype;
  if (op.attribute('values_int64s')) return 'int64';
  if (op.attribute('values_floats')) return 'float32';
  if (op.attribute('values_strings')) return 'string';
  // Version 1 maps between strings and numbers.
  return op.dtype(0) === 'string' ? 'int64' : 'string';
}

function extracted(op: InferContext): readonly ValueType[] {
  const shape = op.shape(0);
  const picked = op.shape(1);
  const count = picked ? dimProduct(picked) : op.dataDim('features');
  const outer: readonly Dim[] = shape && shape.length > 1 ? shape.slice(0, -1) : [1];
  return [tensorType(op.dtype(0), shape && [...outer, count])];
}

function encodedShape(op: InferContext): Shape {
  const shape = op.shape(0);
  const count = Math.max(listLength(op, 'cats_int64s'), listLength(op, 'cats_strings'));
  return shape && [...shape, count];
}

function joinedFeatures(op: InferContext): Shape {
  const sizes = op.ints('inputdimensions');
  if (!sizes) return [rows(op), op.dataDim('features')];
  return [rows(op), sizes.reduce<Dim>((sum, size) => dimAdd(sum, size), 0)];
}
