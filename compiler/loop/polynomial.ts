/**
 * Index expressions as integer polynomials in a canonical form: sums of terms, each a coefficient and a sorted
 * product of atoms. Atoms are variables, sizes, and calls that do not expand (div, mod, min, max, choose).
 * Equal keys mean equal polynomials. Too large ones throw `TooComplex`, which the simplifier turns into "leave
 * it as it is".
 */
import type { Index, IndexCondition } from './indexExpr.ts';
import { add, choose, constant, multiply, size, variable, ZERO } from './indexExpr.ts';

export type CallName = 'floorDiv' | 'mod' | 'min' | 'max';

export type Atom = { readonly key: string } & (
  | { readonly kind: 'variable' | 'size'; readonly name: string }
  | { readonly kind: 'call'; readonly fn: CallName; readonly a: Polynomial; readonly b: Polynomial }
  | {
      readonly kind: 'choose';
      readonly op: IndexCondition['op'];
      readonly a: Polynomial;
      readonly b: Polynomial;
      readonly then: Polynomial;
      readonly otherwise: Polynomial;
    }
);

export interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
  readonly key: string;
}

/** Terms of distinct keys, none with coefficient 0, in no particular order. */
export class Polynomial {
  private ordered: readonly Term[] | undefined;
  private text: string | undefined;

  constructor(readonly terms: readonly Term[]) {}

  /** Highest degree first; the plain number (empty key) last. */
  get sorted(): readonly Term[] {
    this.ordered ??= [...this.terms].sort(
      (a, b) => b.atoms.length - a.atoms.length || (a.key < b.key ? -1 : 1),
    );
    return this.ordered;
  }

  /** Equal for equal polynomials. Proofs make many polynomials and need few keys, hence on demand. */
  get key(): string {
    if (this.text === undefined) {
      const parts = this.sorted.map(({ coefficient, key }) => `${coefficient}*${key}`);
      this.text = parts.join('+');
      if (this.text.length > LONGEST_KEY) throw new TooComplex();
    }
    return this.text;
  }
}

/** The expression outgrew what the simplifier handles. */
export class TooComplex extends Error {}

const MOST_TERMS = 120;
const LONGEST_KEY = 4000;

export const NOUGHT = new Polynomial([]);

export function polyConstant(value: number): Polynomial {
  return value === 0 ? NOUGHT : fromTerms([{ coefficient: value, atoms: [], key: '' }]);
}

export const UNIT = polyConstant(1);

export function polyAtom(atom: Atom): Polynomial {
  return fromTerms([{ coefficient: 1, atoms: [atom], key: atom.key }]);
}

export function polyVariable(name: string): Polynomial {
  return polyAtom({ kind: 'variable', name, key: name });
}

/** `$` keeps sizes and variables of one name apart. */
export function polySize(name: string): Polynomial {
  return polyAtom({ kind: 'size', name, key: `$${name}` });
}

export function polyCall(fn: CallName, a: Polynomial, b: Polynomial): Polynomial {
  return polyAtom({ kind: 'call', fn, a, b, key: `${fn}(${a.key},${b.key})` });
}

export function polyChoose(
  op: IndexCondition['op'],
  a: Polynomial,
  b: Polynomial,
  then: Polynomial,
  otherwise: Polynomial,
): Polynomial {
  const key = `choose(${op},${a.key},${b.key},${then.key},${otherwise.key})`;
  return polyAtom({ kind: 'choose', op, a, b, then, otherwise, key });
}

export function polyAdd(a: Polynomial, b: Polynomial): Polynomial {
  if (a.terms.length === 0) return b;
  return b.terms.length === 0 ? a : fromTerms([...a.terms, ...b.terms]);
}

export function polySubtract(a: Polynomial, b: Polynomial): Polynomial {
  return polyAdd(a, polyScale(b, -1));
}

export function polyScale(a: Polynomial, factor: number): Polynomial {
  if (factor === 1) return a;
  return fromTerms(a.terms.map((term) => scaled(term, factor)));
}

export function polyMultiply(a: Polynomial, b: Polynomial): Polynomial {
  if (a.terms.length * b.terms.length > MOST_TERMS * 8) throw new TooComplex();
  return fromTerms(a.terms.flatMap((x) => b.terms.map((y) => termProduct(x, y))));
}

/** Its value where it is a plain number. */
export function constantOf({ terms }: Polynomial): number | undefined {
  if (terms.length === 0) return 0;
  return terms.length === 1 && terms[0]!.atoms.length === 0 ? terms[0]!.coefficient : undefined;
}

/**
 * `a = quotient * divisor + rest` by long division: every term that the divisor's leading term divides goes
 * into the quotient. Exact for a divisor of one term.
 */
export function divideTerms(
  a: Polynomial,
  divisor: Polynomial,
): readonly [quotient: Polynomial, rest: Polynomial] {
  const lead = divisor.sorted[0];
  if (lead === undefined) return [NOUGHT, a];
  let quotient = NOUGHT;
  let rest = a;
  for (let round = 0; round < MOST_TERMS; round++) {
    const found = rest.sorted.map((term) => quotientOf(term, lead)).find((term) => term);
    if (found === undefined) break;
    const part = fromTerms([found]);
    const next = polySubtract(rest, polyMultiply(part, divisor));
    // With several terms in the divisor a step may add more than it takes away.
    if (next.terms.length > rest.terms.length) break;
    quotient = polyAdd(quotient, part);
    rest = next;
  }
  return [quotient, rest];
}

/** term / divisor where that is whole. */
export function quotientOf(term: Term, divisor: Term): Term | undefined {
  if (term.coefficient % divisor.coefficient !== 0) return undefined;
  const atoms = [...term.atoms];
  for (const { key } of divisor.atoms) {
    const at = atoms.findIndex((atom) => atom.key === key);
    if (at < 0) return undefined;
    atoms.splice(at, 1);
  }
  return makeTerm(term.coefficient / divisor.coefficient, atoms);
}

/** Greatest common divisor of two terms: coefficients and shared atoms. */
export function commonFactor(a: Term, b: Term): Term {
  const rest = [...b.atoms];
  const atoms = a.atoms.filter(({ key }) => {
    const at = rest.findIndex((atom) => atom.key === key);
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
  let [x, y] = [Math.abs(a.coefficient), Math.abs(b.coefficient)];
  while (y !== 0) [x, y] = [y, x % y];
  return makeTerm(x, atoms);
}

export function makeTerm(coefficient: number, atoms: readonly Atom[]): Term {
  const sorted = [...atoms].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { coefficient, atoms: sorted, key: sorted.map(({ key }) => key).join('*') };
}

export function fromTerms(terms: readonly Term[]): Polynomial {
  const merged: Term[] = [];
  for (const term of terms) {
    const at = merged.findIndex(({ key }) => key === term.key);
    if (at < 0) {
      merged.push(term);
      if (merged.length > MOST_TERMS * 8) throw new TooComplex();
      continue;
    }
    const coefficient = merged[at]!.coefficient + term.coefficient;
    if (!Number.isSafeInteger(coefficient)) throw new TooComplex();
    merged[at] = { ...term, coefficient };
  }
  const kept = merged.filter(({ coefficient }) => coefficient !== 0);
  if (kept.length > MOST_TERMS) throw new TooComplex();
  return new Polynomial(kept);
}

function scaled(term: Term, factor: number): Term {
  const coefficient = term.coefficient * factor;
  if (!Number.isSafeInteger(coefficient)) throw new TooComplex();
  return { ...term, coefficient };
}

function termProduct(a: Term, b: Term): Term {
  if (b.atoms.length === 0) return scaled(a, b.coefficient);
  if (a.atoms.length === 0) return scaled(b, a.coefficient);
  const coefficient = a.coefficient * b.coefficient;
  if (!Number.isSafeInteger(coefficient)) throw new TooComplex();
  return makeTerm(coefficient, [...a.atoms, ...b.atoms]);
}

/** Back to an expression: widest strides first, the constant last, as people write row-major positions. */
export function toIndex({ terms }: Polynomial): Index {
  return [...terms].sort(byStride).reduce((sum, term) => add(sum, termIndex(term)), ZERO);
}

function byStride(a: Term, b: Term): number {
  const degree = b.atoms.length - a.atoms.length;
  return degree || Math.abs(b.coefficient) - Math.abs(a.coefficient) || (a.key < b.key ? -1 : 1);
}

function termIndex({ atoms, coefficient }: Term): Index {
  const [first, ...others] = atoms.map(atomIndex);
  if (first === undefined) return constant(coefficient);
  return multiply(others.reduce(multiply, first), coefficient);
}

function atomIndex(atom: Atom): Index {
  switch (atom.kind) {
    case 'variable':
      return variable(atom.name);
    case 'size':
      return size(atom.name);
    case 'call':
      return { kind: atom.fn, a: toIndex(atom.a), b: toIndex(atom.b) };
    case 'choose': {
      const { op, a, b, then, otherwise } = atom;
      return choose({ op, a: toIndex(a), b: toIndex(b) }, toIndex(then), toIndex(otherwise));
    }
  }
}
