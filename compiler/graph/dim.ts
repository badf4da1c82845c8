/**
 * Symbolic dimensions: integer polynomials over named sizes and a few opaque functions of them, in a
 * canonical form, so that equality of two dims is equality of their keys. Sizes are taken to be positive.
 * Used for shapes, element counts, FLOPs and shape arithmetic.
 */

/** Functions that do not simplify further; `args` are dims. */
type DimFunction = 'floordiv' | 'mod' | 'max' | 'min' | 'broadcast';

type Atom =
  | { readonly kind: 'symbol'; readonly key: string; readonly name: string }
  | {
      readonly kind: 'call';
      readonly key: string;
      readonly fn: DimFunction;
      readonly args: readonly Dim[];
    };

/** coefficient x product of atoms (sorted by key; repeated for powers). */
interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
  readonly key: string;
}

/** A size that is not a plain number. Compare with `dimEqual`; print with `formatDim`. */
export interface SymbolicDim {
  readonly kind: 'symbolic';
  /** Canonical text, also what the user sees. */
  readonly key: string;
  readonly terms: readonly Term[];
}

export type Dim = number | SymbolicDim;

/** Largest polynomial kept exactly; anything bigger becomes one opaque name (hostile models). */
const MAX_TERMS = 64;
const MAX_KEY = 2000;

export function isSymbolic(dim: Dim | undefined): dim is SymbolicDim {
  return typeof dim === 'object';
}

/** A named size, e.g. a `dim_param`. */
export function dimSymbol(name: string): SymbolicDim {
  return fromAtom({ kind: 'symbol', key: name, name });
}

export function dimAdd(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return normalise([...termsOf(a), ...termsOf(b)]);
}

export function dimSub(a: Dim, b: Dim): Dim {
  return dimAdd(a, dimMul(b, -1));
}

/** Product; numbers beyond 2^53 lose precision but stay finite in practice (callers cap sizes). */
export function dimMul(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const left = termsOf(a);
  const right = termsOf(b);
  const products: Term[] = [];
  for (const x of left) {
    for (const y of right) {
      products.push(term(x.coefficient * y.coefficient, [...x.atoms, ...y.atoms]));
    }
  }
  return normalise(products);
}

/** Floor division. A zero divisor gives an unknown size rather than an exception. */
export function dimFloorDiv(a: Dim, b: Dim): Dim {
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return Math.floor(a / b);
  if (a === 0) return 0;
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  if (typeof b !== 'number' || !Number.isSafeInteger(b) || b < 1) return call('floordiv', [a, b]);
  // Whole multiples come out, so that floor((h - 1) / 2) + 1 and floor((h + 1) / 2) are one key.
  const [whole, rest] = splitMultiples(a, b);
  return dimAdd(whole, typeof rest === 'number' ? 0 : floorDivRest(rest, b));
}

/** `a = whole * b + rest` with every coefficient of `rest` in [0, b). */
function splitMultiples(a: Dim, b: number): readonly [whole: Dim, rest: Dim] {
  const scaled = (of: (coefficient: number) => number): Dim =>
    normalise(termsOf(a).map((t) => ({ ...t, coefficient: of(t.coefficient) })));
  return [scaled((c) => Math.floor(c / b)), scaled((c) => c - b * Math.floor(c / b))];
}

/** floor((floor(x / d) + c) / b) is floor((x + c * d) / (b * d)). */
function floorDivRest(rest: SymbolicDim, b: number): Dim {
  const inner = rest.terms.filter((t) => t.atoms.length > 0);
  const [only] = inner;
  const atom = only?.atoms[0];
  if (inner.length === 1 && only?.coefficient === 1 && only.atoms.length === 1) {
    if (atom?.kind === 'call' && atom.fn === 'floordiv') {
      const [x, d] = atom.args as [Dim, Dim];
      const constant = rest.terms.find((t) => t.atoms.length === 0)?.coefficient ?? 0;
      if (typeof d === 'number' && d > 0 && Number.isSafeInteger(b * d)) {
        return dimFloorDiv(dimAdd(x, constant * d), b * d);
      }
    }
  }
  return call('floordiv', [rest, b]);
}

export function dimCeilDiv(a: Dim, b: Dim): Dim {
  if (b === 1) return a;
  return dimFloorDiv(dimAdd(a, dimSub(b, 1)), b);
}

/** Remainder with the sign of the divisor (ONNX Mod, fmod = 0). */
export function dimMod(a: Dim, b: Dim): Dim {
  if (b === 1) return 0;
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return a - b * Math.floor(a / b);
  if (divideExactly(a, b) !== undefined) return 0;
  return call('mod', [a, b]);
}

export function dimMax(a: Dim, b: Dim): Dim {
  return extreme('max', a, b);
}

export function dimMin(a: Dim, b: Dim): Dim {
  return extreme('min', a, b);
}

/**
 * The dim of a broadcast of two dims that are compatible, or `undefined` when two known sizes clash
 * (neither is 1 and they differ). A known size other than 1 wins over a symbolic one.
 */
export function dimBroadcast(a: Dim, b: Dim): Dim | undefined {
  if (dimEqual(a, b)) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  if (typeof b === 'number') return b;
  return call('broadcast', a.key < b.key ? [a, b] : [b, a]);
}

export function dimEqual(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.key === b.key;
}

export function shapesEqual(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dimEqual(dim, b[axis] as Dim));
}

/** Product of the dims: the element count of a shape. */
export function dimProduct(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>((product, dim) => dimMul(product, dim), 1);
}

/** `a / b` when it is known to be a whole number without remainder, else `undefined`. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (typeof b === 'number') {
    if (b === 0) return undefined;
    const terms = termsOf(a);
    if (terms.some((t) => t.coefficient % b !== 0)) return undefined;
    return normalise(terms.map((t) => ({ ...t, coefficient: t.coefficient / b })));
  }
  if (dimEqual(a, b)) return 1;
  if (b.terms.length !== 1) return undefined;
  const [divisor] = b.terms as [Term];
  const quotients: Term[] = [];
  for (const t of termsOf(a)) {
    if (t.coefficient % divisor.coefficient !== 0) return undefined;
    const atoms = [...t.atoms];
    for (const atom of divisor.atoms) {
      const at = atoms.findIndex((candidate) => candidate.key === atom.key);
      if (at < 0) return undefined;
      atoms.splice(at, 1);
    }
    quotients.push(term(t.coefficient / divisor.coefficient, atoms));
  }
  return normalise(quotients);
}

export type Bindings = ReadonlyMap<string, number>;

/** Replaces the symbols that `bindings` names; the rest stays symbolic. */
export function substituteDim(dim: Dim, bindings: Bindings): Dim {
  if (typeof dim === 'number' || bindings.size === 0) return dim;
  return mapSymbols(dim, (name) => bindings.get(name) ?? dimSymbol(name));
}

/** Value under a total assignment (`valueOf` is asked for every symbol). */
export function evaluateDim(dim: Dim, valueOf: (symbol: string) => number): number {
  if (typeof dim === 'number') return dim;
  const result = mapSymbols(dim, valueOf);
  return typeof result === 'number' ? result : Number.NaN;
}

/** Names of all symbols in it. */
export function symbolsOf(dim: Dim, into = new Set<string>()): Set<string> {
  if (typeof dim === 'number') return into;
  for (const t of dim.terms) {
    for (const atom of t.atoms) {
      if (atom.kind === 'symbol') into.add(atom.name);
      else for (const arg of atom.args) symbolsOf(arg, into);
    }
  }
  return into;
}

export function formatDim(dim: Dim): string {
  return typeof dim === 'number' ? String(dim) : dim.key;
}

/** `1×3×224×224`, `batch×128`, `scalar`, or `?` for an unknown rank. */
export function formatShape(shape: readonly Dim[] | null): string {
  if (shape === null) return '?';
  if (shape.length === 0) return 'scalar';
  return shape.map(formatDim).join('×');
}

function extreme(fn: 'max' | 'min', a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math[fn](a, b);
  if (dimEqual(a, b)) return a;
  const difference = dimSub(a, b);
  if (typeof difference === 'number') return difference > 0 === (fn === 'max') ? a : b;
  return call(fn, formatDim(a) < formatDim(b) ? [a, b] : [b, a]);
}

function mapSymbols(dim: Dim, valueOf: (name: string) => Dim): Dim {
  if (typeof dim === 'number') return dim;
  let sum: Dim = 0;
  for (const t of dim.terms) {
    let product: Dim = t.coefficient;
    for (const atom of t.atoms) product = dimMul(product, mapAtom(atom, valueOf));
    sum = dimAdd(sum, product);
  }
  return sum;
}

function mapAtom(atom: Atom, valueOf: (name: string) => Dim): Dim {
  if (atom.kind === 'symbol') return valueOf(atom.name);
  const [a, b] = atom.args.map((arg) => mapSymbols(arg, valueOf)) as [Dim, Dim];
  switch (atom.fn) {
    case 'floordiv':
      return b === 0 ? 0 : dimFloorDiv(a, b);
    case 'mod':
      return b === 0 ? 0 : dimMod(a, b);
    case 'max':
      return dimMax(a, b);
    case 'min':
      return dimMin(a, b);
    case 'broadcast':
      return dimBroadcast(a, b) ?? dimMax(a, b);
  }
}

function call(fn: DimFunction, args: readonly Dim[]): SymbolicDim {
  const key = `${fn}(${args.map(formatDim).join(', ')})`;
  if (key.length > MAX_KEY) return opaque(key);
  return fromAtom({ kind: 'call', key, fn, args });
}

/** Names an oversized expression by its hash, so that equal ones stay equal in every session. */
function opaque(key: string): SymbolicDim {
  let hash = 2166136261;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16777619);
  return dimSymbol(`size#${(hash >>> 0).toString(16)}`);
}

function fromAtom(atom: Atom): SymbolicDim {
  const only = term(1, [atom]);
  return { kind: 'symbolic', key: only.key, terms: [only] };
}

function term(coefficient: number, atoms: readonly Atom[]): Term {
  const sorted = [...atoms].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { coefficient, atoms: sorted, key: sorted.map((atom) => atom.key).join('·') };
}

function termsOf(dim: Dim): readonly Term[] {
  if (typeof dim !== 'number') return dim.terms;
  return dim === 0 ? [] : [{ coefficient: dim, atoms: [], key: '' }];
}

function normalise(terms: readonly Term[]): Dim {
  const byKey = new Map<string, Term>();
  for (const t of terms) {
    const previous = byKey.get(t.key);
    const coefficient = (previous?.coefficient ?? 0) + t.coefficient;
    byKey.set(t.key, { ...t, coefficient });
  }
  const kept = [...byKey.values()].filter((t) => t.coefficient !== 0);
  if (kept.length === 0) return 0;
  if (kept.length === 1 && kept[0]?.atoms.length === 0) return kept[0].coefficient;
  // Highest degree first, the plain number last: `2·seq + 1`.
  kept.sort((a, b) => b.atoms.length - a.atoms.length || (a.key < b.key ? -1 : 1));
  const key = kept.map(formatTerm).join('').replace(/^ \+ /, '').replace(/^ - /, '-');
  if (kept.length > MAX_TERMS || key.length > MAX_KEY) return opaque(key);
  return { kind: 'symbolic', key, terms: kept };
}

function formatTerm(t: Term): string {
  const sign = t.coefficient < 0 ? ' - ' : ' + ';
  const size = Math.abs(t.coefficient);
  if (t.atoms.length === 0) return `${sign}${size}`;
  return `${sign}${size === 1 ? '' : `${size}·`}${t.key}`;
}
