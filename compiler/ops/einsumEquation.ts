/**
 * Parser of Einsum equations (ONNX Einsum 12, the NumPy notation): letters label axes, `...` stands for
 * any number of broadcast axes, `->` separates the output, which otherwise is the ellipsis followed by
 * the letters that occur once, in alphabetical order.
 */

/** One operand or the output: letters in order; '...' is one entry. */
export type EinsumTerm = readonly string[];

export interface EinsumEquation {
  readonly operands: readonly EinsumTerm[];
  readonly output: EinsumTerm;
}

export const ELLIPSIS = '...';

/** The parsed equation, or a sentence saying what is wrong with it. */
export function parseEinsum(text: string): EinsumEquation | string {
  const compact = text.replace(/\s+/g, '');
  const parts = compact.split('->');
  if (parts.length > 2) return `equation '${shorten(text)}' has more than one '->'`;
  const operands: EinsumTerm[] = [];
  for (const operand of (parts[0] as string).split(',')) {
    const term = parseTerm(operand);
    if (typeof term === 'string') return term;
    operands.push(term);
  }
  if (parts[1] === undefined) return { operands, output: implicitOutput(operands) };
  const output = parseTerm(parts[1]);
  if (typeof output === 'string') return output;
  const known = new Set(operands.flat());
  for (const label of output) {
    if (!known.has(label)) return `the output label '${label}' occurs in no operand`;
  }
  if (new Set(output).size !== output.length) return 'a label occurs twice in the output';
  return { operands, output };
}

function parseTerm(text: string): EinsumTerm | string {
  const labels: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    if (/[A-Za-z]/.test(letter)) labels.push(letter);
    else if (text.startsWith(ELLIPSIS, at) && !labels.includes(ELLIPSIS)) {
      labels.push(ELLIPSIS);
      at += 2;
    } else return `unexpected '${letter}' in the equation term '${shorten(text)}'`;
  }
  return labels;
}

function implicitOutput(operands: readonly EinsumTerm[]): EinsumTerm {
  const count = new Map<string, number>();
  for (const label of operands.flat()) count.set(label, (count.get(label) ?? 0) + 1);
  const letters = [...count].filter(([label, n]) => label !== ELLIPSIS && n === 1).map(([l]) => l);
  letters.sort();
  return count.has(ELLIPSIS) ? [ELLIPSIS, ...letters] : letters;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
