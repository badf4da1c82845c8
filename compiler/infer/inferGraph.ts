/**
 * Infers one graph: a single walk over its operators in topological order, bodies of control flow as their
 * operators ask for them. A problem in one operator leaves its outputs as declared and goes on.
 */
import type { DiagnosticCode } from '../diagnostics.ts';
import { diagnostic } from '../diagnostics.ts';
import type { Bindings, Dim } from '../graph/dim.ts';
import type { Graph, KnownTensor, Model, Operator, Value } from '../graph/graph.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { tensorType, UNKNOWN_TYPE } from '../graph/types.ts';
import type { InferContext, OperatorEntry } from '../ops/define.ts';
import { FOLD_CAP } from '../ops/define.ts';
import { isKnownDomain, lookupOperator } from '../ops/index.ts';
import { MAX_RANK } from '../ops/inferRules.ts';
import { countOf, isNumeric, smallDims } from '../ops/known.ts';
import { OperatorView } from '../ops/operatorView.ts';
import { DataSymbols } from './dataSymbols.ts';
import { bindType, mergeDeclared } from './declared.ts';
import type { GraphFacts } from './facts.ts';
import { FactScope } from './facts.ts';

/** How often one body may be inferred; nested loops multiply, and a hostile nest would never end. */
const MOST_RUNS = 32;
/** Elements evaluated per model; beyond it only tensors of the size of shapes are. */
const EVALUATION_BUDGET = 4_000_000;
const SHAPE_SIZED = 64;
const MOST_DIAGNOSTICS = 500;

/** Everything shared by the graphs of one model while it is inferred. */
export class InferSession {
  readonly symbols: DataSymbols;
  /** Latest facts of every graph below the main one. */
  readonly inferred = new Map<Graph, GraphFacts>();
  private readonly runs = new Map<Graph, number>();
  private evaluated = 0;

  constructor(
    readonly model: Model,
    readonly bindings: Bindings,
  ) {
    this.symbols = new DataSymbols(model.symbols);
  }

  readonly isDataSymbol = (name: string): boolean =>
    this.symbols.has(name) || this.model.symbols.get(name)?.origin !== 'input';

  /** Whether another evaluation of that many elements fits the budget; counts it. */
  maySpend(elements: number): boolean {
    if (this.evaluated > EVALUATION_BUDGET && elements > SHAPE_SIZED) return false;
    this.evaluated += elements;
    return true;
  }

  /**
   * Types of the outputs of a body for the given input types. A body that was asked for too often keeps the
   * answer for inputs of unknown types.
   */
  inferBody(
    body: Graph,
    inputs: readonly ValueType[],
    scope: FactScope | undefined,
  ): readonly ValueType[] {
    const runs = (this.runs.get(body) ?? 0) + 1;
    this.runs.set(body, runs);
    const frozen = runs > MOST_RUNS ? this.inferred.get(body) : undefined;
    const facts = frozen ?? inferGraph(this, body, runs === MOST_RUNS ? [] : inputs, scope);
    this.inferred.set(body, facts);
    return body.outputs.map((output) => facts.types[output] ?? UNKNOWN_TYPE);
  }
}

/** Facts of a graph whose inputs have at least the given types (missing ones: as declared). */
export function inferGraph(
  session: InferSession,
  graph: Graph,
  inputs: readonly ValueType[],
  outer: FactScope | undefined,
): GraphFacts {
  const count = graph.values.length;
  const facts: GraphFacts = {
    graph,
    types: new Array<ValueType>(count),
    known: new Array<KnownTensor | undefined>(count),
    constant: new Array<boolean>(count).fill(false),
    symbolOwners: new Map(),
    diagnostics: [],
  };
  const scope = new FactScope(facts, outer);
  for (const value of graph.values) readValue(session, value, facts, outer);
  graph.inputs.forEach((input, i) => {
    const given = inputs[i];
    if (given) facts.types[input] = passed(session, given, facts.types[input] as ValueType);
  });
  for (const operator of graph.operators) {
    new OperatorInference(session, scope, operator).run();
  }
  return facts;
}

/**
 * What a body is given stands, whatever it declares: exporters declare the first iteration's sizes for states that
 * grow.
 */
function passed(session: InferSession, given: ValueType, declared: ValueType): ValueType {
  const isComplete = given.kind === 'tensor' && given.shape !== null && given.dtype !== 'undefined';
  return isComplete ? given : merged(session, given, declared);
}

/** What is known of a value before any operator was looked at. */
function readValue(
  session: InferSession,
  value: Value,
  facts: GraphFacts,
  outer: FactScope | undefined,
): void {
  const { index, constant } = value;
  facts.known[index] = value.known;
  facts.types[index] = bindType(value.type, session.bindings);
  if (constant) {
    facts.constant[index] = true;
    facts.types[index] = tensorType(constant.dtype, constant.dims);
  }
  const origin = value.outer === undefined ? undefined : outer?.find(value.outer);
  if (origin) {
    const type = origin.facts.types[origin.index] as ValueType;
    facts.types[index] = merged(session, type, facts.types[index] as ValueType);
    facts.known[index] = value.known ?? origin.facts.known[origin.index];
    facts.constant[index] = origin.facts.constant[origin.index] as boolean;
  }
}

function merged(session: InferSession, inferred: ValueType, declared: ValueType): ValueType {
  return mergeDeclared(inferred, declared, session.isDataSymbol).type;
}

/** Ends the inference of one operator; the message is for the user. */
class InferenceStop extends Error {}

/** One operator: arity, types, evaluation. */
class OperatorInference extends OperatorView implements InferContext {
  private readonly graphFacts: GraphFacts;

  constructor(
    private readonly session: InferSession,
    private readonly scope: FactScope,
    operator: Operator,
  ) {
    super(operator, scope.facts);
    this.graphFacts = scope.facts;
  }

  run(): void {
    const entry = lookupOperator(this.domain, this.type);
    if (!entry) this.reportUnknown();
    else if (this.hasArityOf(entry)) this.infer(entry);
    // Bodies that no rule asked for: their values get types all the same.
    for (const body of this.operator.subgraphs.values()) {
      if (!this.session.inferred.has(body)) this.session.inferBody(body, [], this.scope);
    }
  }

  private infer(entry: OperatorEntry): void {
    try {
      const types = entry.infer(this);
      // All or nothing: a contradiction in one output makes the others doubtful too.
      types.forEach((type, slot) => this.checkType(type, slot));
      types.forEach((type, slot) => this.setType(type, slot));
      this.setConstant(entry);
      this.evaluate(entry);
    } catch (error) {
      if (error instanceof InferenceStop) this.report('shape/mismatch', error.message);
      else this.report('internal/error', `its shape rule failed: ${String(error)}`);
    }
  }

  private reportUnknown(): void {
    if (isKnownDomain(this.domain)) {
      this.report('operator/unknown', 'not an operator that this version knows; it stays opaque');
    } else {
      const domain = shortened(this.domain);
      this.report(
        'operator/unknown-domain',
        `the domain '${domain}' is not known; it stays opaque`,
      );
    }
  }

  private hasArityOf({ inputs, outputs }: OperatorEntry): boolean {
    const checks = [
      ['input', this.inputCount, inputs],
      ['output', this.outputCount, outputs],
    ] as const;
    for (const [what, count, [fewest, most]] of checks) {
      if (count >= fewest && count <= most) continue;
      const bound = count < fewest ? `at least ${fewest}` : `at most ${most}`;
      this.report('operator/bad-arity', `${what}s: ${count}, but it takes ${bound}`);
      return false;
    }
    return true;
  }

  private checkType(type: ValueType, slot: number): void {
    if (type.kind === 'sequence' || type.kind === 'optional') this.checkType(type.element, slot);
    if (type.kind !== 'tensor' || type.shape === null) return;
    if (type.shape.length > MAX_RANK) this.fail(`output ${slot} has ${type.shape.length} axes`);
    for (const dim of type.shape as readonly (Dim | undefined)[]) {
      if (dim === undefined) throw new Error(`output ${slot} lacks a size`);
      if (typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0)) {
        this.fail(`output ${slot} would have an axis of ${dim} elements`);
      }
    }
  }

  private setType(type: ValueType, slot: number): void {
    const output = this.operator.outputs[slot] ?? -1;
    if (output < 0) return;
    const declared = this.facts.types[output] as ValueType;
    const result = mergeDeclared(type, declared, this.session.isDataSymbol);
    this.graphFacts.types[output] = result.type;
    if (result.difference !== undefined) {
      this.report('shape/declared-differs', `output ${slot} is ${result.difference}`);
    }
  }

  /** Constant inputs make constant outputs, unless every run draws another result. */
  private setConstant(entry: OperatorEntry): void {
    if (entry.properties.includes('impure')) return;
    const read = [...this.operator.inputs, ...this.operator.captures].filter((v) => v >= 0);
    const constant =
      read.length === 0 ? entry.source === true : read.every((value) => this.facts.constant[value]);
    if (!constant) return;
    for (const output of this.operator.outputs) {
      if (output >= 0) this.graphFacts.constant[output] = true;
    }
  }

  private evaluate(entry: OperatorEntry): void {
    if (!entry.evaluate) return;
    let elements = 0;
    for (let slot = 0; slot < this.outputCount; slot++) {
      if (!this.hasOutput(slot)) continue;
      const dims = smallDims(this.outputShape(slot));
      if (!dims) return;
      elements += countOf(dims);
    }
    for (let input = 0; input < this.inputCount; input++) {
      elements += this.known(input)?.data.length ?? 0;
    }
    if (!this.session.maySpend(elements)) return;
    entry.evaluate(this)?.forEach((result, slot) => {
      const output = this.operator.outputs[slot] ?? -1;
      if (output < 0 || !result || !fits(result, this.outputShape(slot))) return;
      if (result.data.every((element) => element === undefined)) return;
      this.graphFacts.known[output] = result;
      if (isNumeric(result)) this.graphFacts.constant[output] = true;
    });
  }

  dataDim(hint: string, upperBound?: Dim): Dim {
    const dim = this.session.symbols.dim(this.id, hint, upperBound);
    if (typeof dim !== 'number') this.graphFacts.symbolOwners.set(dim.key, this.operator.index);
    return dim;
  }

  inferSubgraph(name: string, inputs: readonly ValueType[]): readonly ValueType[] {
    const body = this.operator.subgraphs.get(name);
    return body ? this.session.inferBody(body, inputs, this.scope) : [];
  }

  report(code: DiagnosticCode, message: string): void {
    const { diagnostics } = this.graphFacts;
    if (diagnostics.length >= MOST_DIAGNOSTICS) return;
    const text = `${shortened(this.type)} '${shortened(this.id)}': ${message}.`;
    diagnostics.push(diagnostic(code, text, this.id));
  }

  fail(message: string): never {
    throw new InferenceStop(message);
  }
}

/** Guards against a rule whose value does not have the shape it inferred. */
function fits(known: KnownTensor, shape: Shape): boolean {
  return (
    known.data.length <= FOLD_CAP &&
    known.data.length === countOf(known.dims) &&
    shape !== null &&
    shape.length === known.dims.length &&
    shape.every((dim, axis) => dim === known.dims[axis])
  );
}

/** Names come from the file: of any length. */
function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 60)}…${text.slice(-59)}` : text;
}
