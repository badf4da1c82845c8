/**
 * Prints graphs as text for dumps, golden files and failure messages: one line per value or operator, in
 * graph order, the same in every session. Names are untrusted and printed on one line, escaped.
 */
import { formatDim, formatShape } from './dim.ts';
import type { AttributeValue, Constant, Graph, KnownTensor, Model, Operator } from './graph.ts';
import type { ValueType } from './types.ts';

/** Elements, attributes of a list and known values shown before '…'. */
const SHOWN = 8;

/** The whole model: head lines, diagnostics, graph. */
export function printModel(model: Model): string {
  const opsets = [...model.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  const lines = [`model ir ${model.irVersion}, ${opsets.join(', ')}`];
  for (const { name, origin, fallback } of model.symbols.values()) {
    lines.push(`symbol ${printName(name)} (${origin}, ${fallback})`);
  }
  for (const { code, message } of model.diagnostics) lines.push(`${code}: ${message}`);
  return [...lines, printGraph(model.graph)].join('\n');
}

export function printGraph(graph: Graph): string {
  return graphLines(graph).join('\n');
}

/** `float32 1×3×224×224`, `sequence(float32 ?)`, `?`. */
export function printType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return `${type.dtype === 'undefined' ? '?' : type.dtype} ${formatShape(type.shape)}`;
    case 'sequence':
    case 'optional':
      return `${type.kind}(${printType(type.element)})`;
    case 'other':
      return type.text;
    case 'unknown':
      return '?';
  }
}

/** The name itself when it is plain, else quoted with escapes. */
export function printName(name: string): string {
  return /^[\p{L}\p{N}_./:#@-]+$/u.test(name) ? name : JSON.stringify(name);
}

function graphLines(graph: Graph): string[] {
  const lines = [
    `graph ${printName(graph.name)}${graph.path ? ` at ${printName(graph.path)}` : ''}`,
  ];
  for (const value of graph.values) {
    const head = `${printName(value.name)}: ${printType(value.type)}`;
    if (value.isInput) lines.push(`  input ${head}`);
    else if (value.outer !== undefined) lines.push(`  outer ${head} = ${printName(value.outer)}`);
    else if (value.constant) {
      lines.push(`  const ${head} ${printConstant(value.constant, value.known)}`);
    }
  }
  for (const operator of graph.operators) lines.push(...operatorLines(graph, operator));
  lines.push(`  output ${graph.outputs.map((index) => nameOf(graph, index)).join(', ')}`);
  return lines;
}

function operatorLines(graph: Graph, operator: Operator): string[] {
  const { domain, type, opset, attributes, inputs, outputs, captures, subgraphs } = operator;
  const results = outputs.map((index) => {
    const value = graph.values[index];
    return value ? `${printName(value.name)}: ${printType(value.type)}` : '-';
  });
  const parts = [`  ${results.join(', ')} =`];
  const operands = inputs.map((index) => nameOf(graph, index)).join(', ');
  parts.push(`${domain ? `${printName(domain)}.` : ''}${printName(type)}@${opset}(${operands})`);
  const listed = [...attributes].map(
    ([name, value]) => `${printName(name)}=${printAttribute(value)}`,
  );
  if (listed.length > 0) parts.push(`{${listed.join(', ')}}`);
  if (captures.length > 0) {
    parts.push(`captures ${captures.map((index) => nameOf(graph, index)).join(', ')}`);
  }
  const first = graph.values[outputs.find((index) => index >= 0) ?? -1]?.name;
  if (operator.id !== first) parts.push(`id ${printName(operator.id)}`);
  const others = operator.originalIds.filter((id) => id !== operator.id);
  if (others.length > 0) parts.push(`from ${others.map(printName).join(', ')}`);
  const lines = [parts.join(' ')];
  for (const [name, subgraph] of subgraphs) {
    lines.push(`    ${printName(name)}:`, ...graphLines(subgraph).map((line) => `      ${line}`));
  }
  return lines;
}

function nameOf(graph: Graph, index: number): string {
  const value = graph.values[index];
  return value ? printName(value.name) : '-';
}

function printConstant({ source, sparse }: Constant, known: KnownTensor | undefined): string {
  const kind = sparse ? `sparse ${source.kind}` : source.kind;
  return known ? `= ${printKnown(known)} (${kind})` : `(${kind})`;
}

/** `[1, 2, batch, ?]`; a scalar without brackets. */
export function printKnown({ dims, data }: KnownTensor): string {
  const shown = data.slice(0, SHOWN).map((dim) => (dim === undefined ? '?' : formatDim(dim)));
  if (dims.length === 0) return shown.join('');
  return `[${shown.join(', ')}${data.length > SHOWN ? `, … ${data.length} in all` : ''}]`;
}

/** One line, lists cut after a few elements. */
export function printAttribute(attribute: AttributeValue): string {
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return printText(attribute.value);
    case 'ints':
    case 'floats':
      return printList(attribute.value.slice(0, SHOWN).map(String), attribute.value.length);
    case 'strings':
      return printList(attribute.value.slice(0, SHOWN).map(printText), attribute.value.length);
    case 'tensor': {
      const { value, known } = attribute;
      return `${value.dtype} ${formatShape(value.dims)} ${printConstant(value, known)}`;
    }
    case 'tensors':
      return `${attribute.value.length} tensors`;
    case 'type':
      return printType(attribute.value);
    case 'graph':
      return 'graph';
  }
}

function printList(shown: readonly string[], length: number): string {
  return `[${shown.join(', ')}${length > shown.length ? `, … ${length} in all` : ''}]`;
}

function printText(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
