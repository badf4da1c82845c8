/**
 * Mapping types per input edge (DNNFusion section 3.1) shared by the families.
 *
 * Elementwise operators: an edge is One-to-One when no element is used twice, One-to-Many when it is
 * broadcast; a constant of one element is an immediate, hence One-to-One. The operator takes the most
 * complex of its *runtime* edges: a constant that broadcasts (a bias, BatchNormalization's parameters, PRelu's
 * slope) keeps its One-to-Many edge but is read by index inside the kernel, nothing is recomputed or stored for
 * it. This is how the paper's Table 2 can list Add, BatchNormalization and PRelu as One-to-One.
 */
import type { Dim } from '../graph/dim.ts';
import { dimEqual } from '../graph/dim.ts';
import type { Shape } from '../graph/types.ts';
import type { MappingType } from '../mapping/mappingTypes.ts';
import { maxMappingType } from '../mapping/mappingTypes.ts';
import type { Mapping, OpView } from './define.ts';

export type MappingRule = (op: OpView) => Mapping;

/** The same type on every edge. */
export function fixedMapping(type: MappingType, note?: string): MappingRule {
  return (op) => withNote(type, filled(op, type), note);
}

/** `type` on the first `dataInputs` edges and on the node; the others are parameters, read by index. */
export function dataMapping(type: MappingType, dataInputs = 1, note?: string): MappingRule {
  return (op) => {
    const edges = filled(op, 'one-to-one').map((edge, i) => (i < dataInputs ? type : edge));
    return withNote(type, edges, note);
  };
}

/** Opaque for the given reason. */
export function opaqueMapping(op: OpView, note?: string): Mapping {
  return withNote('opaque', filled(op, 'opaque'), note);
}

/**
 * The operator's type from its edges: the most complex runtime edge (of all edges when every input is
 * constant). Absent inputs do not count.
 */
export function nodeMapping(op: OpView, edges: readonly MappingType[], note?: string): Mapping {
  const present = edges.filter((_, input) => op.has(input));
  const runtime = edges.filter((_, input) => op.has(input) && !isSettled(op, input));
  return withNote(maxMappingType(runtime.length > 0 ? runtime : present), edges, note);
}

/** Elementwise over all inputs, which broadcast to output `slot`. */
export function elementwiseMapping(op: OpView, slot = 0): Mapping {
  const output = op.outputShape(slot);
  const edges = Array.from({ length: op.inputCount }, (_, i) => elementwiseEdge(op, i, output));
  const broadcast = edges.flatMap((edge, i) =>
    edge === 'one-to-many' && !isSettled(op, i) ? [i] : [],
  );
  const note = broadcast.length > 0 ? `broadcasts input ${broadcast.join(', ')}` : undefined;
  return nodeMapping(op, edges, note);
}

/** Edge of an input whose elements are used elementwise for an output of shape `output`. */
export function elementwiseEdge(op: OpView, input: number, output: Shape): MappingType {
  if (!op.has(input)) return 'one-to-one';
  const shape = op.shape(input);
  if (shape === null || output === null) return shape === output ? 'one-to-one' : 'one-to-many';
  if (isSettled(op, input) && shape.every((dim) => dim === 1)) return 'one-to-one';
  return broadcasts(shape, output) ? 'one-to-many' : 'one-to-one';
}

/** Constants, and expressions of sizes: no kernel has to compute them, whether sizes are bound or not. */
export function isSettled(op: OpView, input: number): boolean {
  return op.isConstant(input) || (op.known(input)?.data.every((e) => e !== undefined) ?? false);
}

/** Whether an element of `shape` feeds several elements of `output`; leading axes of size 1 do not matter. */
export function broadcasts(shape: readonly Dim[], output: readonly Dim[]): boolean {
  const offset = output.length - shape.length;
  return output.some(
    (dim, axis) => !dimEqual(dim, axis < offset ? 1 : (shape[axis - offset] as Dim)),
  );
}

function filled(op: OpView, type: MappingType): MappingType[] {
  return new Array<MappingType>(op.inputCount).fill(type);
}

function withNote(node: MappingType, edges: readonly MappingType[], note?: string): Mapping {
  return note === undefined ? { node, edges } : { node, edges, note };
}
