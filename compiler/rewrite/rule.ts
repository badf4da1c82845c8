/**
 * One rewriting rule as data: what is looked for, what stands there afterwards, under which named conditions, and
 * what it does to numbers. A rule never says what it saves: `cost.ts` finds out for the shapes at hand.
 */
import type { AttributeValue } from '../graph/graph.ts';
import type { DataType } from '../graph/types.ts';
import type { Match } from './match.ts';
import type { Pattern } from './pattern.ts';
import { forEachPattern, parsePattern } from './pattern.ts';
import type { RewriteClass } from './rewrite.ts';

/** What a rule computes from a match for its right side; nothing where it does not apply. */
export type Given =
  | { readonly value: number }
  | { readonly values: readonly number[] }
  | {
      readonly dtype: DataType;
      readonly dims: readonly number[];
      readonly data: readonly number[];
    }
  | { readonly attribute: AttributeValue }
  | 'absent';

export type Condition = (match: Match) => boolean;
export type GivenRule = (match: Match) => Given | undefined;

/**
 * `exact`: the same numbers bit for bit (but for the sign of zeros and the bits of NaN); `rounding`: equal up to
 * rounding; `domain`: may overflow, or turn a number into NaN, where the original does not (only under fast-math).
 */
export type Precision = 'exact' | 'rounding' | 'domain';

export interface RuleSpec {
  readonly name: string;
  /** Where it is from: a row of the paper's Table 4 (P1 ...) or of its continuation (E1 ...). */
  readonly row: string;
  readonly precision: Precision;
  /** Pairs of before and after: spellings of one identity. */
  readonly forms: readonly (readonly [before: string, after: string])[];
  readonly when?: readonly Condition[];
  readonly given?: Readonly<Record<string, GivenRule>>;
  /** Element types of the result. Default: floating point. */
  readonly dtypes?: 'float' | 'number' | 'any';
}

export interface RuleForm {
  readonly before: Extract<Pattern, { kind: 'operator' }>;
  readonly after: Pattern;
}

export interface Rule extends Omit<RuleSpec, 'forms'> {
  readonly ruleClass: RewriteClass;
  readonly forms: readonly RuleForm[];
}

/** Parses the rules of one class. Throws where a right side uses what its left side does not bind. */
export function rules(ruleClass: RewriteClass, specs: readonly RuleSpec[]): readonly Rule[] {
  return specs.map((spec) => ({
    ...spec,
    ruleClass,
    forms: spec.forms.map(([before, after]) => parseForm(spec, before, after)),
  }));
}

function parseForm(spec: RuleSpec, before: string, after: string): RuleForm {
  const left = parsePattern(before);
  const right = parsePattern(after);
  if (left.kind !== 'operator' || left.chain !== undefined) {
    throw new Error(`rule ${spec.name}: '${before}' does not start with an operator`);
  }
  const bound = new Set<string>();
  forEachPattern(left, (part) => {
    if (part.kind === 'operator') bound.add(`=${part.label ?? ''}`);
    else if (part.kind === 'variable' || part.kind === 'rest') bound.add(part.name);
  });
  const given = spec.given ?? {};
  const need = (known: boolean, what: string): void => {
    if (!known) throw new Error(`rule ${spec.name}: '${after}' uses ${what}, which is not bound`);
  };
  forEachPattern(right, (part) => {
    if (part.kind === 'variable' || part.kind === 'rest') need(bound.has(part.name), part.name);
    if (part.kind === 'given') need(part.name in given, `!${part.name}`);
    if (part.kind !== 'operator') return;
    if (part.property !== undefined || part.types.length > 1) need(false, 'a choice of operators');
    if (part.same !== undefined) need(bound.has(`=${part.same}`), `=${part.same}`);
    if (part.chain !== undefined) need(bound.has(`=${part.chain}`), `~${part.chain}`);
    for (const [, source] of part.attributes) {
      if (/^[a-z]\w*$/i.test(source)) need(source in given, source);
    }
  });
  return { before: left, after: right };
}
