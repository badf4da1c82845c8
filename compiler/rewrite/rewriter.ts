/**
 * The greedy loop over one graph (DNNFusion section 4.2): every place where a rule fits, the largest saving first,
 * matches around a change found anew, until nothing is saved any more. Every step lowers FLOPs, then bytes, then
 * operators, and raises neither of the first two, so it ends.
 */
import type { Operator } from '../graph/graph.ts';
import { DATA_TYPES } from '../graph/types.ts';
import { isInteger } from '../ops/arithmetic.ts';
import type { Attempt } from './attempt.ts';
import { attempt, forget } from './attempt.ts';
import type { Candidate } from './candidates.ts';
import { CandidateQueue, isCurrent } from './candidates.ts';
import { carryOut } from './carryOut.ts';
import { compareSavings } from './cost.ts';
import { Matcher } from './match.ts';
import { depthOf, forEachPattern } from './pattern.ts';
import type { RewriteApplication, RewriteSettings } from './rewrite.ts';
import type { Node, RewriteGraph } from './rewriteGraph.ts';
import type { Rule, RuleForm } from './rule.ts';
import { sketchOf } from './sketch.ts';

/** One spelling of a rule. */
interface Entry {
  readonly rule: Rule;
  readonly form: RuleForm;
  /** Place of the rule among all. */
  readonly rank: number;
  readonly depth: number;
  /** For every operand that is an operator of named types: those types. One of the inputs has to be made by one. */
  readonly needs: readonly ReadonlySet<string>[];
}

/** Rules by the type of their root, `*` for all operators. */
export class RuleIndex {
  private readonly byType = new Map<string, Entry[]>();
  private readonly byProperty: (Entry & { readonly property: string })[] = [];
  /** What may fit, by type and types of the producers. */
  private readonly forTypes = new Map<string, readonly Entry[]>();
  private readonly mentioned = new Set<string>();
  /** Operators that a match can hang together over. */
  readonly depth: number;

  constructor(rules: readonly Rule[]) {
    let depth = 0;
    rules.forEach((rule, rank) => {
      for (const form of rule.forms) {
        const { types, property } = form.before;
        forEachPattern(form.before, (part) => {
          if (part.kind !== 'operator') return;
          for (const type of part.types) this.mentioned.add(type);
        });
        const entry: Entry = {
          rule,
          form,
          rank,
          depth: depthOf(form.before),
          needs: needsOf(form),
        };
        depth = Math.max(depth, entry.depth);
        if (property !== undefined) this.byProperty.push({ ...entry, property });
        for (const type of types) this.byType.set(type, [...(this.byType.get(type) ?? []), entry]);
      }
    });
    this.depth = depth;
  }

  /** @param made types of the operators that make its inputs, '' for what no operator makes */
  rulesFor({ operator, entry }: Node, made: readonly string[]): readonly Entry[] {
    const type = qualified(operator);
    const key = `${type}(${made.join()})`;
    const known = this.forTypes.get(key);
    if (known) return known;
    const found = [
      ...(this.byType.get(type) ?? []),
      ...(this.byType.get('*') ?? []),
      ...this.byProperty.filter(({ property }) =>
        entry?.properties.some((own) => own === property),
      ),
    ].filter(({ needs }) => needs.every((types) => made.some((one) => types.has(one))));
    if (this.forTypes.size < MOST_KEYS) this.forTypes.set(key, found);
    return found;
  }

  /** Whether some rule names its type. */
  mentions(operator: Operator): boolean {
    return this.mentioned.has(qualified(operator));
  }
}

/** Combinations of types that are remembered: types of a hostile file are endless. */
const MOST_KEYS = 10_000;

function qualified({ domain, type }: Operator): string {
  return domain === '' ? type : `${domain}.${type}`;
}

/** Applications of one graph beyond this many times its operators are a mistake of the rules. */
const MOST_PER_OPERATOR = 20;

export class Rewriter {
  readonly applications: RewriteApplication[] = [];
  private readonly queue = new CandidateQueue();
  private readonly made = new Map<string, number>();
  private readonly matcher: Matcher;
  /** By operator, then by depth of a pattern: the latest look. */
  private readonly looks = new Map<number, number[]>();
  private look = 0;

  constructor(
    private readonly graph: RewriteGraph,
    private readonly index: RuleIndex,
    private readonly settings: RewriteSettings,
  ) {
    this.matcher = new Matcher(graph);
  }

  run(): void {
    const { graph, queue } = this;
    const most = MOST_PER_OPERATOR * graph.nodes.length + 100;
    for (const node of graph.nodes) this.enqueue(node, 0);
    for (let best = queue.pop(); best; best = queue.pop()) {
      const tried = this.retry(best);
      if (!tried) continue;
      // Something around it changed: it waits for its turn if it saves less than before.
      if (compareSavings(tried.saves, best.saves) > 0) {
        forget(graph, tried);
        queue.push({ ...best, saves: tried.saves });
        continue;
      }
      this.apply(best, tried);
      if (this.applications.length > most) throw new Error('rewriting does not end');
    }
  }

  /** What the settings keep off, as it would be now. */
  declined(): readonly RewriteApplication[] {
    const found: RewriteApplication[] = [];
    const seen = new Set<string>();
    for (const node of this.graph.nodes) {
      if (!node.isLive) continue;
      for (const candidate of this.candidatesAt(node, true)) {
        const id = this.idOf(candidate);
        if (seen.has(id)) continue;
        seen.add(id);
        const { match } = candidate;
        found.push({
          ...this.describe(candidate, id),
          removed: match.nodes.map(({ operator }) => operator.id),
          added: [],
          originalIds: [...new Set(match.nodes.flatMap(({ operator }) => operator.originalIds))],
          before: sketchOf(
            this.graph,
            match.nodes.map(({ operator }) => operator),
          ),
          after: { nodes: [], edges: [] },
        });
      }
    }
    return found;
  }

  private describe(
    { rule, saves }: Candidate,
    id: string,
  ): Pick<RewriteApplication, 'id' | 'rule' | 'ruleClass' | 'saves'> {
    return { id, rule: rule.name, ruleClass: rule.ruleClass, saves };
  }

  /** `rule@operator`, with a number where the rule applies there again. */
  private idOf({ rule, match }: Candidate): string {
    const place = `${rule.name}@${match.root.operator.id}`;
    const times = this.made.get(place) ?? 0;
    return times === 0 ? place : `${place}#${times + 1}`;
  }

  private isOff(candidate: Candidate): boolean {
    const { rule } = candidate;
    const { fastMath, offClasses, offRules, offApplications } = this.settings;
    if (rule.precision === 'domain' && !fastMath) return true;
    if (offClasses.includes(rule.ruleClass) || offRules.includes(rule.name)) return true;
    return offApplications.length > 0 && offApplications.includes(this.idOf(candidate));
  }

  /** `distance`: how far below what changed is; smaller patterns do not reach it. */
  private enqueue(node: Node, distance: number): void {
    if (!node.isLive) return;
    this.look++;
    const looks = this.looks.get(node.index) ?? [];
    for (let depth = distance + 1; depth <= this.index.depth; depth++) looks[depth] = this.look;
    this.looks.set(node.index, looks);
    for (const candidate of this.candidatesAt(node, false, distance)) this.queue.push(candidate);
  }

  private *candidatesAt(node: Node, off: boolean, distance = 0): Iterable<Candidate> {
    // Values are replaced one by one: nothing else of the operator may be read.
    const { outputs } = node.operator;
    const [result = -1, ...others] = outputs;
    if (node.cost.operators === 0 || result < 0 || others.some((value) => value >= 0)) return;
    const { look } = this;
    const made = node.operator.inputs.map((input) => this.typeBehind(input));
    for (const { rule, form, rank, depth } of this.index.rulesFor(node, made)) {
      if (depth <= distance || !hasDtype(this.graph, node, rule)) continue;
      for (const match of this.matcher.find(form.before, node)) {
        if (rule.when?.some((condition) => !condition(match))) continue;
        const versions = match.nodes.map(({ version }) => version);
        const place = { rule, rank, form, depth, match, versions, look };
        const saves = { flops: 0, bytes: 0, operators: 0 };
        if (this.isOff({ ...place, saves }) !== off) continue;
        const tried = attempt(match, form.after, rule.given ?? {});
        if (!tried) continue;
        forget(this.graph, tried);
        yield { ...place, saves: tried.saves };
      }
    }
  }

  private typeBehind(value: number): string {
    const node = this.graph.producerOf(value);
    return node ? qualified(node.operator) : '';
  }

  private retry(candidate: Candidate): Attempt | undefined {
    const { match, form, rule, depth, look } = candidate;
    if (this.looks.get(match.root.index)?.[depth] !== look) return undefined;
    if (!isCurrent(candidate) || this.isOff(candidate)) return undefined;
    return attempt(match, form.after, rule.given ?? {});
  }

  private apply(candidate: Candidate, tried: Attempt): void {
    const { graph } = this;
    const { match, rule } = candidate;
    const id = this.idOf(candidate);
    const before = [...new Set([...match.nodes, ...tried.dead])].map(({ operator }) => operator);
    const sketch = sketchOf(graph, before);
    const { added, originalIds, touched } = carryOut(match, tried);
    this.applications.push({
      ...this.describe({ ...candidate, saves: tried.saves }, id),
      removed: tried.dead.map(({ operator }) => operator.id),
      added: added.map(({ operator }) => operator.id),
      originalIds,
      before: sketch,
      after: sketchOf(
        graph,
        added.map(({ operator }) => operator),
      ),
    });
    const place = `${rule.name}@${match.root.operator.id}`;
    this.made.set(place, (this.made.get(place) ?? 0) + 1);
    this.enqueueAround(touched);
  }

  /** Looks again at operators whose matches may reach one that was touched: its readers, as far as patterns go. */
  private enqueueAround(touched: ReadonlySet<number>): void {
    const { graph, index } = this;
    const reached = new Set(touched);
    let border = [...touched].sort((a, b) => a - b);
    for (let distance = 0; distance < index.depth && border.length > 0; distance++) {
      const next: number[] = [];
      for (const place of border) {
        const node = graph.nodes[place] as Node;
        this.enqueue(node, distance);
        if (!node.isLive || this.isPartitionPoint(node)) continue;
        for (const output of node.operator.outputs) {
          for (const reader of graph.cells[output]?.readers ?? []) {
            if (reached.has(reader)) continue;
            reached.add(reader);
            next.push(reader);
          }
        }
      }
      border = next;
    }
  }

  /** Operators that no algebra reaches across: they cut the graph into parts that are rewritten apart. */
  private isPartitionPoint({ entry, operator }: Node): boolean {
    if (!entry || operator.subgraphs.size > 0) return true;
    return entry.properties.length === 0 && !this.index.mentions(operator);
  }
}

function needsOf({ before }: RuleForm): readonly ReadonlySet<string>[] {
  return before.operands.flatMap((operand) =>
    operand.kind === 'operator' && operand.types.length > 0 ? [new Set(operand.types)] : [],
  );
}

function hasDtype(graph: RewriteGraph, { operator }: Node, { dtypes = 'float' }: Rule): boolean {
  if (dtypes === 'any') return true;
  const type = graph.types[operator.outputs[0] ?? -1];
  if (type?.kind !== 'tensor' || DATA_TYPES[type.dtype].bits === 0) return false;
  const isFloat = type.dtype.startsWith('float') || type.dtype === 'bfloat16';
  return isFloat || (dtypes === 'number' && isInteger(type.dtype));
}
