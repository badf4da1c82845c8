/**
 * If, Loop and Scan (25): their graphs become part of the block's program. States of a loop are memory that every
 * iteration reads and then replaces; a state that only grows at its end is extended in place. Sizes of states
 * are counted along.
 */
import type { Dim } from '../graph/dim.ts';
import { isSymbolic } from '../graph/dim.ts';
import type { Buffer, Expr } from '../loop/expr.ts';
import { binary, compare, indexValue, literal } from '../loop/expr.ts';
import type { Index } from '../loop/indexExpr.ts';
import { subtract, ZERO } from '../loop/indexExpr.ts';
import { axisIn } from '../ops/axes.ts';
import type { Field } from './field.ts';
import type { Iteration, LoopPlan } from './iteration.ts';
import { iterate, stateFields } from './iteration.ts';
import type { Lowering, LowerOp } from './lowerOp.ts';
import type { Body } from './region.ts';
import type { Mutable, Scope } from './scope.ts';
import { copyField } from './copyField.ts';

const i64 = (value: number): Expr => literal('i64', value);

/** Both branches of If, or the one that a constant condition takes. */
const ifOperator: Lowering = (op) => {
  const known = op.numbers(0)?.[0];
  if (known !== undefined) {
    const body = op.body(known !== 0 ? 'then_branch' : 'else_branch');
    body.inline();
    return body.outputs;
  }
  const condition = op.input(0);
  const branches = [op.body('then_branch'), op.body('else_branch')] as const;
  const slots = presentSlots(op);
  const fields = op.procedure(shapesOf(op, slots), (scope, buffers) => {
    const sizes = slots.map((slot) => counters(op, scope, slot, branches));
    const emit = (body: Body) => (branch: Scope) =>
      body.emit(branch, () => {
        slots.forEach((slot, i) => {
          const field = body.outputs[slot] ?? op.unsupported(`output ${slot} of a branch`);
          copyField(op, branch, field, buffers[i]!);
          settle(op, branch, sizes[i]!, field.shape);
        });
      });
    const isTrue = scope.at(
      condition,
      condition.shape.map(() => ZERO),
    );
    scope.either(isTrue, emit(branches[0]), emit(branches[1]));
    slots.forEach((slot, i) => bindSizes(op, scope, slot, sizes[i]!));
  });
  return bySlot(op, slots, fields);
};

/** A size of an output that differs between paths: counted while running. */
interface AxisCounter {
  readonly axis: number;
  readonly dim: Dim;
  readonly counter: Mutable;
}

/** Counters of the axes of an output whose size is not the same on every path. */
function counters(
  op: LowerOp,
  scope: Scope,
  slot: number,
  bodies: readonly Body[],
): readonly AxisCounter[] {
  const dims = op.outputShape(slot) ?? op.unsupported('the rank of a tensor is not known');
  return dims.flatMap((dim, axis) => {
    const agreed = bodies.every((body) => keyOf(body.dims(slot)[axis]) === keyOf(dim));
    if (agreed && !isSymbolic(dim)) return [];
    return [{ axis, dim, counter: scope.mutable('n', i64(0)) }];
  });
}

function keyOf(dim: Dim | undefined): string {
  return isSymbolic(dim) ? dim.key : String(dim);
}

function settle(
  op: LowerOp,
  scope: Scope,
  sizes: readonly AxisCounter[],
  shape: readonly Index[],
): void {
  for (const { axis, counter } of sizes) {
    counter.set(scope, indexValue(shape[axis] ?? op.unsupported('ranks differ')));
  }
}

function bindSizes(op: LowerOp, scope: Scope, slot: number, sizes: readonly AxisCounter[]): void {
  for (const { axis, counter } of sizes) op.found(scope, slot, axis, counter.value);
}

function presentSlots(op: LowerOp): readonly number[] {
  return Array.from({ length: op.outputCount }, (_, slot) => slot).filter((slot) =>
    op.hasOutput(slot),
  );
}

function shapesOf(op: LowerOp, slots: readonly number[]) {
  return slots.map((slot) => ({ shape: op.outputDims(slot), storage: op.outputStorage(slot) }));
}

function bySlot(op: LowerOp, slots: readonly number[], fields: readonly Field[]) {
  return Array.from({ length: op.outputCount }, (_, slot) => fields[slots.indexOf(slot)]);
}

/** Runs a plan as a procedure that fills the outputs which are there. */
function looping(op: LowerOp, plan: LoopPlan, control: (scope: Scope) => Iteration) {
  const slots = presentSlots(op);
  const fields = op.procedure(shapesOf(op, slots), (scope, buffers) => {
    const bufferOf = (slot: number): Buffer | undefined => buffers[slots.indexOf(slot)];
    iterate(op, scope, plan, bufferOf, control(scope));
  });
  return bySlot(op, slots, fields);
}

const scalarOf = (scope: Scope, field: Field): Expr =>
  scope.at(
    field,
    field.shape.map(() => ZERO),
  );

/** Trip count and condition, both optional; the body is told the iteration and gives the next condition. */
const loop: Lowering = (op) => {
  const graph = op.subgraph('body') ?? op.unsupported('its body is missing');
  const [limit, condition] = [op.optional(0), op.optional(1)];
  const states = stateFields(op, graph, 2, 2);
  const now: { at?: Index } = {};
  const inputs = [
    op.make({
      shape: [],
      storage: 'i64',
      cost: 'free',
      element: () => indexValue(now.at!),
    }),
    // The body runs only where the condition holds.
    op.make({ shape: [], storage: 'bool', cost: 'free', element: () => literal('bool', 1) }),
    ...states.map(({ field }) => field),
  ];
  const body = op.body('body', inputs);
  const scanCount = graph.outputs.length - 1 - states.length;
  const plan: LoopPlan = {
    body,
    states: states.map((state, i) => ({ ...state, slot: i, output: 1 + i })),
    scans: Array.from({ length: Math.max(scanCount, 0) }, (_, i) => ({
      slot: states.length + i,
      output: 1 + states.length + i,
      axis: 0,
    })),
  };
  return looping(op, plan, (scope) => {
    const keep = scope.mutable('keep', condition ? scalarOf(scope, condition) : literal('bool', 1));
    const most = limit && scope.bind('limit', scalarOf(scope, limit));
    return {
      more: (trip) =>
        most === undefined ? keep.value : binary('and', keep.value, compare('lt', trip, most)),
      begin: (_, at) => {
        now.at = at;
      },
      end: (inner) => keep.set(inner, scalarOf(inner, body.outputs[0]!)),
    };
  });
};

/** Sequences are cut into slices, one for each step. Scan 8 has a batch axis in front and is not supported. */
const scan: Lowering = (op) => {
  if (op.opset < 9) op.unsupported('the form of opset 8');
  const graph = op.subgraph('body') ?? op.unsupported('its body is missing');
  const scanCount = op.int('num_scan_inputs', 1);
  const stateCount = op.inputCount - scanCount;
  const states = stateFields(op, graph, 0, 0, stateCount);
  const [axes, directions] = [op.ints('scan_input_axes'), op.ints('scan_input_directions')];
  const sequences = Array.from({ length: scanCount }, (_, i) => {
    const field = op.input(stateCount + i);
    const axis = axisIn(axes?.[i] ?? 0, field.shape.length) ?? op.unsupported('its axes');
    return { field, axis, reverse: directions?.[i] === 1 };
  });
  const steps = sequences[0] ? sequences[0].field.shape[sequences[0].axis]! : ZERO;
  const now: { at?: Index } = {};
  const slices = sequences.map(({ field, axis, reverse }) =>
    op.make({
      shape: field.shape.filter((_, place) => place !== axis),
      storage: field.storage,
      cost: 'free',
      element: (inner, index) => {
        const at = reverse ? subtract(subtract(steps, 1), now.at!) : now.at!;
        return inner.at(field, [...index.slice(0, axis), at, ...index.slice(axis)]);
      },
    }),
  );
  const body = op.body('body', [...states.map(({ field }) => field), ...slices]);
  const [outAxes, outDirections] = [op.ints('scan_output_axes'), op.ints('scan_output_directions')];
  const plan: LoopPlan = {
    body,
    states: states.map((state, i) => ({ ...state, slot: i, output: i })),
    scans: graph.outputs.slice(stateCount).map((_, i) => {
      const slot = stateCount + i;
      const rank = body.outputs[slot]!.shape.length + 1;
      const axis = axisIn(outAxes?.[i] ?? 0, rank) ?? op.unsupported('its axes');
      return { slot, output: slot, axis, ...(outDirections?.[i] === 1 && { reverse: steps }) };
    }),
  };
  return looping(op, plan, (scope) => {
    for (const { field, axis } of sequences) {
      const same = compare('eq', indexValue(field.shape[axis]!), indexValue(steps));
      scope.check(same, op.id, 'its sequences differ in length');
    }
    return {
      more: (trip) => compare('lt', trip, indexValue(steps)),
      begin: (inner, at) => {
        now.at = inner.checkedIndex('step', indexValue(at), steps, op.id);
      },
      end: () => undefined,
    };
  });
};

export const LOWERINGS: Readonly<Record<string, Lowering>> = {
  If: ifOperator,
  Loop: loop,
  Scan: scan,
};
