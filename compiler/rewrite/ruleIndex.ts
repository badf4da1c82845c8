/**
 * Rules by what stands at their root: the type of the operator and what makes its inputs. Most rules fit nowhere near most
 * operators, and finding that out by a look at one level is far cheaper than matching.
 */
import type { Operator } from '../graph/graph.ts';
import { chainTypes } from './chains.ts';
import type { OperatorPattern, Pattern } from './pattern.ts';
import { depthOf, forEachPattern } from './pattern.ts';
import type { Node, RewriteGraph } from './rewriteGraph.ts';
import type { Rule, RuleForm } from './rule.ts';

/** One spelling of a rule. */
export interface RuleEntry {
  readonly rule: Rule;
  readonly form: RuleForm;
  /** Place of the rule among all. */
  readonly rank: number;
  readonly depth: number;
  /** What each operand of the root has to be, up to a rest. */
  readonly needs: readonly Need[];
}

/** What an operand of a pattern asks of the input at its place: see `madeBy`. */
type Need = (made: string, root: string) => boolean;

/** Rules by the type of their root, `*` for all operators. */
export class RuleIndex {
  private readonly byType = new Map<string, RuleEntry[]>();
  private readonly byProperty: (RuleEntry & { readonly property: string })[] = [];
  /** What may fit, by type and what makes the inputs. */
  private readonly forInputs = new Map<string, readonly RuleEntry[]>();
  private readonly deepest = new Map<string, number>();
  private readonly mentioned = new Set<string>();
  /** Operators that a match can hang together over. */
  readonly depth: number;

  constructor(readonly rules: readonly Rule[]) {
    let depth = 0;
    rules.forEach((rule, rank) => {
      for (const form of rule.forms) {
        const { types, property } = form.before;
        forEachPattern(form.before, (part) => {
          if (part.kind !== 'operator') return;
          for (const type of part.types) this.mentioned.add(type);
        });
        const entry = { rule, form, rank, depth: depthOf(form.before), needs: needsOf(form) };
        depth = Math.max(depth, entry.depth);
        if (property !== undefined) this.byProperty.push({ ...entry, property });
        for (const type of types) this.byType.set(type, [...(this.byType.get(type) ?? []), entry]);
      }
    });
    this.depth = depth;
  }

  rulesFor(node: Node, graph: RewriteGraph): readonly RuleEntry[] {
    const { inputs } = node.operator;
    const type = qualified(node.operator);
    let key = type;
    for (const input of inputs) key += ` ${madeBy(graph, input)}`;
    const known = this.forInputs.get(key);
    if (known) return known;
    const made = inputs.map((input) => madeBy(graph, input));
    const turned = made.length === 2 && node.entry?.properties.includes('commutative') === true;
    const found = this.rulesOf(node).filter(
      ({ needs }) => fits(needs, made, type) || (turned && fits(needs, made.toReversed(), type)),
    );
    if (this.forInputs.size < MOST_KEYS) this.forInputs.set(key, found);
    return found;
  }

  /** The most operators that a match at this operator hangs together over. */
  depthAt(node: Node): number {
    const type = qualified(node.operator);
    let depth = this.deepest.get(type);
    if (depth !== undefined) return depth;
    depth = Math.max(0, ...this.rulesOf(node).map((entry) => entry.depth));
    if (this.deepest.size < MOST_KEYS) this.deepest.set(type, depth);
    return depth;
  }

  /** Whether some rule names its type. */
  mentions(operator: Operator): boolean {
    return this.mentioned.has(qualified(operator));
  }

  private rulesOf({ operator, entry }: Node): readonly RuleEntry[] {
    return [
      ...(this.byType.get(qualified(operator)) ?? []),
      ...(this.byType.get('*') ?? []),
      ...this.byProperty.filter(({ property }) =>
        entry?.properties.some((own) => own === property),
      ),
    ];
  }
}

/** Combinations of types that are remembered: types of a hostile file are endless. */
const MOST_KEYS = 10_000;
const CONSTANT = '$';
const ABSENT = '-';

function qualified({ domain, type }: Operator): string {
  return domain === '' ? type : `${domain}.${type}`;
}

/** The type of the operator that makes a value, '' where none does, after `$` for a constant; `-` for no value. */
function madeBy(graph: RewriteGraph, value: number): string {
  if (value < 0) return ABSENT;
  const node = graph.producerOf(value);
  const type = node ? qualified(node.operator) : '';
  return graph.constant[value] === true ? CONSTANT + type : type;
}

function fits(needs: readonly Need[], made: readonly string[], root: string): boolean {
  return needs.every((need, at) => need(made[at] ?? ABSENT, root));
}

function needsOf({ before }: RuleForm): readonly Need[] {
  const rest = before.operands.findIndex(({ kind }) => kind === 'rest');
  const operands = rest < 0 ? before.operands : before.operands.slice(0, rest);
  return operands.map((operand) => needOf(operand, before));
}

function needOf(operand: Pattern, root: OperatorPattern): Need {
  switch (operand.kind) {
    case 'number':
      return isConstant;
    case 'variable':
      if (!operand.constant) return anything;
      return operand.optional ? (made) => made === ABSENT || made.startsWith(CONSTANT) : isConstant;
    case 'operator':
      if (operand.chain !== undefined) return chainNeed(operand);
      if (operand.same !== undefined && operand.same === root.label) return isOfRootType;
      return operand.types.length === 0 || operand.types[0] === '*'
        ? isMade
        : ofTypes(operand.types);
    default:
      return anything;
  }
}

const anything: Need = () => true;
const isConstant: Need = (made) => made.startsWith(CONSTANT);
const isMade: Need = (made) => typeIn(made) !== '' && made !== ABSENT;
const isOfRootType: Need = (made, root) => typeIn(made) === root;

function ofTypes(types: Iterable<string>): Need {
  const all = new Set(types);
  return (made) => all.has(typeIn(made));
}

/** A chain may be empty: then what is under it stands there. */
function chainNeed({ chain = '', operands: [under] }: OperatorPattern): Need {
  if (under?.kind !== 'operator' || under.chain !== undefined) return anything;
  const links = chainTypes[chain];
  if (links === undefined || under.types.length === 0 || under.types[0] === '*') return isMade;
  return ofTypes([...links, ...under.types]);
}

function typeIn(made: string): string {
  return made.startsWith(CONSTANT) ? made.slice(CONSTANT.length) : made;
}
