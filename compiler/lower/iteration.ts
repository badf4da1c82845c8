/**
 * What Loop and Scan share: states in memory, slices collected, sizes counted along. All that an iteration computes is
 * read from the states as they were before any of them is replaced.
 */
import { symbolsOf } from '../graph/dim.ts';
import type { Graph } from '../graph/graph.ts';
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { add, constant, subtract } from '../loop/indexExpr.ts';
import { printIndex } from '../loop/print.ts';
import { copyField } from './copyField.ts';
import type { Field } from './field.ts';
import { sizesFoundIn } from './foundSizes.ts';
import type { LowerOp } from './lowerOp.ts';
import type { Body } from './region.ts';
import type { Mutable, Scope } from './scope.ts';
import { declare } from './sorting.ts';

/** Iterations of one loop: a hostile trip count must not run forever. */
export const MOST_TRIPS = 10_000_000;

export interface StateField {
  readonly initial: Field;
  /** The state as the body reads it. */
  readonly field: Field;
  /** The value of the body that it is. */
  readonly value: number;
}

export interface LoopPlan {
  readonly body: Body;
  /** `slot` among the operator's outputs, `output` among the body's. */
  readonly states: readonly (StateField & { readonly slot: number; readonly output: number })[];
  readonly scans: readonly {
    readonly slot: number;
    readonly output: number;
    readonly axis: number;
    /** Collected from the end of so many. */
    readonly reverse?: Index;
  }[];
}

export interface Iteration {
  readonly more: (trip: Expr) => Expr;
  readonly begin: (scope: Scope, trip: Index) => void;
  readonly end: (scope: Scope) => void;
}

/**
 * Fields of the loop-carried values: inputs of the operator from `firstInput` on, which the body takes from its
 * input `firstOfBody` on.
 */
export function stateFields(
  op: LowerOp,
  graph: Graph,
  firstInput: number,
  firstOfBody: number,
  count = op.inputCount - firstInput,
): readonly StateField[] {
  return Array.from({ length: count }, (_, i) => {
    const value = graph.inputs[firstOfBody + i] ?? op.unsupported('its body takes fewer inputs');
    const { type } = graph.values[value]!;
    if (type.kind !== 'tensor' || type.shape === null) {
      return op.unsupported('the rank of a state is not known');
    }
    for (const dim of type.shape) for (const symbol of symbolsOf(dim)) op.declareSize(dim, symbol);
    const initial = op.input(firstInput + i);
    const element = (): never => {
      throw new Error('a state is memory');
    };
    const shape = op.dims(type.shape);
    const field = op.make({ shape, storage: initial.storage, cost: 'free', element });
    return { initial, field, value };
  });
}

interface RunningState {
  readonly state: LoopPlan['states'][number];
  readonly memory: Buffer;
  /** Sizes that change from one iteration to the next, by axis. */
  readonly sizes: readonly (Mutable | undefined)[];
}

export function iterate(
  op: LowerOp,
  scope: Scope,
  plan: LoopPlan,
  bufferOf: (slot: number) => Buffer | undefined,
  { more, begin, end }: Iteration,
): void {
  const { body, states, scans } = plan;
  for (const { output } of scans) expectFixed(op, body, states, output);
  const running = states.map((state) => startState(op, scope, state, bufferOf(state.slot)));
  const trip = scope.mutable('trip', literal('i64', 0));
  scope.repeat(more(trip.value), (inner) => {
    const few = compare('lt', trip.value, literal('i64', MOST_TRIPS));
    inner.check(few, op.id, `it runs more than ${MOST_TRIPS} times`);
    const at = inner.checkedIndex('iteration', trip.value, constant(MOST_TRIPS), op.id);
    for (const { state, sizes } of running) {
      const { type } = body.graph.values[state.value]!;
      const dims = type.kind === 'tensor' ? (type.shape ?? []) : [];
      dims.forEach((dim, axis) => {
        const size = sizes[axis];
        if (size !== undefined) op.bindSize(inner, dim, size.value);
      });
    }
    begin(inner, at);
    body.emit(inner, () => {
      for (const { slot, output, axis, reverse } of scans) {
        const to = bufferOf(slot);
        if (to === undefined) continue;
        const place =
          reverse === undefined ? at : inner.simplify(subtract(subtract(reverse, 1), at));
        const row = inner.checkedIndex('row', indexValue(place), to.shape[axis]!, op.id);
        copyField(op, inner, body.outputs[output]!, to, (index) => [
          ...index.slice(0, axis),
          row,
          ...index.slice(axis),
        ]);
      }
      const replaced = running.map((state) => nextOf(op, inner, body, state));
      end(inner);
      for (const replace of replaced) replace();
    });
    trip.set(inner, binary('add', trip.value, literal('i64', 1)));
  });
  for (const { slot, axis } of scans) {
    if (op.hasOutput(slot)) op.found(scope, slot, axis, trip.value);
  }
  for (const { state, memory, sizes } of running) {
    const to = bufferOf(state.slot);
    if (to === undefined) continue;
    sizes.forEach((size, axis) => size && op.found(scope, state.slot, axis, size.value));
    if (to === memory) continue;
    const shape = op.outputDims(state.slot);
    copyField(op, scope, { ...op.remembered(state.field, memory), shape }, to);
  }
}

/** Slices of all iterations have one size: one that an iteration finds out may differ from the next. */
function expectFixed(op: LowerOp, body: Body, states: readonly StateField[], output: number): void {
  const found = new Set([...sizesFoundIn(body.graph).values()].flat());
  for (const { value } of states) {
    const { type } = body.graph.values[value]!;
    const dims = type.kind === 'tensor' ? (type.shape ?? []) : [];
    for (const dim of dims) {
      for (const symbol of symbolsOf(dim)) if (op.sizes.innerSize(symbol)) found.add(symbol);
    }
  }
  for (const dim of body.dims(output)) {
    for (const symbol of symbolsOf(dim)) {
      if (found.has(symbol)) op.unsupported('an iteration finds out the size of what is collected');
    }
  }
}

/** Memory that holds the initial value. */
function startState(
  op: LowerOp,
  scope: Scope,
  state: LoopPlan['states'][number],
  out: Buffer | undefined,
): RunningState {
  const { field, initial } = state;
  const extents = op.extents(field.shape);
  const fits = out?.shape.length === extents.length && text(out.shape) === text(extents);
  const memory = out && fits ? out : declare(scope, 'state', field.storage, extents);
  op.adopt(field, memory);
  const sizes = field.shape.map((dim, axis) => {
    const start = initial.shape[axis] ?? op.unsupported('the rank of a state changes');
    if (op.isCounted(dim)) return scope.mutable('n', indexValue(start));
    expectSame(op, scope, start, dim);
    return undefined;
  });
  copyField(op, scope, initial, memory);
  return { state, memory, sizes };
}

/** Emits the next value of a state; the result emits its replacement. */
function nextOf(
  op: LowerOp,
  scope: Scope,
  body: Body,
  { state, memory, sizes }: RunningState,
): () => void {
  const next = body.outputs[state.output]!;
  if (next.shape.length !== state.field.shape.length) op.unsupported('the rank of a state changes');
  if (body.graph.outputs[state.output] === state.value) return () => undefined;
  const settle = (): void => {
    next.shape.forEach((dim, axis) => {
      const size = sizes[axis];
      if (size !== undefined) size.set(scope, indexValue(scope.simplify(dim)));
      else expectSame(op, scope, dim, state.field.shape[axis]!);
    });
  };
  const appended = appendedTo(body, state);
  if (appended !== undefined) {
    // What is there stays as it is: only the end is written.
    let start = state.field.shape[0]!;
    for (const field of appended) {
      const from = start;
      copyField(op, scope, field, memory, ([first, ...rest]) => [add(from, first!), ...rest]);
      start = add(start, field.shape[0]!);
    }
    return settle;
  }
  const copy = declare(scope, 'next', state.field.storage, memory.shape);
  copyField(op, scope, next, copy);
  return () => {
    copyField(op, scope, op.remembered(next, copy), memory);
    settle();
  };
}

/** What a body appends to a state: its next value is Concat(state, ...) along the first axis. */
function appendedTo(
  { graph, fieldOf }: Body,
  { output, value }: LoopPlan['states'][number],
): readonly Field[] | undefined {
  const result = graph.values[graph.outputs[output]!]!;
  const operator = graph.operators[result.producer];
  if (operator?.type !== 'Concat' || operator.domain !== '') return undefined;
  const axis = operator.attributes.get('axis');
  const rank = result.type.kind === 'tensor' ? result.type.shape?.length : undefined;
  if (axis?.kind !== 'int' || (axis.value !== 0 && axis.value !== -(rank ?? 0))) return undefined;
  const [first, ...others] = operator.inputs;
  if (first !== value || others.includes(value)) return undefined;
  return others.map((input) => fieldOf(input));
}

function expectSame(op: LowerOp, scope: Scope, actual: Index, expected: Index): void {
  const [a, b] = [scope.simplify(actual), scope.simplify(expected)];
  if (printIndex(a) === printIndex(b)) return;
  scope.check(compare('eq', indexValue(a), indexValue(b)), op.id, 'the size of a state changes');
}

function text(shape: readonly Index[]): string {
  return shape.map((dim) => printIndex(dim)).join(',');
}
