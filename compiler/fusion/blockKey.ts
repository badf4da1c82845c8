/**
 * Canonical text of a block: equal for blocks that need the same kernel, whatever their operators are called
 * and wherever they stand in the model. Key of the profile database and, later, of compiled kernels.
 * Isomorphic blocks with symmetric parts may get different texts; that costs a look-up, never a wrong answer.
 */
import type { Ecg } from '../ecg/ecg.ts';
import { formatDim } from '../graph/dim.ts';
import type { AttributeValue, Operator } from '../graph/graph.ts';
import type { ValueType } from '../graph/types.ts';

/** @param operators operator indices in topological order. */
export function blockKey(ecg: Ecg, operators: readonly number[]): string {
  const ordered = canonicalOrder(ecg, operators);
  const names = new Map<number, string>();
  ordered.forEach((operator, place) => {
    ecg.nodes[operator]!.operator.outputs.forEach((value, slot) => {
      if (value >= 0) names.set(value, `${place}.${slot}`);
    });
  });
  const inside = new Set(operators);
  let externals = 0;
  const lines = ordered.map((index) => {
    const { operator } = ecg.nodes[index]!;
    const reads = operator.inputs.map((value) => {
      if (value < 0) return '-';
      const known = names.get(value);
      if (known !== undefined) return known;
      const name = `in${externals++}`;
      names.set(value, name);
      return `${name}:${valueText(ecg, value)}`;
    });
    const writes = operator.outputs.map((value) => {
      if (value < 0) return '-';
      const { type, isOutput, consumers } = ecg.graph.values[value]!;
      const leaves = isOutput || consumers.some((consumer) => !inside.has(consumer));
      return `${typeText(type)}${leaves ? '!' : ''}`;
    });
    return `${operatorText(operator)}(${reads.join(',')})->${writes.join(',')}`;
  });
  return lines.join(';');
}

/** By depth inside the block, then by what is computed: independent of the order in the file. */
function canonicalOrder(ecg: Ecg, operators: readonly number[]): number[] {
  const inside = new Set(operators);
  const depth = new Map<number, number>();
  const text = new Map<number, string>();
  for (const index of operators) {
    const { operator } = ecg.nodes[index]!;
    let level = 0;
    const reads = operator.inputs.map((value) => {
      const producer = ecg.graph.values[value]?.producer ?? -1;
      if (!inside.has(producer)) return value < 0 ? '-' : valueText(ecg, value);
      level = Math.max(level, depth.get(producer)! + 1);
      return `${hash(text.get(producer)!)}.${ecg.graph.values[value]!.slot}`;
    });
    depth.set(index, level);
    text.set(index, `${operatorText(operator)}(${reads.join(',')})`);
  }
  return [...operators].sort(
    (a, b) => depth.get(a)! - depth.get(b)! || compare(text.get(a)!, text.get(b)!) || a - b,
  );
}

function operatorText({ domain, type, opset, attributes }: Operator): string {
  const settings = [...attributes]
    .map(([name, value]) => `${name}=${attributeText(value)}`)
    .sort(compare);
  const name = domain === '' ? type : `${domain}.${type}`;
  return `${name}@${opset}[${settings.join(' ')}]`;
}

function attributeText(value: AttributeValue): string {
  switch (value.kind) {
    case 'float':
    case 'int':
    case 'string':
    case 'floats':
    case 'ints':
    case 'strings':
      return JSON.stringify(value.value);
    case 'tensor':
      return `${value.value.dtype}${JSON.stringify(value.value.dims)}`;
    case 'type':
      return typeText(value.value);
    case 'tensors':
    case 'graph':
      return value.kind;
  }
}

function valueText(ecg: Ecg, value: number): string {
  const { type, constant, known } = ecg.graph.values[value]!;
  // Small integers are parameters (axes, shapes, pads): they change the kernel. Weights do not.
  const parameter = known?.dtype === 'int64' && known.data.length <= 16;
  const content = parameter
    ? `{${known.data.map((dim) => (dim === undefined ? '?' : formatDim(dim))).join(' ')}}`
    : '';
  return `${constant ? 'const ' : ''}${typeText(type)}${content}`;
}

function typeText(type: ValueType): string {
  if (type.kind !== 'tensor') return type.kind;
  return `${type.dtype}[${type.shape === null ? '?' : type.shape.map(formatDim).join('x')}]`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** FNV-1a, 32 bits: shortens nested texts; only orders operators, never decides equality. */
function hash(text: string): string {
  let value = 2166136261;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return (value >>> 0).toString(16);
}
