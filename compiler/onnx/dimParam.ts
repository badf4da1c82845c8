/**
 * Reads `dim_param` texts. Exporters write plain names ('batch', 's0') and small expressions of them
 * ('2*s0 + 1', 's77//2'); both become symbolic dims. Any other text becomes one symbol whose name has no
 * character with a meaning in the canonical form of dims, so that it cannot pass for an expression.
 */
import { dimAdd, dimFloorDiv, dimMod, dimMul, dimSub, dimSymbol } from '../graph/dim.ts';
import type { Dim } from '../graph/dim.ts';

const LONGEST = 64;
const LONGEST_EXPRESSION = 200;

/** The dim of a `dim_param`, or undefined when the text is empty. */
export function dimOfParam(text: string): Dim | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (/^\d{1,15}$/.test(trimmed)) return Number(trimmed);
  if (trimmed.length <= LONGEST_EXPRESSION) {
    const dim = new ExpressionParser(trimmed).parse();
    if (dim !== undefined) return dim;
  }
  const name = symbolName(trimmed);
  return name === '' ? undefined : dimSymbol(name);
}

/** A harmless symbol name made of any text: no operators, brackets, spaces or control characters. */
export function symbolName(text: string): string {
  const name = text
    .trim()
    .normalize('NFC')

    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '')
    .replace(/[\s()[\]{},+\-*/%·#<>"'`&\\|=]+/g, '_')
    .slice(0, LONGEST);
  // A bare number would pass for a known size.
  return /^\d+$/.test(name) ? `_${name}` : name;
}

/** `sum := product (('+' | '-') product)*`, products with `*`, `//`, `%`, names, integers, brackets. */
class ExpressionParser {
  private readonly tokens: string[];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    const tokens = text.match(/[\p{L}_][\p{L}\p{N}_.:]*|\d+|\/\/|\S/gu) ?? [];
    this.tokens = tokens;
  }

  parse(): Dim | undefined {
    const dim = this.sum();
    return this.at === this.tokens.length ? dim : undefined;
  }

  private sum(): Dim | undefined {
    if (++this.depth > 16) return undefined;
    let left = this.product();
    while (left !== undefined && (this.is('+') || this.is('-'))) {
      const operator = this.tokens[this.at++];
      const right = this.product();
      if (right === undefined) return undefined;
      left = operator === '+' ? dimAdd(left, right) : dimSub(left, right);
    }
    this.depth--;
    return left;
  }

  private product(): Dim | undefined {
    let left = this.atom();
    while (left !== undefined && (this.is('*') || this.is('//') || this.is('%'))) {
      const operator = this.tokens[this.at++];
      const right = this.atom();
      if (right === undefined || (operator !== '*' && right === 0)) return undefined;
      if (operator === '*') left = dimMul(left, right);
      else left = operator === '//' ? dimFloorDiv(left, right) : dimMod(left, right);
    }
    return left;
  }

  private atom(): Dim | undefined {
    const token = this.tokens[this.at++];
    if (token === undefined) return undefined;
    if (token === '(') {
      const inner = this.sum();
      return this.tokens[this.at++] === ')' ? inner : undefined;
    }
    if (/^\d{1,15}$/.test(token)) return Number(token);
    if (!/^[\p{L}_]/u.test(token)) return undefined;
    const name = symbolName(token);
    return name === '' || this.is('(') ? undefined : dimSymbol(name);
  }

  private is(token: string): boolean {
    return this.tokens[this.at] === token;
  }
}
