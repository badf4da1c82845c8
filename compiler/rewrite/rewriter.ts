/**
 * The greedy loop over one graph (DNNFusion section 4.2): every place where a rule fits, the largest saving first,
 * matches around a change found anew, until nothing is saved any more. Every step lowers FLOPs, then bytes, then
 * operators, and raises neither of the first two, so it ends.
 */
import { DATA_TYPES } from '../graph/types.ts';
import { isInteger } from '../ops/arithmetic.ts';
import type { Attempt } from './attempt.ts';
import { attempt, forget } from './attempt.ts';
import type { Candidate } from './candidates.ts';
import { CandidateQueue, isCurrent } from './candidates.ts';
import { carryOut } from './carryOut.ts';
import { compareSavings } from './cost.ts';
import { Matcher } from './match.ts';
import type { RewriteApplication, RewriteSettings } from './rewrite.ts';
import type { Node, RewriteGraph } from './rewriteGraph.ts';
import type { Rule } from './rule.ts';
import type { RuleEntry, RuleIndex } from './ruleIndex.ts';
import { sketchOf } from './sketch.ts';

/** Applications of one graph beyond this many times its operators are a mistake of the rules. */
const MOST_PER_OPERATOR = 20;

export class Rewriter {
  readonly applications: RewriteApplication[] = [];
  private readonly queue = new CandidateQueue();
  private readonly made = new Map<string, number>();
  private readonly matcher: Matcher;
  private readonly offRules: ReadonlySet<Rule>;
  /** By operator, then by depth of a pattern: the latest look. */
  private readonly looks = new Map<number, number[]>();
  private look = 0;

  constructor(
    private readonly graph: RewriteGraph,
    private readonly index: RuleIndex,
    private readonly settings: RewriteSettings,
  ) {
    this.matcher = new Matcher(graph);
    this.offRules = new Set(index.rules.filter((rule) => isOffAsWhole(rule, settings)));
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
  private idOf({ rule, match }: Pick<Candidate, 'rule' | 'match'>): string {
    const place = `${rule.name}@${match.root.operator.id}`;
    const times = this.made.get(place) ?? 0;
    return times === 0 ? place : `${place}#${times + 1}`;
  }

  private isOff(candidate: Pick<Candidate, 'rule' | 'match'>): boolean {
    if (this.offRules.has(candidate.rule)) return true;
    const { offApplications } = this.settings;
    return offApplications.length > 0 && offApplications.includes(this.idOf(candidate));
  }

  /** Whether the rule can be on (off) somewhere, as far as the rule alone tells. */
  private isAsked(rule: Rule, off: boolean): boolean {
    if (this.offRules.has(rule)) return off;
    return !off || this.settings.offApplications.length > 0;
  }

  /** `distance`: how far below what changed is; smaller patterns do not reach it. */
  private enqueue(node: Node, distance: number): void {
    const deepest = this.index.depthAt(node);
    if (!node.isLive || deepest <= distance) return;
    this.look++;
    const looks = this.looks.get(node.index) ?? [];
    for (let depth = distance + 1; depth <= deepest; depth++) looks[depth] = this.look;
    this.looks.set(node.index, looks);
    for (const candidate of this.candidatesAt(node, false, distance)) this.queue.push(candidate);
  }

  private candidatesAt(node: Node, off: boolean, distance = 0): readonly Candidate[] {
    // Values are replaced one by one: nothing else of the operator may be read.
    const { outputs } = node.operator;
    if (node.cost.operators === 0 || (outputs[0] ?? -1) < 0) return [];
    if (outputs.some((value, at) => at > 0 && value >= 0)) return [];
    const found: Candidate[] = [];
    for (const entry of this.index.rulesFor(node, this.graph)) {
      const { rule, depth } = entry;
      if (depth <= distance || !this.isAsked(rule, off)) continue;
      if (hasDtype(this.graph, node, rule)) this.collect(entry, node, off, found);
    }
    return found;
  }

  private collect(entry: RuleEntry, node: Node, off: boolean, found: Candidate[]): void {
    const { rule, form, rank, depth } = entry;
    for (const match of this.matcher.find(form.before, node, rule.when)) {
      if (this.isOff({ rule, match }) !== off) continue;
      const tried = attempt(match, form.after, rule.given ?? {});
      if (!tried) continue;
      forget(this.graph, tried);
      const versions = match.nodes.map(({ version }) => version);
      const { saves } = tried;
      found.push({ rule, rank, form, depth, match, saves, versions, look: this.look });
    }
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

function isOffAsWhole(
  { name, ruleClass, precision }: Rule,
  { fastMath, offClasses, offRules }: RewriteSettings,
): boolean {
  if (precision === 'domain' && !fastMath) return true;
  return offClasses.includes(ruleClass) || offRules.includes(name);
}

function hasDtype(graph: RewriteGraph, { operator }: Node, { dtypes = 'float' }: Rule): boolean {
  if (dtypes === 'any') return true;
  const type = graph.types[operator.outputs[0] ?? -1];
  if (type?.kind !== 'tensor' || DATA_TYPES[type.dtype].bits === 0) return false;
  const isFloat = type.dtype.startsWith('float') || type.dtype === 'bfloat16';
  return isFloat || (dtypes === 'number' && isInteger(type.dtype));
}
