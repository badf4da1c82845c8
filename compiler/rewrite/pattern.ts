/**
 * The two sides of a rule as text, so that a list of rules reads like algebra, parsed once when the rules are loaded:
 *
 *   (Mul ?a (Add ?b ?c))      an operator and its operands; commutative operators match in both orders
 *   ?x  $c                    any value; a constant (weights, or computed from weights alone)
 *   ?b~  $b~                  the same, or an optional input that is absent
 *   ...?xs                    all remaining inputs
 *   1  0.5                    a constant whose elements all have that value
 *   (Relu|Abs:f ?x)           one of several types; `f` names the operator for the other side
 *   (@monotone-increasing:f ?x)   any operator with that property in the operator table
 *   (*:f ...?xs)              any operator with one result
 *   (=f ?x)                   the type and the attributes of the operator named `f`
 *   (~moves:f ?x)             a chain of any length (also none) of operators of a kind, `(~f ?y)` on the right
 *   (Split:s#1 ?x)            the second output of an operator
 *   (Transpose{perm=p} ?x)    right side: attributes, computed by the rule's `given.p`
 *   !name                     right side: an operand that the rule's `given` computes
 */
import type { Property } from '../ops/define.ts';

export interface OperatorPattern {
  readonly kind: 'operator';
  /** Qualified types (`com.microsoft.Gelu`); empty where `same`, `property` or `chain` says which. */
  readonly types: readonly string[];
  readonly same?: string;
  readonly property?: Property;
  readonly chain?: string;
  readonly label?: string;
  readonly slot: number;
  readonly attributes: readonly (readonly [name: string, source: string])[];
  readonly operands: readonly Pattern[];
}

export type Pattern =
  | OperatorPattern
  | {
      readonly kind: 'variable' | 'rest';
      readonly name: string;
      readonly constant: boolean;
      readonly optional: boolean;
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'given'; readonly name: string };

/** Parses one side of a rule. Throws on text that is no pattern: rules are part of the program. */
export function parsePattern(text: string): Pattern {
  const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  let next = 0;
  const parse = (): Pattern => {
    const token = tokens[next++];
    if (token === undefined || token === ')') throw new Error(`an operand is missing in ${text}`);
    if (token !== '(') return parseAtom(token);
    const head = parseHead(tokens[next++] ?? '');
    const operands: Pattern[] = [];
    while (tokens[next] !== ')') operands.push(parse());
    next++;
    return { ...head, operands };
  };
  const pattern = parse();
  if (next !== tokens.length) throw new Error(`text after the pattern ${text}`);
  return pattern;
}

function parseAtom(token: string): Pattern {
  if (token.startsWith('!')) return { kind: 'given', name: token.slice(1) };
  const variable = /^(\.\.\.)?([?$])(\w+)(~)?$/.exec(token);
  if (variable) {
    const [, rest, sigil, name = '', optional] = variable;
    return {
      kind: rest === undefined ? 'variable' : 'rest',
      name,
      constant: sigil === '$',
      optional: optional !== undefined,
    };
  }
  const value = Number(token);
  if (Number.isNaN(value)) throw new Error(`'${token}' is no operand of a pattern`);
  return { kind: 'number', value };
}

function parseHead(token: string): Omit<OperatorPattern, 'operands'> {
  const parts = /^([=@~]?)([\w.|*-]+)(?::(\w+))?(?:#(\d+))?(?:\{(.*)\})?$/.exec(token);
  if (!parts) throw new Error(`'${token}' names no operator`);
  const [, sigil, name = '', label, slot, list] = parts;
  const attributes = (list === undefined ? [] : list.split(',')).map((entry) => {
    const [key = '', source = ''] = entry.split('=');
    return [key, source] as const;
  });
  return {
    kind: 'operator',
    types: sigil === '' ? name.split('|') : [],
    ...(sigil === '=' && { same: name }),
    ...(sigil === '@' && { property: name as Property }),
    ...(sigil === '~' && { chain: name }),
    ...(label !== undefined && { label }),
    slot: slot === undefined ? 0 : Number(slot),
    attributes,
  };
}

/** Calls `visit` with every part of a pattern, parents first. */
export function forEachPattern(pattern: Pattern, visit: (part: Pattern) => void): void {
  visit(pattern);
  if (pattern.kind === 'operator') {
    for (const operand of pattern.operands) forEachPattern(operand, visit);
  }
}

/** Operators on the longest path of a pattern. */
export function depthOf(pattern: Pattern): number {
  if (pattern.kind !== 'operator') return 0;
  return 1 + pattern.operands.reduce((most, operand) => Math.max(most, depthOf(operand)), 0);
}
